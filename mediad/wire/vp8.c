#include "mediad/wire/vp8.h"

#include <errno.h>
#include <string.h>

#include "common/rd.h"
#include "mediad/wire/picid.h"

/* RFC 7741 section 4.2, the optional octets. */
static void extended(struct vp8 *d, struct rd *r, const uint8_t *start)
{
	uint8_t x = rd_u8(r);

	if (x & 0x80) {
		d->has_pid = true;
		d->pid_off = (uint8_t)(r->p - start);
		d->pid = picid_read(r, &d->pid15);
	}
	if (x & 0x40) {
		d->has_tl0 = true;
		d->tl0_off = (uint8_t)(r->p - start);
		d->tl0 = rd_u8(r);
	}
	d->has_tid = x >> 5 & 1;
	d->has_keyidx = x >> 4 & 1;
	if (x & 0x30) {
		uint8_t b = rd_u8(r);

		if (d->has_tid) {
			d->tid = b >> 6;
			d->sync = b >> 5 & 1;
		}
		d->keyidx = b & 31;
	}
}

/* RFC 6386 section 9.1: frame tag, start code and both sizes. */
static void key_frame(struct vp8 *d, struct rd r)
{
	const uint8_t *p;

	p = rd_bytes(&r, 1);
	if (!p || *p & 1)
		return;
	d->key = true;
	rd_skip(&r, 2);
	p = rd_bytes(&r, 7);
	if (!p || p[0] != 0x9d || p[1] != 0x01 || p[2] != 0x2a)
		return;
	d->width = (uint16_t)((p[4] << 8 | p[3]) & 0x3fff);
	d->height = (uint16_t)((p[6] << 8 | p[5]) & 0x3fff);
}

int vp8_parse(struct vp8 *d, const uint8_t *payload, size_t len)
{
	struct rd r = rd_of(payload, len);
	uint8_t b = rd_u8(&r);

	memset(d, 0, sizeof(*d));
	d->non_ref = b >> 5 & 1;
	d->start = (b & 0x17) == 0x10;
	if (b & 0x80)
		extended(d, &r, payload);
	if (r.bad)
		return -EBADMSG;
	d->desc_len = (uint8_t)(r.p - payload);
	if (d->start)
		key_frame(d, r);
	return 0;
}
