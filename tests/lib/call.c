#include "tests/lib/call.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/sys/rng.h"
#include "mediad/control/notify.h"
#include "tests/lib/heap.h"
#include "tests/lib/sysno.h"
#include "tests/lib/vclock.h"
#include "tests/lib/vrand.h"

#define POOL  4096
#define SLOTS 1024
#define START (1000 * SECOND)

/* Ids on the publisher's wire, all different from the router's. */
static const struct peer_exts up_exts = {.mid = 9,
					 .rid = 10,
					 .rrid = 11,
					 .abs_send_time = 2,
					 .twcc = 3,
					 .audio_level = 13,
					 .dd = 12};
/* The router's own. */
static const struct peer_exts down_exts = {
	.mid = 1, .abs_send_time = 4, .twcc = 5, .audio_level = 6};

enum { UP_OPUS = 111, UP_VP8 = 96, UP_RTX = 97 };
enum { DOWN_OPUS = 100, DOWN_VP8 = 101, DOWN_RTX = 102 };

/* ---- requests ----------------------------------------------------------- */

int call_try(struct call *c, Media__Method method, const ProtobufCMessage *msg)
{
	size_t len = protobuf_c_message_get_packed_size(msg);
	uint8_t *buf = malloc(len + 1);
	int err;

	protobuf_c_message_pack(msg, buf);
	err = control_call(&c->k, method, buf, len, c->now_us);
	free(buf);
	return err;
}

void call_ask(struct call *c, Media__Method method, const ProtobufCMessage *msg)
{
	int err = call_try(c, method, msg);

	if (err)
		fprintf(stderr, "method %d: %d %s\n", (int)method, err,
			c->k.reason ? c->k.reason : "");
	assert(!err);
}

void call_ask_id(struct call *c, Media__Method method, uint64_t id)
{
	Media__ObjectId m = MEDIA__OBJECT_ID__INIT;

	m.id = id;
	call_ask(c, method, &m.base);
}

void *call_answer(struct call *c, const ProtobufCMessageDescriptor *d)
{
	void *m;

	arena_reset(&c->k.arena);
	m = protobuf_c_message_unpack(d, &c->k.arena.pb, c->k.out_len,
				      c->k.out);
	assert(m);
	return m;
}

/* ---- life --------------------------------------------------------------- */

struct call *call_new_with(uint64_t seed, const char *srtp_backend)
{
	struct call *c = calloc(1, sizeof(*c));
	struct worker_conf conf = {.srtp_backend = srtp_backend,
				   .pool = POOL,
				   .slots = SLOTS,
				   .consent_us = 30 * SECOND,
				   .udp_fd = -1,
				   .udp_port = 40000,
				   .n_announce = 1};
	Media__CreateRouter m = MEDIA__CREATE_ROUTER__INIT;

	assert(c);
	vrand_seed(seed);
	assert(!(rng_setup()));
	c->now_us = START;
	vclock_set(c->now_us);
	addr_parse(&c->server, "10.255.0.1", conf.udp_port);
	conf.announce[0] = c->server;
	assert(!(pkt_pool_init(&c->pool, POOL)));
	assert(!(worker_init(&c->w, &conf, &c->pool, c->now_us)));
	assert(!(control_init(&c->k, &c->w)));
	c->net = simnet_new(seed);
	c->next_id = 1000;
	c->first_peer = 1;
	c->next_ssrc = 100000000;
	c->router_id = c->next_id++;
	m.id = c->router_id;
	call_ask(c, MEDIA__METHOD__CREATE_ROUTER, &m.base);
	return c;
}

