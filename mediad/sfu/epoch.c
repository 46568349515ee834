#include "mediad/sfu/epoch.h"

#include "mediad/sfu/consumer.h"
#include "mediad/sfu/producer.h"

/* Time stamps may be this far from what the clock says, else start anew. */
#define TS_OFF_S 3

static struct stream *stream_of(const struct consumer *c, unsigned i)
{
	return &c->producer->streams[i];
}

/* The time stamp that `now` has if time went on evenly. */
static uint32_t even_ts(const struct consumer *c, uint64_t now_us)
{
	uint64_t d = now_us - c->out_us;

	return c->out_ts + (uint32_t)(d * c->send.clock_rate / 1000000);
}

/* The same capture time on the old stream's clock, by sender reports. */
static bool aligned_ts(const struct consumer *c, const struct epoch *old,
		       const struct media *m, uint32_t *ts)
{
	uint64_t wall;

	if (old->stream == m->stream)
		*ts = m->ts;
	else if (!recv_ts_to_wall(&stream_of(c, m->stream)->recv, m->ts,
				  &wall) ||
		 !recv_wall_to_ts(&stream_of(c, old->stream)->recv, wall, ts))
		return false;
	*ts += old->ts_delta;
	return true;
}

static uint32_t next_ts(const struct consumer *c, const struct epoch *old,
			const struct media *m, uint64_t now_us)
{
	uint32_t even = even_ts(c, now_us);
	uint32_t step = c->send.clock_rate / 30;
	uint32_t ts;
	int32_t off;

	if (!aligned_ts(c, old, m, &ts))
		ts = even;
	off = seq_ts_diff(ts, even);
	if (off > (int32_t)c->send.clock_rate * TS_OFF_S ||
	    off < -(int32_t)c->send.clock_rate * TS_OFF_S)
		ts = even;
	/* Time never stands still nor goes back for the receiver. */
	if (seq_ts_diff(ts, c->out_ts) <= 0)
		ts = c->out_ts + (c->video ? step : 1);
	return ts;
}

/*
 * The frame before was left open: a number that is never used lets the
 * receiver see that. It is answered with padding when asked for.
 */
static void leave_gap(struct consumer *c)
{
	struct rtxmap_entry *e = rtxmap_push(&c->map);

	e->stream = RTXMAP_NO_STREAM;
	e->flags = RTXMAP_READY | RTXMAP_EMPTY | RTXMAP_SENT;
}

void epoch_start(struct consumer *c, const struct media *m, uint64_t now_us)
{
	const struct epoch *old = &c->epochs[c->epoch];
	struct epoch e = {.stream = m->stream, .set = true};

	if (old->set) {
		e.ts_delta = next_ts(c, old, m, now_us) - m->ts;
		if (m->flags & MEDIA_PID)
			c->pid_delta = (uint16_t)(m->pid - (c->out_pid + 1));
		e.tl0_delta = (uint8_t)(c->out_tl0 + 1 - m->tl0);
		if (c->frame_open && c->video)
			leave_gap(c);
	} else {
		e.ts_delta = c->out_ts - m->ts;
	}
	e.first_out = (uint16_t)(c->map.head + 1);
	e.last_out = c->map.head;
	e.first_in = m->seq;
	e.last_in = (uint16_t)(m->seq - 1);
	c->epoch = (uint8_t)((c->epoch + 1) % EPOCH_MAX);
	c->epochs[c->epoch] = e;
}

void epoch_advance(struct epoch *e, uint16_t last_out)
{
	e->last_out = last_out;
	if ((uint16_t)(last_out + 1 - e->first_out) > EPOCH_REACH)
		e->first_out = (uint16_t)(last_out + 1 - EPOCH_REACH);
	if ((uint16_t)(e->last_in + 1 - e->first_in) > EPOCH_REACH)
		e->first_in = (uint16_t)(e->last_in + 1 - EPOCH_REACH);
}

const struct epoch *epoch_of(const struct consumer *c, uint16_t out)
{
	for (unsigned i = 0; i < EPOCH_MAX; i++) {
		const struct epoch *e =
			&c->epochs[(c->epoch + EPOCH_MAX - i) % EPOCH_MAX];

		if (e->set && !seq_newer(e->first_out, out) &&
		    !seq_newer(out, e->last_out))
			return e;
	}
	return NULL;
}

/*
 * Received numbers ascend along the ring. Where nothing was left out the
 * place is `back` from the end, else behind that.
 */
struct rtxmap_entry *epoch_find(const struct consumer *c, const struct epoch *e,
				uint16_t in, uint16_t *out)
{
	uint16_t back = (uint16_t)(e->last_in - in);
	uint16_t run = (uint16_t)(e->last_out - e->first_out);
	uint16_t at;

	if (seq_newer(e->first_out, e->last_out))
		return NULL;
	at = (uint16_t)(e->last_out - (back < run ? back : run));
	for (; !seq_newer(at, e->last_out); at++) {
		struct rtxmap_entry *x = rtxmap_get(&c->map, at);

		if (!x || x->in_seq == in) {
			*out = at;
			return x;
		}
		if (seq_newer(x->in_seq, in))
			return NULL;
	}
	return NULL;
}
