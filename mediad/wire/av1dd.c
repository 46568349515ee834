#include "mediad/wire/av1dd.h"

#include <errno.h>
#include <string.h>

#include "common/rd.h"

#define OBU_SEQUENCE_HEADER 1
#define SHORT_LEN	    3

/* A cursor of bits with a sticky error, most significant bit first. */
struct bits {
	const uint8_t *p;
	size_t n, at; /* in bits */
	bool bad;
};

static uint32_t bit(struct bits *b)
{
	uint32_t v;

	if (b->at >= b->n) {
		b->bad = true;
		return 0;
	}
	v = b->p[b->at / 8] >> (7 - b->at % 8) & 1;
	b->at++;
	return v;
}

static uint32_t bits(struct bits *b, unsigned n)
{
	uint32_t v = 0;

	while (n--)
		v = v << 1 | bit(b);
	return v;
}

/* ns(n): a number below n in as few bits as possible (A.8.2). */
static uint32_t non_symmetric(struct bits *b, uint32_t n)
{
	unsigned w = 0;
	uint32_t m, v;

	for (uint32_t x = n; x; x >>= 1)
		w++;
	m = (1u << w) - n;
	v = bits(b, w - 1);
	if (v < m)
		return v;
	return (v << 1) - m + bit(b);
}

static void template_layers(struct bits *b, struct av1dd_structure *s)
{
	uint8_t sid = 0, tid = 0;
	uint32_t idc;

	do {
		struct av1dd_template *t = &s->tmpl[s->n_templates];

		if (s->n_templates == AV1DD_TEMPLATES || tid > 7 ||
		    sid >= AV1DD_SPATIAL) {
			b->bad = true;
			return;
		}
		s->n_templates++;
		t->sid = sid;
		t->tid = tid;
		s->max_sid = sid;
		s->max_tid = tid > s->max_tid ? tid : s->max_tid;
		idc = bits(b, 2);
		if (idc == 1) {
			tid++;
		} else if (idc == 2) {
			tid = 0;
			sid++;
		}
	} while (idc != 3 && !b->bad);
}

static void template_dtis(struct bits *b, struct av1dd_structure *s)
{
	for (int i = 0; i < s->n_templates && !b->bad; i++)
		for (int t = 0; t < s->n_targets; t++)
			s->tmpl[i].dti[t] = (uint8_t)bits(b, 2);
}

static void template_fdiffs(struct bits *b, struct av1dd_structure *s)
{
	for (int i = 0; i < s->n_templates && !b->bad; i++) {
		struct av1dd_template *t = &s->tmpl[i];

		while (bit(b)) {
			if (t->n_fdiffs == AV1DD_FDIFFS) {
				b->bad = true;
				return;
			}
			t->fdiff[t->n_fdiffs++] = (uint8_t)(bits(b, 4) + 1);
		}
	}
}

static void template_chains(struct bits *b, struct av1dd_structure *s)
{
	s->n_chains = (uint8_t)non_symmetric(b, s->n_targets + 1u);
	if (!s->n_chains || b->bad)
		return;
	for (int t = 0; t < s->n_targets; t++)
		s->target_chain[t] = (uint8_t)non_symmetric(b, s->n_chains);
	for (int i = 0; i < s->n_templates && !b->bad; i++)
		for (int c = 0; c < s->n_chains; c++)
			s->tmpl[i].chain_fdiff[c] = (uint8_t)bits(b, 4);
}

/* The highest layers among the frames that belong to a target. */
static void target_layers(struct av1dd_structure *s)
{
	for (int t = 0; t < s->n_targets; t++) {
		for (int i = 0; i < s->n_templates; i++) {
			const struct av1dd_template *m = &s->tmpl[i];

			if (m->dti[t] == AV1DD_NOT_PRESENT)
				continue;
			if (m->sid > s->target_sid[t])
				s->target_sid[t] = m->sid;
			if (m->tid > s->target_tid[t])
				s->target_tid[t] = m->tid;
		}
	}
}

static void structure(struct bits *b, struct av1dd_structure *s)
{
	memset(s, 0, sizeof(*s));
	s->id_offset = (uint8_t)bits(b, 6);
	s->n_targets = (uint8_t)(bits(b, 5) + 1);
	template_layers(b, s);
	template_dtis(b, s);
	template_fdiffs(b, s);
	template_chains(b, s);
	target_layers(s);
	s->has_sizes = bit(b);
	if (s->has_sizes) {
		for (int i = 0; i <= s->max_sid; i++) {
			uint32_t w = bits(b, 16);
			uint32_t h = bits(b, 16);

			/* 65536 would not fit: it is nobody's picture. */
			s->width[i] = (uint16_t)(w < UINT16_MAX ? w + 1 : w);
			s->height[i] = (uint16_t)(h < UINT16_MAX ? h + 1 : h);
		}
	}
	s->valid = !b->bad;
}

