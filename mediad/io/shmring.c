#include "mediad/io/shmring.h"

#include <errno.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <string.h>

#include "common/sys/shm.h"

#define PAGE	4096
#define CAP_MIN (64u << 10)
#define CAP_MAX (256u << 20)
#define ALIGN	8

/* The first page. Indexes count bytes and wrap at 2^32. */
struct shmring_ctl {
	alignas(64) _Atomic uint32_t head; /* the writer's */
	alignas(64) _Atomic uint32_t tail; /* the reader's */
	alignas(64) _Atomic uint32_t asleep;
};

int shmring_open(struct shmring *r, int fd)
{
	size_t bytes = 0;
	uint8_t *p = shm_map(fd, &bytes);
	size_t cap = bytes - PAGE;

	memset(r, 0, sizeof(*r));
	if (!p)
		return -EINVAL;
	/* A power of two: indexes wrap at 2^32. */
	if (bytes < PAGE + CAP_MIN || cap > CAP_MAX || cap & (cap - 1)) {
		shm_unmap(p, bytes);
		return -EINVAL;
	}
	r->ctl = (struct shmring_ctl *)(void *)p;
	r->data = p + PAGE;
	r->cap = (uint32_t)cap;
	return 0;
}

void shmring_close(struct shmring *r)
{
	shm_unmap(r->ctl, PAGE + (size_t)r->cap);
	memset(r, 0, sizeof(*r));
}

/* ---- bytes, around the end ---------------------------------------------- */

static void copy_in(struct shmring *r, uint32_t at, const void *src, size_t n)
{
	uint32_t pos = at & (r->cap - 1);
	size_t first = r->cap - pos < n ? r->cap - pos : n;

	memcpy(r->data + pos, src, first);
	memcpy(r->data, (const uint8_t *)src + first, n - first);
}

static void copy_out(const struct shmring *r, uint32_t at, void *dst, size_t n)
{
	uint32_t pos = at & (r->cap - 1);
	size_t first = r->cap - pos < n ? r->cap - pos : n;

	memcpy(dst, r->data + pos, first);
	memcpy((uint8_t *)dst + first, r->data, n - first);
}

static uint32_t padded(size_t n)
{
	return (uint32_t)((n + ALIGN - 1) & ~(size_t)(ALIGN - 1));
}

/* ---- the writer --------------------------------------------------------- */

static bool has_room(struct shmring *r, uint32_t n)
{
	if (r->cap - (r->at - r->seen) >= n)
		return true;
	r->seen = atomic_load_explicit(&r->ctl->tail, memory_order_acquire);
	if (r->at - r->seen > r->cap) {
		r->broken = true;
		return false;
	}
	return r->cap - (r->at - r->seen) >= n;
}

bool shmring_put(struct shmring *r, const void *head, size_t head_len,
		 const void *body, size_t len)
{
	uint64_t size = head_len + len;
	uint32_t n = ALIGN + padded(size);

	if (r->broken || !has_room(r, n)) {
		r->full++;
		return false;
	}
	copy_in(r, r->at, &size, ALIGN);
	copy_in(r, r->at + ALIGN, head, head_len);
	if (len)
		copy_in(r, r->at + ALIGN + (uint32_t)head_len, body, len);
	r->at += n;
	r->records++;
	return true;
}

bool shmring_publish(struct shmring *r)
{
	if (r->told == r->at)
		return false;
	r->told = r->at;
	/* Not before its bytes, and before the look at `asleep`. */
	atomic_store(&r->ctl->head, r->at);
	return atomic_load(&r->ctl->asleep) &&
	       atomic_exchange(&r->ctl->asleep, 0);
}

/* ---- the reader --------------------------------------------------------- */

static ssize_t broken(struct shmring *r)
{
	r->broken = true;
	return -EBADMSG;
}

/* Bytes that are there; more than cap cannot be. */
static uint32_t look(struct shmring *r)
{
	if (r->seen == r->at)
		r->seen = atomic_load_explicit(&r->ctl->head,
					       memory_order_acquire);
	return r->seen - r->at;
}

ssize_t shmring_get(struct shmring *r, void *head, size_t head_len, void *buf,
		    size_t cap)
{
	uint32_t there = r->broken ? 0 : look(r);
	uint64_t size;

	if (r->broken || there > r->cap)
		return broken(r);
	if (!there)
		return -EAGAIN;
	if (there < ALIGN)
		return broken(r);
	copy_out(r, r->at, &size, ALIGN);
	if (size < head_len || size - head_len > cap ||
	    padded(size) > there - ALIGN)
		return broken(r);
	copy_out(r, r->at + ALIGN, head, head_len);
	copy_out(r, r->at + ALIGN + (uint32_t)head_len, buf, size - head_len);
	r->at += ALIGN + padded(size);
	r->records++;
	return (ssize_t)(size - head_len);
}

void shmring_done(struct shmring *r)
{
	atomic_store_explicit(&r->ctl->tail, r->at, memory_order_release);
}

bool shmring_sleep(struct shmring *r)
{
	if (r->broken)
		return true;
	atomic_store(&r->ctl->asleep, 1);
	if (atomic_load(&r->ctl->head) == r->at)
		return true;
	atomic_store(&r->ctl->asleep, 0);
	return false;
}
