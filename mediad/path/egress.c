#include "mediad/path/egress.h"

#include "mediad/bwe/bwe.h"
#include "mediad/path/link.h"
#include "mediad/path/worker.h"
#include "mediad/sfu/rewrite.h"
#include "mediad/sfu/transport.h"

#define LATENCY_EACH 8 /* one slot in so many is measured */

/* A turn may be long: the estimate goes by when a packet really left. */
static void left(const struct link *l, uint16_t twcc, uint64_t sent_us)
{
	if (l && l->t->bwe)
		bwe_on_left(l->t->bwe, twcc, sent_us);
}

void egress_flush(struct worker *w)
{
	struct txq *q = &w->txq;

	if (!q->n_slots || q->flushed)
		return;
	txq_flush(q);
	for (uint32_t i = 0; i < q->n_slots; i++) {
		const struct txq_slot *s = &q->slots[i];

		if (s->mark && s->sent_us)
			left(s->owner, (uint16_t)(s->mark - 1), s->sent_us);
		/* The tag of media is its kernel receive stamp. */
		if (i % LATENCY_EACH == 0 && s->tag && s->sent_us > s->tag)
			hist_recent_add(&w->forward, s->sent_us - s->tag,
					s->sent_us);
	}
	w->n_strays = 0;
}

static struct txq_slot *slot(struct worker *w)
{
	struct txq_slot *s = txq_slot(&w->txq);

	if (s)
		return s;
	egress_flush(w);
	return txq_slot(&w->txq);
}

static void commit(struct link *l, struct txq_slot *s, size_t len, uint64_t tag)
{
	s->owner = l;
	txq_commit(&l->w->txq, s, &l->out->dst, len, tag);
	l->packets_out++;
	l->bytes_out += len;
	l->w->stats.packets_out++;
	l->w->stats.bytes_out += len;
}

/* Is there a path, are there keys, and may the path get that much? */
static bool may_send(struct link *l, size_t len)
{
	if (l->out && l->srtp &&
	    (icelite_proven(&l->ice) || icelite_may_send(&l->ice, len)))
		return true;
	worker_drop(l->w, DROP_SEND_PATH);
	return false;
}

void egress_fwd(struct worker *w, struct transport *t, const struct fwd *f,
		uint64_t now_us)
{
	struct link *l = link_of(t);
	struct txq_slot *s;
	struct rewrite rw;
	uint16_t twcc;
	size_t hdr;
	int len;

	if (!may_send(l, TXQ_BUF))
		return;
	s = slot(w);
	if (!s)
		return;
	hdr = rewrite_begin(&rw, f, t, s->buf, now_us);
	len = f->flags & FWD_AGAIN
		      ? srtp_seal_rtp_again(l->srtp, s->buf, TXQ_BUF, hdr,
					    rw.payload, rw.len)
		      : srtp_seal_rtp(l->srtp, s->buf, TXQ_BUF, hdr, rw.payload,
				      rw.len);
	rewrite_end(&rw);
	if (len < 0) {
		worker_drop(w, DROP_SEND_SEAL);
		return;
	}
	recorder_rtp(w->recorder, now_us, t->id, RECORDER_RTP_OUT, s->buf,
		     (size_t)len);
	commit(l, s, (size_t)len, f->media ? f->media->pkt->recv_us : 0);
	w->stats.rtp_out++;
	twcc = t->bwe ? bwe_next_seq(t->bwe) : 0;
	transport_sent(t, f, (uint32_t)len, now_us);
	if (t->bwe && bwe_next_seq(t->bwe) != twcc)
		s->mark = twcc + 1u;
}

void egress_rtcp(struct link *l, const uint8_t *data, size_t len)
{
	struct txq_slot *s;
	int n;

	if (!may_send(l, len + SRTP_TRAILER))
		return;
	s = slot(l->w);
	if (!s)
		return;
	recorder_rtcp(l->w->recorder, l->w->txq.now_us, l->t->id,
		      RECORDER_RTCP_OUT, data, len);
	n = srtp_seal_rtcp(l->srtp, s->buf, TXQ_BUF, data, len);
	if (n < 0)
		worker_drop(l->w, DROP_SEND_SEAL);
	else
		commit(l, s, (size_t)n, 0);
}

void egress_datagram(struct link *l, const uint8_t *data, size_t len)
{
	if (!l->out ||
	    (!icelite_proven(&l->ice) && !icelite_may_send(&l->ice, len))) {
		worker_drop(l->w, DROP_SEND_PATH);
		return;
	}
	l->packets_out++;
	l->bytes_out += len;
	egress_raw(l->w, &l->out->dst, data, len);
}

void egress_raw(struct worker *w, struct txq_dst *dst, const uint8_t *data,
		size_t len)
{
	if (w->txq.n_slots == w->txq.cap)
		egress_flush(w);
	txq_send(&w->txq, dst, data, len);
	w->stats.packets_out++;
	w->stats.bytes_out += len;
}

void egress_stray(struct worker *w, const struct tuple *to, uint32_t conn,
		  const uint8_t *data, size_t len)
{
	struct txq_dst *dst;

	if (w->n_strays == WORKER_STRAYS)
		egress_flush(w);
	dst = &w->strays[w->n_strays++];
	txq_dst_init(&w->txq, dst, &to->local, &to->remote, conn);
	egress_raw(w, dst, data, len);
}