void call_free(struct call *c)
{
	for (uint32_t i = 0; i < c->n_sides; i++) {
		peer_free(c->sides[i]->peer);
		free(c->sides[i]);
	}
	for (struct cam *cam = c->cams, *next; cam; cam = next) {
		next = cam->next;
		free(cam->packed);
		free(cam);
	}
	for (struct view *v = c->views, *next; v; v = next) {
		next = v->next;
		free(v);
	}
	simnet_free(c->net);
	control_fini(&c->k);
	worker_fini(&c->w);
	/* Whatever the call did, every packet came back to the pool. */
	assert(c->pool.used == 0);
	pkt_pool_fini(&c->pool);
	free(c);
}

struct call *call_new(uint64_t seed)
{
	return call_new_with(seed, NULL);
}

static void connect_transport(struct side *s)
{
	Media__ConnectTransport m = MEDIA__CONNECT_TRANSPORT__INIT;
	Media__Fingerprint f = MEDIA__FINGERPRINT__INIT;
	Media__Fingerprint *list = &f;
	char alg[] = "sha-256", val[PEER_FPRINT_STRLEN];

	snprintf(val, sizeof(val), "%s", peer_fingerprint(s->peer));
	f.algorithm = alg;
	f.value = val;
	m.id = s->id;
	m.role = MEDIA__DTLS_ROLE__DTLS_CLIENT;
	m.n_fingerprints = 1;
	m.fingerprints = &list;
	call_ask(s->c, MEDIA__METHOD__CONNECT_TRANSPORT, &m.base);
}

static void peer_make(struct side *s)
{
	Media__TransportInfo *info =
		call_answer(s->c, &media__transport_info__descriptor);
	struct peer_conf conf = {.seed = s->c->next_id,
				 .n_remote = 1,
				 .ufrag = info->ice->username_fragment,
				 .pwd = info->ice->password};
	char host[32];

	assert(info->n_candidates == 1);
	assert(info->candidates[0]->port == s->c->server.port);
	for (size_t i = 0; i < info->n_fingerprints; i++)
		if (!strcmp(info->fingerprints[i]->algorithm, "sha-256"))
			conf.remote_fingerprint = info->fingerprints[i]->value;
	assert(conf.remote_fingerprint);
	snprintf(host, sizeof(host), "10.0.%u.1", s->index);
	addr_parse(&conf.local, host, 5000);
	conf.remote[0] = s->c->server;
	s->peer = peer_new(&conf);
	assert(s->peer);
}

static struct side *join(struct call *c, const struct simnet_conf *conf,
			 uint32_t conn)
{
	static const struct simnet_conf usual = {.delay_us = 10000};
	Media__CreateTransport m = MEDIA__CREATE_TRANSPORT__INIT;
	struct side *s = calloc(1, sizeof(*s));

	assert(c->n_sides < CALL_SIDES);
	s->c = c;
	s->index = c->n_sides;
	s->conn = conn;
	s->id = c->next_id++;
	s->up = simnet_link(c->net, conf ? conf : &usual);
	s->down = simnet_link(c->net, conf ? conf : &usual);
	m.id = s->id;
	m.router_id = c->router_id;
	m.peer_id = c->first_peer + s->index;
	call_ask(c, MEDIA__METHOD__CREATE_TRANSPORT, &m.base);
	peer_make(s);
	connect_transport(s);
	c->sides[c->n_sides++] = s;
	peer_start(s->peer, c->now_us);
	return s;
}

struct side *call_join(struct call *c, const struct simnet_conf *conf)
{
	return join(c, conf, 0);
}

struct side *call_join_tcp(struct call *c)
{
	return join(c, NULL, 100 + c->n_sides);
}

void call_leave(struct side *s)
{
	call_ask_id(s->c, MEDIA__METHOD__CLOSE_TRANSPORT, s->id);
}

void call_net(struct side *s, const struct simnet_conf *up,
	      const struct simnet_conf *down)
{
	if (up)
		simnet_set(s->c->net, s->up, up);
	if (down)
		simnet_set(s->c->net, s->down, down);
}

/* ---- publishing --------------------------------------------------------- */

