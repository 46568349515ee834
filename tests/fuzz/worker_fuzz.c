/*
 * A whole worker: a sequence of datagrams, protected media and RTCP of a
 * publisher and a viewer, requests, and passing time. The worker stands for
 * all runs, the room is new in each; a run ends with every packet back in
 * the pool.
 *
 * Input: steps of an operation, a length and so many bytes.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/rd.h"
#include "common/sys/rng.h"
#include "mediad/control/control.h"
#include "mediad/control/notify.h"
#include "mediad/path/link.h"
#include "mediad/path/room.h"
#include "mediad/path/worker.h"
#include "mediad/wire/rtp.h"
#include "proto/media.pb-c.h"
#include "tests/fuzz/fuzz.h"

#define STEPS_MAX 128

enum op {
	OP_STRANGER,  /* from a path nobody knows */
	OP_RAW,	      /* unprotected, on the publisher's path */
	OP_PUB_RTP,   /* protected */
	OP_PUB_RTCP,  /* protected */
	OP_VIEW_RTCP, /* protected */
	OP_TIME,      /* so many ms pass */
	OP_REQUEST,   /* method and body */
	OP_COUNT,
};

enum { ROUTER = 1, PUB = 2, VIEW = 3, CAM = 4, SIGHT = 5 };

struct side {
	struct link *l;
	struct srtp_session *srtp; /* the peer's end */
	struct addr at;
};

static struct worker w;
static struct control k;
static struct pkt_pool pool;
static struct addr server;
static struct side pub, view;
static uint64_t now_us = 1000000000;

static void setup(void)
{
	struct worker_conf conf = {.srtp_backend = "evp",
				   .pool = 4096,
				   .slots = 512,
				   .consent_us = 30000000,
				   .udp_fd = -1,
				   .udp_port = 40000,
				   .n_announce = 1};

	addr_parse(&server, "10.255.0.1", conf.udp_port);
	conf.announce[0] = server;
	addr_parse(&pub.at, "10.0.0.1", 5000);
	addr_parse(&view.at, "10.0.1.1", 5000);
	assert(!rng_setup() && !pkt_pool_init(&pool, conf.pool));
	assert(!worker_init(&w, &conf, &pool, now_us));
	assert(!control_init(&k, &w));
}

static void ask(Media__Method method, const ProtobufCMessage *m)
{
	uint8_t buf[1024];
	size_t len = protobuf_c_message_pack(m, buf);

	assert(len <= sizeof(buf));
	assert(!control_call(&k, method, buf, len, now_us));
}

static void datagram(const struct side *s, const uint8_t *data, size_t len)
{
	struct rx rx = {.local = server, .remote = s->at};

	rx.pkt = pkt_get(&pool);
	if (!rx.pkt)
		return;
	memcpy(rx.pkt->data, data, len);
	rx.pkt->len = (uint32_t)len;
	rx.pkt->recv_us = now_us;
	worker_input(&w, &rx, 1, now_us);
}

/* An authenticated check, then keys as if DTLS had ended. */
static void join(struct side *s, uint64_t id)
{
	Media__CreateTransport m = MEDIA__CREATE_TRANSPORT__INIT;
	struct srtp_keys keys = {.profile = SRTP_PROFILE_GCM_128};
	uint8_t buf[256], tid[STUN_TID_LEN] = {(uint8_t)id};
	struct wr wr = wr_of(buf, sizeof(buf));
	char user[LINK_UFRAG_LEN + 2];
	struct ice_out out = {0};
	struct stun_key key;
	int n;

	m.id = id;
	m.router_id = ROUTER;
	m.peer_id = id;
	ask(MEDIA__METHOD__CREATE_TRANSPORT, &m.base);
	s->l = idmap_get(&w.links, id);
	stun_key_init(&key, s->l->pwd, LINK_PWD_LEN);
	stun_begin(&wr, STUN_BINDING, STUN_REQUEST, tid);
	memcpy(user, s->l->ufrag, LINK_UFRAG_LEN);
	memcpy(user + LINK_UFRAG_LEN, ":x", 2);
	stun_put(&wr, STUN_USERNAME, user, sizeof(user));
	stun_put_u32(&wr, STUN_PRIORITY, 1);
	stun_put_u64(&wr, STUN_ICE_CONTROLLING, 7);
	n = stun_end(&wr, &key, true);
	assert(n > 0);
	datagram(s, buf, (size_t)n);
	assert(s->l->out);
	icelite_dtls_done(&s->l->ice, &s->l->out->tuple, &out);
	s->l->srtp = srtp_new(w.srtp, &keys);
	s->srtp = srtp_new(w.srtp, &keys);
	transport_set_connected(s->l->t, true, now_us);
}

/* VP8, unless tests/fuzz/replay asks for another one. */
static Media__Codec codec_wanted(void)
{
	static const struct {
		const char *name;
		Media__Codec codec;
	} all[] = {{"vp9", MEDIA__CODEC__VP9},
		   {"h264", MEDIA__CODEC__H264},
		   {"av1", MEDIA__CODEC__AV1},
		   {"opus", MEDIA__CODEC__OPUS}};
	const char *name = getenv("REPLAY_CODEC");

	for (size_t i = 0; name && i < sizeof(all) / sizeof(*all); i++)
		if (!strcmp(name, all[i].name))
			return all[i].codec;
	return MEDIA__CODEC__VP8;
}