static uint32_t all_targets(const struct av1dd_structure *s)
{
	return UINT32_MAX >> (32 - s->n_targets);
}

struct custom {
	bool dtis, fdiffs, chains;
};

static void frame_fdiffs(struct bits *b, struct av1dd *d)
{
	uint32_t size;

	d->n_fdiffs = 0;
	while ((size = bits(b, 2))) {
		if (d->n_fdiffs == AV1DD_FDIFFS) {
			b->bad = true;
			return;
		}
		d->fdiff[d->n_fdiffs++] = (uint16_t)(bits(b, 4 * size) + 1);
	}
}

/* What the template says, and what the frame says otherwise (A.8.3). */
static void definition(struct bits *b, struct av1dd *d,
		       const struct av1dd_structure *s, struct custom c)
{
	unsigned i = (d->template_id + 64u - s->id_offset) % 64;
	const struct av1dd_template *t = &s->tmpl[i];

	if (i >= s->n_templates) {
		b->bad = true;
		return;
	}
	d->sid = t->sid;
	d->tid = t->tid;
	for (int k = 0; k < s->n_targets; k++)
		d->dti[k] = c.dtis ? (uint8_t)bits(b, 2) : t->dti[k];
	d->n_fdiffs = t->n_fdiffs;
	for (int k = 0; k < t->n_fdiffs; k++)
		d->fdiff[k] = t->fdiff[k];
	if (c.fdiffs)
		frame_fdiffs(b, d);
	for (int k = 0; k < s->n_chains; k++)
		d->chain_fdiff[k] =
			c.chains ? (uint8_t)bits(b, 8) : t->chain_fdiff[k];
}

/* `next` is room for a structure that may come to nothing. */
static int extended(struct av1dd *d, struct av1dd_structure *s, struct bits *b,
		    struct av1dd_structure *next)
{
	struct custom c = {0};

	d->has_structure = bit(b);
	d->has_active = bit(b);
	c.dtis = bit(b);
	c.fdiffs = bit(b);
	c.chains = bit(b);
	if (d->has_structure) {
		structure(b, next);
		if (b->bad)
			return -EBADMSG;
	} else if (!s->valid) {
		return -ENOENT;
	}
	if (!d->has_structure)
		next = s;
	d->active_targets =
		d->has_active ? bits(b, next->n_targets) : all_targets(next);
	definition(b, d, next, c);
	if (b->bad)
		return -EBADMSG;
	if (d->has_structure)
		*s = *next;
	return 0;
}

int av1dd_parse(struct av1dd *d, struct av1dd_structure *s, const uint8_t *p,
		size_t len)
{
	struct av1dd_structure next;
	struct bits b = {.p = p, .n = len * 8};

	memset(d, 0, sizeof(*d));
	d->start = bit(&b);
	d->end = bit(&b);
	d->template_id = (uint8_t)bits(&b, 6);
	d->frame = (uint16_t)bits(&b, 16);
	if (b.bad)
		return -EBADMSG;
	d->short_form = len == SHORT_LEN;
	if (!d->short_form)
		return extended(d, s, &b, &next);
	if (!s->valid)
		return -ENOENT;
	d->active_targets = all_targets(s);
	definition(&b, d, s, (struct custom){0});
	return b.bad ? -EBADMSG : 0;
}

/* leb128 of at most 8 bytes (AV1 section 4.10.5). */
static uint64_t leb128(struct rd *r)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < 8; i++) {
		uint8_t b = rd_u8(r);

		v |= (uint64_t)(b & 0x7f) << (7 * i);
		if (!(b & 0x80))
			return v;
	}
	r->bad = true;
	return 0;
}

int av1dd_payload(struct av1dd_payload *a, const uint8_t *payload, size_t len)
{
	struct rd r = rd_of(payload, len);
	uint8_t b = rd_u8(&r);
	uint64_t first;

	memset(a, 0, sizeof(*a));
	a->continues = b >> 7;
	a->continued = b >> 6 & 1;
	a->obu_count = b >> 4 & 3;
	a->new_sequence = b >> 3 & 1;
	a->key = a->new_sequence;
	first = a->obu_count == 1 ? rd_left(&r) : leb128(&r);
	if (r.bad || first > rd_left(&r))
		return -EBADMSG;
	if (!a->continues && first)
		a->key = a->key || (*r.p >> 3 & 15) == OBU_SEQUENCE_HEADER;
	return 0;
}