/* A request for RTP parameters, all parts in one place. */
struct params {
	Media__RtpParameters rtp;
	Media__RtpCodec codec, *codecs[1];
	Media__RtcpFeedback fb;
	Media__RtpHeaderExtension ext[8], *exts[8];
	Media__RtpEncoding enc[3], *encs[3];
	char mid[12], cname[16], rid[3][4];
};

static void add_ext(struct params *p, uint32_t type, uint8_t id)
{
	size_t n = p->rtp.n_extensions;

	if (!id)
		return;
	media__rtp_header_extension__init(&p->ext[n]);
	p->ext[n].type = type;
	p->ext[n].id = id;
	p->exts[n] = &p->ext[n];
	p->rtp.n_extensions++;
}

static void params(struct params *p, bool video, const struct peer_exts *x,
		   const char *mid)
{
	media__rtp_parameters__init(&p->rtp);
	media__rtp_codec__init(&p->codec);
	media__rtcp_feedback__init(&p->fb);
	snprintf(p->mid, sizeof(p->mid), "%s", mid);
	strcpy(p->cname, "cname");
	p->rtp.mid = p->mid;
	p->rtp.cname = p->cname;
	p->fb.has_nack = p->fb.nack = 1;
	p->fb.has_transport_cc = p->fb.transport_cc = 1;
	p->fb.has_pli = p->fb.pli = video;
	p->fb.has_fir = p->fb.fir = video;
	p->codec.codec = video ? MEDIA__CODEC__VP8 : MEDIA__CODEC__OPUS;
	p->codec.clock_rate = video ? 90000 : 48000;
	p->codec.feedback = &p->fb;
	p->codecs[0] = &p->codec;
	p->rtp.codecs = p->codecs;
	p->rtp.n_codecs = 1;
	p->rtp.extensions = p->exts;
	p->rtp.encodings = p->encs;
	add_ext(p, 1, x->mid);
	add_ext(p, 4, x->abs_send_time);
	if (video) {
		add_ext(p, 2, x->rid);
		add_ext(p, 3, x->rrid);
	} else {
		add_ext(p, 6, x->audio_level);
	}
	add_ext(p, 5, x->twcc);
}

static void codec(struct params *p, uint32_t pt, uint32_t rtx, uint32_t mapped,
		  uint32_t mapped_rtx)
{
	p->codec.payload_type = pt;
	p->codec.has_rtx_payload_type = rtx > 0;
	p->codec.rtx_payload_type = rtx;
	p->codec.has_mapped_payload_type = 1;
	p->codec.mapped_payload_type = mapped;
	p->codec.has_mapped_rtx_payload_type = mapped_rtx > 0;
	p->codec.mapped_rtx_payload_type = mapped_rtx;
}

static Media__Codec codec_of(enum peer_kind kind)
{
	static const Media__Codec codecs[] = {
		[PEER_OPUS] = MEDIA__CODEC__OPUS,
		[PEER_VP8] = MEDIA__CODEC__VP8,
		[PEER_H264] = MEDIA__CODEC__H264,
		[PEER_VP9] = MEDIA__CODEC__VP9,
		[PEER_AV1] = MEDIA__CODEC__AV1,
	};

	return codecs[kind];
}

static Media__RtpEncoding *encoding(struct params *p)
{
	size_t n = p->rtp.n_encodings++;

	media__rtp_encoding__init(&p->enc[n]);
	p->encs[n] = &p->enc[n];
	return &p->enc[n];
}

static struct cam *publish(struct call *c, struct side *s, struct params *p,
			   struct peer_send_conf *conf, Media__StreamType type)
{
	Media__Produce m = MEDIA__PRODUCE__INIT;
	struct cam *cam = calloc(1, sizeof(*cam));

