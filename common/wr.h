/*
 * wr: a write cursor over a caller's buffer with a sticky error.
 *
 * A write that does not fit sets `bad` and writes nothing; the caller checks
 * once at the end. Integers go out big-endian.
 *
 *	struct wr w = wr_of(buf, cap);
 *	wr_u16(&w, type);
 *	wr_bytes(&w, val, len);
 *	if (w.bad)
 *		return -ENOBUFS;
 *	return wr_len(&w);
 */
#ifndef COMMON_WR_H
#define COMMON_WR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct wr {
	uint8_t *base; /* start of the buffer */
	uint8_t *p;    /* next byte to write */
	uint8_t *end;  /* one past the last */
	bool bad;      /* sticky: some write did not fit */
};

static inline struct wr wr_of(void *buf, size_t cap)
{
	uint8_t *p = buf;

	return (struct wr){.base = p, .p = p, .end = p + cap, .bad = false};
}

static inline size_t wr_len(const struct wr *w)
{
	return (size_t)(w->p - w->base);
}

/* Reserves n bytes for the caller to fill; NULL when they do not fit. */
static inline uint8_t *wr_take(struct wr *w, size_t n)
{
	uint8_t *p = w->p;

	if (w->bad || n > (size_t)(w->end - w->p)) {
		w->bad = true;
		return NULL;
	}
	w->p += n;
	return p;
}

static inline void wr_u8(struct wr *w, uint8_t v)
{
	uint8_t *p = wr_take(w, 1);

	if (p)
		p[0] = v;
}

static inline void wr_u16(struct wr *w, uint16_t v)
{
	uint8_t *p = wr_take(w, 2);

	if (p) {
		p[0] = (uint8_t)(v >> 8);
		p[1] = (uint8_t)v;
	}
}

static inline void wr_u24(struct wr *w, uint32_t v)
{
	uint8_t *p = wr_take(w, 3);

	if (p) {
		p[0] = (uint8_t)(v >> 16);
		p[1] = (uint8_t)(v >> 8);
		p[2] = (uint8_t)v;
	}
}

static inline void wr_u32(struct wr *w, uint32_t v)
{
	uint8_t *p = wr_take(w, 4);

	if (p) {
		p[0] = (uint8_t)(v >> 24);
		p[1] = (uint8_t)(v >> 16);
		p[2] = (uint8_t)(v >> 8);
		p[3] = (uint8_t)v;
	}
}

static inline void wr_u64(struct wr *w, uint64_t v)
{
	wr_u32(w, (uint32_t)(v >> 32));
	wr_u32(w, (uint32_t)v);
}

static inline void wr_bytes(struct wr *w, const void *src, size_t n)
{
	uint8_t *p = wr_take(w, n);

	if (p && n)
		memcpy(p, src, n);
}

static inline void wr_zero(struct wr *w, size_t n)
{
	uint8_t *p = wr_take(w, n);

	if (p && n)
		memset(p, 0, n);
}

#endif
