#include "mediad/wire/h264.h"

#include <errno.h>
#include <string.h>

#include "common/rd.h"

enum nal {
	NAL_SLICE = 1,
	NAL_IDR = 5,
	NAL_SPS = 7,
	NAL_PPS = 8,
	NAL_PREFIX = 14,
	NAL_SVC = 20,
	NAL_STAP_A = 24,
	NAL_STAP_B = 25,
	NAL_MTAP16 = 26,
	NAL_MTAP24 = 27,
	NAL_FU_A = 28,
	NAL_FU_B = 29,
};

/* A unit of this type is in the packet; `begins`: from its first byte. */
static void saw(struct h264 *d, uint8_t type, bool begins, uint8_t nri)
{
	if (type >= NAL_SLICE && type <= NAL_IDR) {
		d->non_ref = nri == 0 && (!d->has_slice || d->non_ref);
		d->has_slice = true;
	}
	d->idr = d->idr || type == NAL_IDR;
	d->sps = d->sps || type == NAL_SPS;
	d->pps = d->pps || type == NAL_PPS;
	d->key = d->key || (begins && (type == NAL_IDR || type == NAL_SPS));
	d->start = d->start || begins;
}

/* The three bytes behind the header of types 14 and 20 (H.264 G.7.3.1.1). */
static void svc_header(struct h264 *d, struct rd r)
{
	uint32_t ext = rd_u24(&r);

	if (r.bad || !(ext >> 23)) /* svc_extension_flag */
		return;
	d->has_tid = true;
	d->tid = ext >> 5 & 7;
}

/* r stands at the unit's header. */
static void unit(struct h264 *d, struct rd r)
{
	uint8_t b = rd_u8(&r);
	uint8_t type = b & 31;

	saw(d, type, true, b >> 5 & 3);
	d->end = true;
	if (type == NAL_PREFIX || type == NAL_SVC)
		svc_header(d, r);
}

static int aggregate(struct h264 *d, struct rd *r)
{
	bool first = true;

	while (rd_left(r)) {
		struct rd u = rd_sub(r, rd_u16(r));

		if (r->bad || !rd_left(&u))
			return -EBADMSG;
		if (first)
			d->nal_type = *u.p & 31;
		first = false;
		unit(d, u);
	}
	return first ? -EBADMSG : 0;
}

static int fragment(struct h264 *d, struct rd *r, uint8_t nri)
{
	uint8_t b = rd_u8(r);

	if (r->bad)
		return -EBADMSG;
	d->nal_type = b & 31;
	saw(d, d->nal_type, b >> 7, nri);
	d->end = b >> 6 & 1;
	return 0;
}

int h264_parse(struct h264 *d, const uint8_t *payload, size_t len)
{
	struct rd r = rd_of(payload, len);
	struct rd whole = r;
	uint8_t b = rd_u8(&r);

	memset(d, 0, sizeof(*d));
	if (r.bad || b & 0x80)
		return -EBADMSG;
	d->nal_type = b & 31;
	switch (d->nal_type) {
	case NAL_STAP_A:
		return aggregate(d, &r);
	case NAL_FU_A:
		return fragment(d, &r, b >> 5 & 3);
	case NAL_STAP_B:
	case NAL_MTAP16:
	case NAL_MTAP24:
	case NAL_FU_B:
		return 0;
	default:
		unit(d, whole);
		return 0;
	}
}