	cam->next = c->cams;
	c->cams = cam;
	cam->side = s;
	cam->wanted = 99;
	cam->id = c->next_id++;
	cam->kind = conf->kind;
	cam->video = conf->kind != PEER_OPUS;
	m.id = cam->id;
	m.transport_id = s->id;
	m.kind = cam->video ? MEDIA__MEDIA_KIND__VIDEO
			    : MEDIA__MEDIA_KIND__AUDIO;
	m.type = type;
	m.rtp = &p->rtp;
	call_ask(c, MEDIA__METHOD__PRODUCE, &m.base);
	cam->packed_len = media__produce__get_packed_size(&m);
	cam->packed = malloc(cam->packed_len);
	media__produce__pack(&m, cam->packed);
	conf->mid = p->mid;
	conf->exts = up_exts;
	cam->send = peer_send_new(s->peer, conf, c->now_us);
	assert(cam->send);
	return cam;
}

static void next_mid(struct side *s, char mid[12])
{
	snprintf(mid, 12, "%u", s->mids++);
}

struct cam *call_camera(struct call *c, struct side *s)
{
	static const uint32_t rate[] = {150000, 500000, 1500000};
	static const char *const rids[] = {"r0", "r1", "r2"};
	struct peer_send_conf conf = {.kind = PEER_VP8,
				      .pt = UP_VP8,
				      .rtx_pt = UP_RTX,
				      .temporal = 3,
				      .n_layers = 3};
	struct params p = {0};
	char mid[12];

	next_mid(s, mid);
	params(&p, true, &up_exts, mid);
	codec(&p, UP_VP8, UP_RTX, DOWN_VP8, DOWN_RTX);
	for (uint32_t i = 0; i < 3; i++) {
		Media__RtpEncoding *e = encoding(&p);

		strcpy(p.rid[i], rids[i]);
		e->rid = p.rid[i];
		e->has_temporal_layers = 1;
		e->temporal_layers = 3;
		e->has_mapped_ssrc = 1;
		e->mapped_ssrc = c->next_ssrc++;
		conf.layer[i] =
			(struct peer_layer){.rid = rids[i],
					    .ssrc = c->next_ssrc++,
					    .rtx_ssrc = c->next_ssrc++,
					    .rate_bps = rate[i],
					    .width = (uint16_t)(320u << i),
					    .height = (uint16_t)(180u << i)};
	}
	return publish(c, s, &p, &conf, MEDIA__STREAM_TYPE__SIMULCAST);
}

struct cam *call_single(struct call *c, struct side *s, uint32_t rate_bps)
{
	struct peer_send_conf conf = {.kind = PEER_VP8,
				      .pt = UP_VP8,
				      .rtx_pt = UP_RTX,
				      .n_layers = 1};
	struct params p = {0};
	Media__RtpEncoding *e;
	char mid[12];

	next_mid(s, mid);
	params(&p, true, &up_exts, mid);
	codec(&p, UP_VP8, UP_RTX, DOWN_VP8, DOWN_RTX);
	e = encoding(&p);
	e->has_ssrc = e->has_rtx_ssrc = e->has_mapped_ssrc = 1;
	e->ssrc = c->next_ssrc++;
	e->rtx_ssrc = c->next_ssrc++;
	e->mapped_ssrc = c->next_ssrc++;
	conf.layer[0] = (struct peer_layer){.ssrc = e->ssrc,
					    .rtx_ssrc = e->rtx_ssrc,
					    .rate_bps = rate_bps,
					    .width = 640,
					    .height = 360};
	return publish(c, s, &p, &conf, MEDIA__STREAM_TYPE__SIMPLE);
}

struct cam *call_layers(struct call *c, struct side *s, enum peer_kind kind)
{
	bool svc = kind != PEER_H264;
	struct peer_send_conf conf = {.kind = kind,
				      .pt = UP_VP8,
				      .rtx_pt = UP_RTX,
				      .temporal = svc ? 3 : 1,
				      .n_layers = 3};
	struct params p = {0};
	char mid[12];

