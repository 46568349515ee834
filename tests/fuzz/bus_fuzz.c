/*
 * What a worker that has gone wrong may say: a list of messages, each two
 * bytes of length behind a byte that tells what it claims to be. signald has
 * a call with one producer and one consumer, whose ids are in the corpus.
 */
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/rd.h"
#include "common/str.h"
#include "signald/media/cons.h"
#include "signald/media/mirror.h"
#include "signald/media/notice.h"
#include "tests/fuzz/fuzz.h"

#define ROOM 0x1111
#define ANN  0x2222
#define BOB  0x3333

static struct chan *chan(void)
{
	static struct chan *c;
	struct chan_conf conf = {
		.role = CHAN_SERVER, .path = "/nonexistent/bus", .boot_id = 1};

	if (!c)
		FUZZ_CHECK(!chan_new(&c, &conf, 1));
	return c;
}

static void fill(struct media *m)
{
	struct call *call = graph_add_call(&m->graph, ROOM);
	struct seat *ann = graph_add_seat(&m->graph, call, ANN, "ann");
	struct seat *bob = graph_add_seat(&m->graph, call, BOB, "bob");
	struct transport *a = graph_add_transport(&m->graph, ann, 0x4444);
	struct transport *b = graph_add_transport(&m->graph, bob, 0x5555);
	struct producer *p = graph_add_producer(&m->graph, a, 0x6666);
	struct consumer *c = graph_add_consumer(&m->graph, b, p, 0x7777);

	FUZZ_CHECK(graph_add_part(call, 0, 0x8888) != NULL);
	ann->worker = bob->worker = 0;
	a->state = b->state = TRANSPORT_LIVE;
	p->state = PRODUCER_LIVE;
	p->app_data = strdup("{}");
	c->state = CONSUMER_ACCEPTED;
	m->workers.w[0].chan = chan();
	m->workers.w[0].state = WORKER_UP;
}

static void drain(struct media *m)
{
	while (m->out_at < m->out_n) {
		const struct media_out *o = &m->outs[m->out_at++];

		FUZZ_CHECK(o->kind <= MEDIA_BWE);
		if (o->kind == MEDIA_PRODUCER_SCORE)
			FUZZ_CHECK(o->scores.n <= RTP_ENCODINGS_MAX);
		if (o->kind == MEDIA_VOLUMES)
			FUZZ_CHECK(o->volumes.n <= MEDIA_VOLUMES_MAX);
	}
}

static void inventory(struct media *m, struct worker *w,
		      const struct chan_msg *msg)
{
	const Media__Dump *page =
		chan_unpack(w->chan, &media__dump__descriptor, msg);

	mirror_begin(m, w->index);
	mirror_on_page(m, w, page);
	while (mirror_step(m))
		drain(m);
}

static void one(struct media *m, uint8_t what, const struct chan_msg *msg)
{
	struct worker *w = &m->workers.w[0];
	struct media_out r = {.kind = MEDIA_REPLY};

	if (what == 'd') {
		inventory(m, w, msg);
	} else if (what == 'c') {
		r.reply.msg = chan_unpack(
			w->chan, &media__consumer_info__descriptor, msg);
		r.reply.error = r.reply.msg ? 0 : -1;
		cons_on_created(m, 0x7777, &r);
	} else {
		notice_take(m, w, msg);
	}
	drain(m);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	/* What goes wrong is warned of. */
	log_set_level(LOG_ERROR);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct media_conf conf = {
		.transports = 4, .producers = 8, .consumers = 500};
	struct media *m = media_new(NULL, &conf);
	struct rd r = rd_of(data, len);

	fill(m);
	while (rd_left(&r) > 3) {
		uint8_t what = rd_u8(&r);
		size_t n = rd_u16(&r);
		struct chan_msg msg = {.kind = CHAN_NOTIFY, .reason = ""};

		if (n > rd_left(&r))
			n = rd_left(&r);
		msg.method = what;
		msg.body_len = n;
		msg.body = rd_bytes(&r, n);
		one(m, what, &msg);
	}
	m->workers.w[0].chan = NULL;
	media_free(m);
	return 0;
}