static void media(void)
{
	Media__RtpParameters rtp = MEDIA__RTP_PARAMETERS__INIT;
	Media__RtpCodec codec = MEDIA__RTP_CODEC__INIT, *codecs = &codec;
	Media__RtcpFeedback fb = MEDIA__RTCP_FEEDBACK__INIT;
	Media__RtpEncoding enc = MEDIA__RTP_ENCODING__INIT, *encs = &enc;
	Media__RtpHeaderExtension ext[5], *exts[5];
	Media__Produce p = MEDIA__PRODUCE__INIT;
	Media__Consume c = MEDIA__CONSUME__INIT;

	for (uint32_t i = 0; i < 5; i++) {
		media__rtp_header_extension__init(&ext[i]);
		ext[i].type = ext[i].id = i + 1;
		exts[i] = &ext[i];
	}
	fb.has_nack = fb.nack = fb.has_pli = fb.pli = 1;
	fb.has_transport_cc = fb.transport_cc = 1;
	codec.codec = codec_wanted();
	codec.payload_type = codec.mapped_payload_type = 96;
	codec.rtx_payload_type = codec.mapped_rtx_payload_type = 97;
	codec.has_rtx_payload_type = codec.has_mapped_rtx_payload_type = 1;
	codec.has_mapped_payload_type = 1;
	codec.clock_rate = 90000;
	codec.feedback = &fb;
	enc.has_ssrc = enc.has_rtx_ssrc = 1;
	enc.ssrc = 0x11111111;
	enc.rtx_ssrc = 0x22222222;
	rtp.codecs = &codecs;
	rtp.n_codecs = 1;
	rtp.encodings = &encs;
	rtp.n_encodings = 1;
	rtp.extensions = exts;
	rtp.n_extensions = 5;
	p.id = CAM;
	p.transport_id = PUB;
	p.kind = codec.codec == MEDIA__CODEC__OPUS ? MEDIA__MEDIA_KIND__AUDIO
						   : MEDIA__MEDIA_KIND__VIDEO;
	p.type = MEDIA__STREAM_TYPE__SIMPLE;
	p.rtp = &rtp;
	ask(MEDIA__METHOD__PRODUCE, &p.base);
	enc.ssrc = 0x33333333;
	enc.rtx_ssrc = 0x44444444;
	c.id = SIGHT;
	c.transport_id = VIEW;
	c.producer_id = CAM;
	c.rtp = &rtp;
	ask(MEDIA__METHOD__CONSUME, &c.base);
}

static void room(void)
{
	Media__CreateRouter m = MEDIA__CREATE_ROUTER__INIT;

	m.id = ROUTER;
	ask(MEDIA__METHOD__CREATE_ROUTER, &m.base);
	join(&pub, PUB);
	join(&view, VIEW);
	media();
}

static void sealed(struct side *s, bool rtcp, const uint8_t *data, size_t len)
{
	uint8_t buf[TXQ_BUF];
	size_t hdr;
	int n;

	if (rtcp) {
		n = srtp_seal_rtcp(s->srtp, buf, sizeof(buf), data, len);
	} else {
		hdr = rtp_hdr_len(data, len);
		if (!hdr)
			return;
		memcpy(buf, data, hdr);
		n = srtp_seal_rtp(s->srtp, buf, sizeof(buf), hdr, data + hdr,
				  len - hdr);
	}
	if (n > 0)
		datagram(s, buf, (size_t)n);
}

static void turn(void)
{
	uint32_t event;

	worker_turn(&w, now_us);
	while (notify_next(&k, now_us, &event))
		;
}

static void step(enum op op, const uint8_t *data, size_t len)
{
	static const struct side stranger = {
		.at = {.ip = {10, 9, 9, 9}, .port = 9}};

	switch (op) {
	case OP_STRANGER:
		datagram(&stranger, data, len);
		break;
	case OP_RAW:
		datagram(&pub, data, len);
		break;
	case OP_PUB_RTP:
		sealed(&pub, false, data, len);
		break;
	case OP_PUB_RTCP:
		sealed(&pub, true, data, len);
		break;
	case OP_VIEW_RTCP:
		sealed(&view, true, data, len);
		break;
	case OP_TIME:
		now_us += (len + 1) * 1000;
		turn();
		break;
	case OP_REQUEST:
		if (len)
			control_call(&k, data[0] % 32, data + 1, len - 1,
				     now_us);
		break;
	case OP_COUNT:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_of(data, size);
	struct room *left;
	size_t pos;

	if (!w.conf.slots)
		setup();
	room();
	for (int i = 0; i < STEPS_MAX && rd_left(&r) >= 2; i++) {
		enum op op = rd_u8(&r) % OP_COUNT;
		size_t len = rd_u8(&r) * 5u;

		if (len > rd_left(&r))
			len = rd_left(&r);
		step(op, rd_bytes(&r, len), len);
	}
	turn();
	while (pos = 0, (left = idmap_next(&w.rooms, &pos)))
		room_free(&w, left);
	srtp_free(pub.srtp);
	srtp_free(view.srtp);
	turn();
	assert(!pool.used && !w.links.n && !w.tuples.n && !w.ufrags.n);
	now_us += 1000000;
	return 0;
}