	next_mid(s, mid);
	params(&p, true, &up_exts, mid);
	add_ext(&p, 7, up_exts.dd);
	codec(&p, UP_VP8, UP_RTX, DOWN_VP8, DOWN_RTX);
	p.codec.codec = codec_of(kind);
	for (uint32_t i = 0; i < (svc ? 1u : 3u); i++) {
		Media__RtpEncoding *e = encoding(&p);

		e->has_ssrc = e->has_rtx_ssrc = e->has_mapped_ssrc = 1;
		e->ssrc = c->next_ssrc++;
		e->rtx_ssrc = c->next_ssrc++;
		e->mapped_ssrc = c->next_ssrc++;
		e->has_spatial_layers = e->has_temporal_layers = 1;
		e->spatial_layers = svc ? 3 : 1;
		e->temporal_layers = svc ? 3 : 1;
		conf.layer[i].ssrc = e->ssrc;
		conf.layer[i].rtx_ssrc = e->rtx_ssrc;
	}
	for (uint32_t i = 0; i < 3; i++) {
		conf.layer[i].rate_bps = 150000u << i;
		conf.layer[i].width = (uint16_t)(320u << i);
		conf.layer[i].height = (uint16_t)(180u << i);
	}
	return publish(c, s, &p, &conf,
		       svc ? MEDIA__STREAM_TYPE__SVC
			   : MEDIA__STREAM_TYPE__SIMULCAST);
}

struct cam *call_mic(struct call *c, struct side *s)
{
	struct peer_send_conf conf = {
		.kind = PEER_OPUS, .pt = UP_OPUS, .level = 30, .n_layers = 1};
	struct params p = {0};
	Media__RtpEncoding *e;
	char mid[12];

	next_mid(s, mid);
	params(&p, false, &up_exts, mid);
	codec(&p, UP_OPUS, 0, DOWN_OPUS, 0);
	e = encoding(&p);
	e->has_ssrc = e->has_mapped_ssrc = 1;
	e->ssrc = c->next_ssrc++;
	e->mapped_ssrc = c->next_ssrc++;
	conf.layer[0] = (struct peer_layer){.ssrc = e->ssrc, .rate_bps = 40000};
	return publish(c, s, &p, &conf, MEDIA__STREAM_TYPE__SIMPLE);
}

/* ---- receiving ---------------------------------------------------------- */

static struct view *watch(struct call *c, struct side *s, struct cam *cam,
			  bool remb)
{
	Media__Consume m = MEDIA__CONSUME__INIT;
	struct peer_recv_conf conf = {.exts = down_exts};
	struct view *v = calloc(1, sizeof(*v));
	struct params p = {0};
	Media__RtpEncoding *e;
	char mid[12];

	v->next = c->views;
	c->views = v;
	v->side = s;
	v->id = c->next_id++;
	next_mid(s, mid);
	if (remb)
		conf.exts.twcc = 0;
	params(&p, cam->video, &conf.exts, mid);
	p.fb.transport_cc = !remb;
	p.fb.has_remb = p.fb.remb = remb;
	p.codec.codec = codec_of(cam->kind);
	if (cam->video)
		codec(&p, DOWN_VP8, DOWN_RTX, DOWN_VP8, DOWN_RTX);
	else
		codec(&p, DOWN_OPUS, 0, DOWN_OPUS, 0);
	e = encoding(&p);
	conf.ssrc = c->next_ssrc++;
	conf.rtx_ssrc = cam->video ? c->next_ssrc++ : 0;
	conf.kind = cam->kind;
	conf.pt = cam->video ? DOWN_VP8 : DOWN_OPUS;
	conf.rtx_pt = cam->video ? DOWN_RTX : 0;
	e->has_ssrc = 1;
	e->ssrc = conf.ssrc;
	e->has_rtx_ssrc = cam->video;
	e->rtx_ssrc = conf.rtx_ssrc;
	m.id = v->id;
	m.transport_id = s->id;
	m.producer_id = cam->id;
	m.rtp = &p.rtp;
	v->recv = peer_recv_new(s->peer, &conf);
	assert(v->recv);
	call_ask(c, MEDIA__METHOD__CONSUME, &m.base);
	return v;
}

