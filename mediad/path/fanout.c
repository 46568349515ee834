#include "mediad/path/fanout.h"

#include "mediad/path/egress.h"
#include "mediad/path/room.h"
#include "mediad/path/worker.h"
#include "mediad/sfu/consumer.h"
#include "mediad/sfu/producer.h"

void fanout_add(struct worker *w, struct producer *p, struct media *kept,
		uint64_t now_us)
{
	struct fanout *fo = &w->fanout;

	if (!p->n_consumers)
		return;
	if (fo->n == RX_BATCH)
		fanout_run(w, now_us);
	kept->flags |= MEDIA_DUE;
	fo->producer[fo->n] = p;
	fo->kept[fo->n] = kept;
	fo->m[fo->n] = *kept;
	pkt_ref(kept->pkt);
	fo->n++;
}

static void to_consumer(struct worker *w, struct consumer *c,
			const struct media *const m[], uint32_t n,
			uint64_t now_us)
{
	struct fwd f;

	for (uint32_t i = 0; i < n; i++)
		if (fwd_accept(c, m[i], now_us, &f) == FWD_SEND)
			egress_fwd(w, c->transport, &f, now_us);
}

/* All of a batch that came from the producer of item `first`. */
static void to_consumers(struct worker *w, uint32_t first, uint64_t now_us)
{
	struct fanout *fo = &w->fanout;
	struct producer *p = fo->producer[first];
	const struct media *m[RX_BATCH];
	uint32_t n = 0;

	blackbox_for(w->box, room_of(p->transport));
	for (uint32_t i = first; i < fo->n; i++) {
		if (fo->producer[i] != p)
			continue;
		fo->producer[i] = NULL;
		m[n++] = &fo->m[i];
	}
	for (uint32_t i = 0; i < p->n_consumers; i++)
		to_consumer(w, p->consumers[i], m, n, now_us);
}

void fanout_run(struct worker *w, uint64_t now_us)
{
	struct fanout *fo = &w->fanout;

	for (uint32_t i = 0; i < fo->n; i++)
		if (fo->producer[i])
			to_consumers(w, i, now_us);
	for (uint32_t i = 0; i < fo->n; i++) {
		/* Its place in the store may have gone to another packet. */
		if (fo->kept[i]->pkt == fo->m[i].pkt)
			fo->kept[i]->flags &= (uint16_t)~MEDIA_DUE;
		pkt_put(fo->m[i].pkt);
	}
	fo->n = 0;
}
