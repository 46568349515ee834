#include "tests/lib/heap.h"

#include <stdatomic.h>
#include <stdlib.h>

static atomic_uint_fast64_t calls;

uint64_t heap_calls(void)
{
	return atomic_load_explicit(&calls, memory_order_relaxed);
}

static void count(void)
{
	atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

/* The sanitizers have a heap of their own, and a way to watch it. */
int __sanitizer_install_malloc_and_free_hooks(
	void (*on_malloc)(const volatile void *p, size_t n),
	void (*on_free)(const volatile void *p));

static void on_malloc(const volatile void *p, size_t n)
{
	(void)p;
	(void)n;
	count();
}

static void on_free(const volatile void *p)
{
	(void)p;
}

__attribute__((constructor)) static void install(void)
{
	__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
}

#else

/* glibc's own, under the names it keeps for those who stand in front. */
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);

void *malloc(size_t n)
{
	count();
	return __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
	count();
	return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
	count();
	return __libc_realloc(p, n);
}

#endif