struct view *call_watch(struct call *c, struct side *s, struct cam *cam)
{
	return watch(c, s, cam, false);
}

struct view *call_watch_remb(struct call *c, struct side *s, struct cam *cam)
{
	return watch(c, s, cam, true);
}

void call_prefer(struct view *v, int spatial, int temporal)
{
	Media__SetPreferredLayers m = MEDIA__SET_PREFERRED_LAYERS__INIT;

	m.id = v->id;
	m.spatial = spatial;
	m.has_temporal = 1;
	m.temporal = temporal;
	call_ask(v->side->c, MEDIA__METHOD__SET_PREFERRED_LAYERS, &m.base);
}

void call_restart_ice(struct side *s)
{
	Media__IceParameters *ice;

	call_ask_id(s->c, MEDIA__METHOD__RESTART_ICE, s->id);
	ice = call_answer(s->c, &media__ice_parameters__descriptor);
	peer_restart_ice(s->peer, ice->username_fragment, ice->password,
			 s->c->now_us);
}

Media__ConsumerStats *call_stats(struct view *v)
{
	call_ask_id(v->side->c, MEDIA__METHOD__GET_CONSUMER_STATS, v->id);
	return call_answer(v->side->c, &media__consumer_stats__descriptor);
}

uint64_t call_drops(const struct call *c)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < DROP_COUNT; i++)
		n += c->w.stats.drops[i];
	return n;
}

/* ---- time --------------------------------------------------------------- */

static uint64_t real_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* As recvmmsg does: what came together goes in together. */
static void input(struct call *c)
{
	uint64_t heap = heap_calls();
	uint64_t from = real_ns();

	sysno_watch(true);
	worker_input(&c->w, c->rx, c->n_rx, c->now_us);
	sysno_watch(false);
	c->spent_ns += real_ns() - from;
	c->heap_calls += heap_calls() - heap;
	c->n_rx = 0;
}

static void to_worker(struct call *c, const struct simnet_dgram *d,
		      uint32_t conn)
{
	struct rx *rx = &c->rx[c->n_rx++];

	*rx = (struct rx){.local = d->to, .remote = d->from, .conn = conn};
	rx->pkt = pkt_get(&c->pool);
	assert(rx->pkt);
	assert(d->len <= PKT_CAP);
	memcpy(rx->pkt->data, d->data, d->len);
	rx->pkt->len = (uint32_t)d->len;
	rx->pkt->recv_us = c->now_us;
	c->datagrams++;
	if (c->n_rx == RX_BATCH)
		input(c);
}

void call_inject(struct call *c, const struct addr *from, const void *data,
		 size_t len)
{
	struct simnet_dgram d = {
		.from = *from, .to = c->server, .data = data, .len = len};

	to_worker(c, &d, 0);
	if (c->n_rx)
		input(c);
}

static void peer_drain(struct side *s)
{
	uint8_t buf[PEER_MTU];
	struct addr from, to;
	size_t n;

	while ((n = peer_output(s->peer, buf, sizeof(buf), &from, &to)))
		simnet_send(s->c->net,
			    &(struct simnet_dgram){.link = s->up,
						   .from = from,
						   .to = to,
						   .data = buf,
						   .len = n},
			    s->c->now_us);
}

static void deliver(struct call *c)
{
	struct simnet_dgram d;

	while (simnet_next(c->net, c->now_us, &d)) {
		struct side *s = c->sides[d.link / 2];

		if (d.link == s->up) {
			to_worker(c, &d, s->conn);
			continue;
		}
		peer_input(s->peer, d.data, d.len, &d.to, &d.from, c->now_us);
		peer_drain(s);
	}
	if (c->n_rx)
		input(c);
}

