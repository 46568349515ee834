/* Rings of records between two who do not trust each other. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/sys/shm.h"
#include "mediad/io/shmring.h"
#include "tests/lib/bytes.h"
#include "tests/lib/test.h"

#define CAP   (64u << 10)
#define BYTES (CAP + 4096)

/* Both ends of one ring, and its memory as the other side may write it. */
struct ends {
	struct shmring w, r;
	uint8_t *mem;
};

static void ends_open(struct ends *e)
{
	size_t bytes;
	int fd = shm_make("test", BYTES);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(shmring_open(&e->w, fd), 0);
	ck_assert_int_eq(shmring_open(&e->r, fd), 0);
	e->mem = shm_map(fd, &bytes);
	ck_assert_ptr_nonnull(e->mem);
	ck_assert_uint_eq(bytes, BYTES);
	close(fd);
}

static void ends_close(struct ends *e)
{
	shmring_close(&e->w);
	shmring_close(&e->r);
	shm_unmap(e->mem, BYTES);
}

/* The indexes: one a cache line, the writer's first. */
static uint32_t *head_of(struct ends *e)
{
	return (uint32_t *)(void *)e->mem;
}

static uint32_t *tail_of(struct ends *e)
{
	return (uint32_t *)(void *)(e->mem + 64);
}

static void put(struct ends *e, uint32_t n, const void *body, size_t len)
{
	ck_assert(shmring_put(&e->w, &n, sizeof(n), body, len));
}

static ssize_t get(struct ends *e, uint32_t *n, uint8_t *buf, size_t cap)
{
	return shmring_get(&e->r, n, sizeof(*n), buf, cap);
}

TEST(shmring_keeps_records_and_their_order)
{
	uint8_t out[1500], in[1500];
	struct rand rnd = {.state = 7};
	struct ends e;
	uint32_t n;

	ends_open(&e);
	for (uint32_t i = 0; i < 5000; i++) {
		size_t len = rand_below(&rnd, sizeof(out));

		memset(out, (int)i, len);
		put(&e, i, out, len);
		ck_assert_int_eq(get(&e, &n, in, sizeof(in)), -EAGAIN);
		shmring_publish(&e.w);
		ck_assert_int_eq(get(&e, &n, in, sizeof(in)), len);
		ck_assert_uint_eq(n, i);
		ck_assert_mem_eq(in, out, len);
		shmring_done(&e.r);
	}
	ck_assert_uint_eq(e.r.records, 5000);
	ck_assert(!e.r.broken && !e.w.broken);
	ends_close(&e);
}

TEST(shmring_full_refuses_and_counts)
{
	uint8_t body[1000] = {0};
	struct ends e;
	uint32_t n = 0, m;

	ends_open(&e);
	while (shmring_put(&e.w, &n, sizeof(n), body, sizeof(body)))
		n++;
	ck_assert_uint_eq(n, CAP / 1016);
	ck_assert_uint_eq(e.w.full, 1);
	shmring_publish(&e.w);
	ck_assert_int_eq(get(&e, &m, body, sizeof(body)), sizeof(body));
	/* Room is given back by shmring_done(). */
	ck_assert(!shmring_put(&e.w, &n, sizeof(n), body, sizeof(body)));
	shmring_done(&e.r);
	ck_assert(shmring_put(&e.w, &n, sizeof(n), body, sizeof(body)));
	ends_close(&e);
}

TEST(shmring_wakes_a_sleeper_once)
{
	struct ends e;
	uint8_t buf[8];
	uint32_t n;

	ends_open(&e);
	put(&e, 1, NULL, 0);
	ck_assert(!shmring_publish(&e.w));
	ck_assert(!shmring_sleep(&e.r)); /* there is something */
	ck_assert_int_eq(get(&e, &n, buf, sizeof(buf)), 0);
	ck_assert(shmring_sleep(&e.r));
	ck_assert(!shmring_publish(&e.w)); /* nothing new */
	put(&e, 2, NULL, 0);
	ck_assert(shmring_publish(&e.w));
	put(&e, 3, NULL, 0);
	ck_assert(!shmring_publish(&e.w));
	ends_close(&e);
}

