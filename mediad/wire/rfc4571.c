#include "mediad/wire/rfc4571.h"

#include <string.h>

void rfc4571_init(struct rfc4571 *f)
{
	f->have = 0;
	f->skip = 0;
	f->oversized = 0;
}

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Keeps bytes until there are `want` of them. Returns how many it took. */
static size_t keep(struct rfc4571 *f, const uint8_t *data, size_t len,
		   size_t want)
{
	size_t n = min(len, want - f->have);

	memcpy(f->buf + f->have, data, n);
	f->have += (uint32_t)n;
	return n;
}

static size_t skip(struct rfc4571 *f, size_t len)
{
	size_t n = min(len, f->skip);

	f->skip -= (uint32_t)n;
	return n;
}

static size_t length(const uint8_t hdr[RFC4571_HDR])
{
	return (size_t)hdr[0] << 8 | hdr[1];
}

size_t rfc4571_feed(struct rfc4571 *f, const uint8_t *data, size_t len,
		    const uint8_t **frame, size_t *frame_len)
{
	size_t took = 0;
	size_t want;

	*frame = NULL;
	*frame_len = 0;
	if (f->skip)
		return skip(f, len);
	/* A whole frame in one piece, the usual case: borrow it. */
	if (!f->have && len >= RFC4571_HDR) {
		want = length(data);
		if (want <= RFC4571_FRAME_MAX && RFC4571_HDR + want <= len) {
			*frame = want ? data + RFC4571_HDR : NULL;
			*frame_len = want;
			return RFC4571_HDR + want;
		}
	}
	if (f->have < RFC4571_HDR)
		took = keep(f, data, len, RFC4571_HDR);
	if (f->have < RFC4571_HDR)
		return took;
	want = length(f->buf);
	if (want > RFC4571_FRAME_MAX) {
		f->oversized++;
		f->have = 0;
		f->skip = (uint32_t)want;
		return took + skip(f, len - took);
	}
	took += keep(f, data + took, len - took, RFC4571_HDR + want);
	if (f->have < RFC4571_HDR + want)
		return took;
	*frame = want ? f->buf + RFC4571_HDR : NULL;
	*frame_len = want;
	f->have = 0;
	return took;
}