static void tick_peers(struct call *c)
{
	for (uint32_t i = 0; i < c->n_sides; i++) {
		struct side *s = c->sides[i];

		if (peer_deadline(s->peer, c->now_us) <= c->now_us)
			peer_tick(s->peer, c->now_us);
		peer_drain(s);
	}
}

/* The third byte of an address says whose it is. */
static void send_slots(struct call *c)
{
	struct txq *q = &c->w.txq;

	for (uint32_t i = 0; q->flushed && i < q->n_slots; i++) {
		struct txq_slot *slot = &q->slots[i];
		struct sockaddr_storage ss;
		struct side *s;
		struct addr to;

		if (!slot->sent_us)
			continue;
		memcpy(&ss, slot->dst->sa, slot->dst->sa_len);
		assert(!(addr_from_sa(&to, (struct sockaddr *)&ss)));
		if (addr_eq(&to, &c->hole)) {
			slot->sent_us = 0;
			c->hole_bytes += slot->len;
			c->hole_us = c->now_us;
			continue;
		}
		assert(to.ip[2] < c->n_sides);
		s = c->sides[to.ip[2]];
		s->to_peer++;
		s->to_peer_bytes += slot->len;
		simnet_send(c->net,
			    &(struct simnet_dgram){.link = s->down,
						   .from = c->server,
						   .to = to,
						   .data = slot->buf,
						   .len = slot->len},
			    c->now_us);
		slot->sent_us = 0;
	}
}

static void on_wanted(struct call *c)
{
	const Media__LayersWanted *m =
		call_answer(c, &media__layers_wanted__descriptor);

	for (struct cam *cam = c->cams; cam; cam = cam->next)
		if (cam->id == m->id)
			cam->wanted = m->max_spatial;
}

static void on_state(struct call *c)
{
	const Media__TransportState *t =
		call_answer(c, &media__transport_state__descriptor);

	for (uint32_t i = 0; i < c->n_sides; i++) {
		if (c->sides[i]->id != t->id)
			continue;
		c->sides[i]->ice = t->ice;
		c->sides[i]->dtls = t->dtls;
	}
}

static void on_event(struct call *c, uint32_t event)
{
	const Media__ActiveSpeaker *who;

	c->events[event]++;
	if (event == MEDIA__EVENT__TRANSPORT_STATE) {
		on_state(c);
	} else if (event == MEDIA__EVENT__LAYERS_WANTED) {
		on_wanted(c);
	} else if (event == MEDIA__EVENT__ACTIVE_SPEAKER) {
		who = call_answer(c, &media__active_speaker__descriptor);
		c->speaker = who->peer_id;
	}
}

static void step(struct call *c)
{
	uint64_t from;
	uint64_t heap;
	uint32_t event;

	vclock_set(c->now_us);
	deliver(c);
	tick_peers(c);
	heap = heap_calls();
	from = real_ns();
	sysno_watch(true);
	while (pipes_drain(&c->w, c->now_us))
		continue;
	worker_turn(&c->w, c->now_us);
	sysno_watch(false);
	c->spent_ns += real_ns() - from;
	c->heap_calls += heap_calls() - heap;
	c->turns++;
	send_slots(c);
	while (notify_next(&c->k, c->now_us, &event))
		on_event(c, event);
}

static uint64_t next_event(const struct call *c)
{
	uint64_t due = simnet_deadline(c->net);
	uint64_t d = worker_deadline(&c->w);

	due = d < due ? d : due;
	for (uint32_t i = 0; i < c->n_sides; i++) {
		d = peer_deadline(c->sides[i]->peer, c->now_us);
		due = d < due ? d : due;
	}
	return due;
}

void call_run(struct call *c, uint64_t us)
{
	uint64_t end = c->now_us + us;

	while (c->now_us < end) {
		uint64_t due;

		step(c);
		due = next_event(c);
		/* What is due again at once gets its turn a tick later. */
		if (due <= c->now_us)
			due = c->now_us + 1;
		c->now_us = due < end ? due : end;
	}
	step(c);
}
