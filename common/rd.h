/*
 * rd: a read cursor over borrowed bytes with a sticky error.
 *
 * Every read past the end sets `bad` and yields 0 (or NULL); the caller
 * checks `bad` once after a group of reads. Integers are big-endian, as on
 * the wire. A cursor owns nothing.
 *
 *	struct rd r = rd_of(buf, len);
 *	h->pt = rd_u8(&r);
 *	h->seq = rd_u16(&r);
 *	if (r.bad)
 *		return -EBADMSG;
 */
#ifndef COMMON_RD_H
#define COMMON_RD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct rd {
	const uint8_t *p;   /* next byte */
	const uint8_t *end; /* one past the last */
	bool bad;	    /* sticky: some read did not fit */
};

static inline struct rd rd_of(const void *buf, size_t len)
{
	const uint8_t *p = buf;

	return (struct rd){.p = p, .end = p + len, .bad = false};
}

static inline size_t rd_left(const struct rd *r)
{
	return (size_t)(r->end - r->p);
}

/* The next n bytes, borrowed, and moves past them; NULL when too few. */
static inline const uint8_t *rd_bytes(struct rd *r, size_t n)
{
	const uint8_t *p = r->p;

	if (r->bad || n > rd_left(r)) {
		r->bad = true;
		return NULL;
	}
	r->p += n;
	return p;
}

static inline void rd_skip(struct rd *r, size_t n)
{
	(void)rd_bytes(r, n);
}

static inline uint8_t rd_u8(struct rd *r)
{
	const uint8_t *p = rd_bytes(r, 1);

	return p ? p[0] : 0;
}

static inline uint16_t rd_u16(struct rd *r)
{
	const uint8_t *p = rd_bytes(r, 2);

	return p ? (uint16_t)(p[0] << 8 | p[1]) : 0;
}

static inline uint32_t rd_u24(struct rd *r)
{
	const uint8_t *p = rd_bytes(r, 3);

	return p ? (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2] : 0;
}

static inline uint32_t rd_u32(struct rd *r)
{
	const uint8_t *p = rd_bytes(r, 4);

	return p ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
			       (uint32_t)p[2] << 8 | p[3]
		 : 0;
}

static inline uint64_t rd_u64(struct rd *r)
{
	uint64_t hi = rd_u32(r);
	uint64_t lo = rd_u32(r);

	return hi << 32 | lo;
}

/* Copies n bytes out; on a short read dst is zeroed. */
static inline void rd_copy(struct rd *r, void *dst, size_t n)
{
	const uint8_t *p = rd_bytes(r, n);

	if (p)
		memcpy(dst, p, n);
	else
		memset(dst, 0, n);
}

/* A cursor over the next n bytes, and moves past them. */
static inline struct rd rd_sub(struct rd *r, size_t n)
{
	const uint8_t *p = rd_bytes(r, n);
	struct rd s = {.p = p, .end = p ? p + n : p, .bad = !p};

	return s;
}

#endif
