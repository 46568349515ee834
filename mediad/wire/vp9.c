#include "mediad/wire/vp9.h"

#include <errno.h>
#include <string.h>

#include "common/rd.h"
#include "mediad/wire/picid.h"

static void layers(struct vp9 *d, struct rd *r, const uint8_t *start)
{
	uint8_t b = rd_u8(r);

	d->tid = b >> 5;
	d->switch_up = b >> 4 & 1;
	d->sid = b >> 1 & 7;
	d->inter_layer = b & 1;
	if (!d->flexible) {
		d->tl0_off = (uint8_t)(r->p - start);
		d->tl0 = rd_u8(r);
	}
}

/* At most three references (RFC 9628 section 4.2). */
static void references(struct vp9 *d, struct rd *r)
{
	uint8_t b;

	do {
		b = rd_u8(r);
		if (d->n_pdiff == VP9_PDIFF_MAX) {
			r->bad = true;
			return;
		}
		d->pdiff[d->n_pdiff++] = b >> 1;
	} while (b & 1 && !r->bad);
}

/* RFC 9628 section 4.2.1; the picture group is passed over. */
static void structure(struct vp9 *d, struct rd *r)
{
	uint8_t b = rd_u8(r);

	d->n_spatial = (b >> 5) + 1;
	if (b & 0x10) {
		for (int i = 0; i < d->n_spatial; i++) {
			d->width[i] = rd_u16(r);
			d->height[i] = rd_u16(r);
		}
	}
	if (b & 0x08) {
		unsigned n = rd_u8(r);

		while (n-- && !r->bad)
			rd_skip(r, rd_u8(r) >> 2 & 3);
	}
}

int vp9_parse(struct vp9 *d, const uint8_t *payload, size_t len)
{
	struct rd r = rd_of(payload, len);
	uint8_t b = rd_u8(&r);

	memset(d, 0, sizeof(*d));
	d->inter = b >> 6 & 1;
	d->has_layer = b >> 5 & 1;
	d->flexible = b >> 4 & 1;
	d->start = b >> 3 & 1;
	d->end = b >> 2 & 1;
	d->has_ss = b >> 1 & 1;
	d->not_ref = b & 1;
	if (b & 0x80) {
		d->has_pid = true;
		d->pid_off = (uint8_t)(r.p - payload);
		d->pid = picid_read(&r, &d->pid15);
	}
	if (d->has_layer)
		layers(d, &r, payload);
	if (d->flexible && d->inter)
		references(d, &r);
	if (d->has_ss)
		structure(d, &r);
	/* A structure may be long, yet offsets are kept in a byte. */
	if (r.bad || r.p - payload > UINT8_MAX)
		return -EBADMSG;
	d->desc_len = (uint8_t)(r.p - payload);
	d->key = d->start && !d->inter && d->sid == 0;
	return 0;
}