/* More bytes than there are, or a length that leads over them. */
TEST(shmring_reader_believes_nothing)
{
	static const uint64_t lengths[] = {
		0, 3, 1505, 1u << 16, 1ull << 32, (1ull << 32) + 8, UINT64_MAX};
	uint8_t buf[1500];
	struct ends e;
	uint32_t n;

	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		ends_open(&e);
		put(&e, 1, buf, 100);
		shmring_publish(&e.w);
		memcpy(e.mem + 4096, &lengths[i], 8);
		ck_assert_int_eq(get(&e, &n, buf, sizeof(buf)), -EBADMSG);
		ck_assert(e.r.broken);
		ck_assert_int_eq(get(&e, &n, buf, sizeof(buf)), -EBADMSG);
		ends_close(&e);
	}
	ends_open(&e);
	*head_of(&e) = CAP + 8;
	ck_assert_int_eq(get(&e, &n, buf, sizeof(buf)), -EBADMSG);
	ends_close(&e);
	ends_open(&e);
	*head_of(&e) = 4; /* not even a length */
	ck_assert_int_eq(get(&e, &n, buf, sizeof(buf)), -EBADMSG);
	ends_close(&e);
	/* Longer than the caller's buffer. */
	ends_open(&e);
	put(&e, 1, buf, 200);
	shmring_publish(&e.w);
	ck_assert_int_eq(get(&e, &n, buf, 199), -EBADMSG);
	ends_close(&e);
}

/* A reader that claims to have read what was not written yet. */
TEST(shmring_writer_believes_nothing)
{
	uint8_t body[1000] = {0};
	struct ends e;
	uint32_t n = 0;

	ends_open(&e);
	*tail_of(&e) = 5 * CAP;
	while (shmring_put(&e.w, &n, sizeof(n), body, sizeof(body)))
		ck_assert_uint_lt(++n, CAP);
	ck_assert(e.w.broken);
	ck_assert(!shmring_put(&e.w, &n, sizeof(n), NULL, 0));
	ends_close(&e);
}

TEST(shmring_takes_only_memory_that_cannot_shrink)
{
	int soft = memfd_create("soft", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int odd = shm_make("odd", BYTES + 8);
	int small = shm_make("small", 8192);
	struct shmring r;

	ck_assert_int_eq(ftruncate(soft, BYTES), 0);
	ck_assert_int_eq(shmring_open(&r, soft), -EINVAL);
	ck_assert_int_eq(shmring_open(&r, odd), -EINVAL);
	ck_assert_int_eq(shmring_open(&r, small), -EINVAL);
	ck_assert_int_eq(shmring_open(&r, -1), -EINVAL);
	/* Nor can it be made to, later. */
	ck_assert_int_ne(ftruncate(odd, 4096), 0);
	close(soft);
	close(odd);
	close(small);
}

#define MANY 200000u

static void writer(int mem, int event)
{
	static const uint64_t one = 1;
	struct shmring r;
	uint8_t body[256];

	if (shmring_open(&r, mem))
		_exit(1);
	for (uint32_t i = 0; i < MANY;) {
		memset(body, (int)i, sizeof(body));
		if (shmring_put(&r, &i, sizeof(i), body, i % sizeof(body)))
			i++;
		if (i % 7 && i < MANY)
			continue;
		if (shmring_publish(&r) && write(event, &one, 8) != 8)
			_exit(2);
	}
	_exit(0);
}

/* Nothing is lost and nobody sleeps for ever. */
TEST_SLOW(shmring_between_two_processes, 60)
{
	int mem = shm_make("test", BYTES);
	struct pollfd p = {.fd = eventfd(0, EFD_NONBLOCK), .events = POLLIN};
	uint8_t buf[256];
	struct shmring r;
	uint32_t n, next = 0;
	int status;
	pid_t pid = fork();

	if (pid == 0)
		writer(mem, p.fd);
	ck_assert_int_eq(shmring_open(&r, mem), 0);
	while (next < MANY) {
		ssize_t len = shmring_get(&r, &n, sizeof(n), buf, sizeof(buf));

		if (len >= 0) {
			ck_assert_uint_eq(n, next);
			ck_assert_int_eq(len, n % sizeof(buf));
			ck_assert(!len || buf[len - 1] == (uint8_t)n);
			next++;
			continue;
		}
		ck_assert_int_eq(len, -EAGAIN);
		shmring_done(&r);
		if (!shmring_sleep(&r))
			continue;
		ck_assert_int_eq(poll(&p, 1, 20000), 1);
		ck_assert_int_eq(read(p.fd, buf, 8), 8);
	}
	waitpid(pid, &status, 0);
	ck_assert_int_eq(status, 0);
	shmring_close(&r);
	close(mem);
	close(p.fd);
}
