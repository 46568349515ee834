/*
 * What a hostile worker writes into a ring: a whole worker with a producer
 * that crosses to it and a stand-in of one of its own.
 *
 * Input: a byte that says how. Odd: the memory of the ring as it is, indexes
 * first. Even: records, a head each (kind, stream, number, producer, time)
 * and a length of packet.
 */
#include <assert.h>
#include <string.h>
#include <unistd.h>

#include "common/rd.h"
#include "common/sys/rng.h"
#include "common/sys/shm.h"
#include "mediad/control/control.h"
#include "mediad/path/pipes.h"
#include "mediad/path/room.h"
#include "mediad/path/worker.h"
#include "mediad/sfu/transport.h"
#include "proto/media.pb-c.h"
#include "tests/fuzz/fuzz.h"

#define RING_BYTES ((64u << 10) + 4096)
#define DATA_AT	   4096

enum {
	ROUTER = 1,
	PUB = 2,
	VIEW = 3,
	CAM = 4,
	SIGHT = 5,
	FAR = 6,
	FAR_CAM = 7
};

static struct worker w;
static struct control k;
static struct pkt_pool pool;
static uint64_t now_us = 1000000000;

static void ask(Media__Method method, const ProtobufCMessage *m)
{
	uint8_t buf[1024];
	size_t len = protobuf_c_message_pack(m, buf);

	assert(len <= sizeof(buf));
	assert(!control_call(&k, method, buf, len, now_us));
}

static void setup(void)
{
	struct worker_conf conf = {.srtp_backend = "evp",
				   .pool = 1024,
				   .slots = 256,
				   .consent_us = 30000000,
				   .udp_fd = -1,
				   .udp_port = 40000};

	assert(!rng_setup() && !pkt_pool_init(&pool, conf.pool));
	assert(!worker_init(&w, &conf, &pool, now_us));
	assert(!control_init(&k, &w));
}

/* Our end; what the other may write stays mapped in *in. */
static void open_pipe(uint8_t **in, struct shmring *theirs)
{
	size_t bytes;
	int out_fd = shm_make("out", RING_BYTES);
	int in_fd = shm_make("in", RING_BYTES);
	int fds[PIPES_FDS] = {out_fd, -1, dup(in_fd), -1};

	*in = shm_map(in_fd, &bytes);
	assert(*in && !shmring_open(theirs, in_fd));
	assert(!pipes_open(&w, 1, 1, fds, now_us));
	close(in_fd);
}

static void transport(uint64_t id)
{
	Media__CreateTransport m = MEDIA__CREATE_TRANSPORT__INIT;

	m.id = id;
	m.router_id = ROUTER;
	m.peer_id = id;
	ask(MEDIA__METHOD__CREATE_TRANSPORT, &m.base);
}

static void room(void)
{
	Media__RtpParameters rtp = MEDIA__RTP_PARAMETERS__INIT;
	Media__RtpCodec codec = MEDIA__RTP_CODEC__INIT, *codecs = &codec;
	Media__RtpEncoding enc[2] = {MEDIA__RTP_ENCODING__INIT,
				     MEDIA__RTP_ENCODING__INIT};
	Media__RtpEncoding *encs[] = {&enc[0], &enc[1]};
	Media__CreateRouter r = MEDIA__CREATE_ROUTER__INIT;
	Media__Produce p = MEDIA__PRODUCE__INIT;
	Media__ProducePiped far = MEDIA__PRODUCE_PIPED__INIT;
	Media__PipeProducer out = MEDIA__PIPE_PRODUCER__INIT;
	Media__Consume c = MEDIA__CONSUME__INIT;

	r.id = ROUTER;
	ask(MEDIA__METHOD__CREATE_ROUTER, &r.base);
	transport(PUB);
	transport(VIEW);
	codec.codec = MEDIA__CODEC__VP8;
	codec.payload_type = codec.mapped_payload_type = 96;
	codec.rtx_payload_type = codec.mapped_rtx_payload_type = 97;
	codec.has_rtx_payload_type = codec.has_mapped_rtx_payload_type = 1;
	codec.has_mapped_payload_type = 1;
	codec.clock_rate = 90000;
	for (uint32_t i = 0; i < 2; i++) {
		enc[i].has_ssrc = enc[i].has_rtx_ssrc = 1;
		enc[i].ssrc = 0x11111111 + i;
		enc[i].rtx_ssrc = 0x22222222 + i;
	}
	rtp.codecs = &codecs;
	rtp.n_codecs = 1;
	rtp.encodings = encs;
	rtp.n_encodings = 2;
	p.id = CAM;
	p.transport_id = PUB;
	p.kind = MEDIA__MEDIA_KIND__VIDEO;
	p.type = MEDIA__STREAM_TYPE__SIMULCAST;
	p.rtp = &rtp;
	ask(MEDIA__METHOD__PRODUCE, &p.base);
	out.id = CAM;
	out.worker = out.generation = 1;
	ask(MEDIA__METHOD__PIPE_PRODUCER, &out.base);
	p.id = FAR_CAM;
	p.transport_id = FAR;
	far.produce = &p;
	far.router_id = ROUTER;
	far.peer_id = FAR;
	far.worker = far.generation = 1;
	ask(MEDIA__METHOD__PRODUCE_PIPED, &far.base);
	rtp.n_encodings = 1;
	enc[0].ssrc = 0x33333333;
	enc[0].rtx_ssrc = 0x44444444;
	c.id = SIGHT;
	c.transport_id = VIEW;
	c.producer_id = FAR_CAM;
	c.rtp = &rtp;
	ask(MEDIA__METHOD__CONSUME, &c.base);
	transport_set_connected(worker_consumer(&w, SIGHT)->transport, true,
				now_us);
}

static void turn(void)
{
	while (pipes_drain(&w, now_us))
		continue;
	worker_turn(&w, now_us);
	(void)pipes_sleep(&w);
	(void)pipes_broken(&w, now_us);
	now_us += 20000;
}

static void records(struct shmring *theirs, struct rd *r)
{
	while (rd_left(r) >= 8) {
		struct pipe_msg m = {.version = PIPE_VERSION};
		size_t len;
		const uint8_t *body;

		m.kind = rd_u8(r) % 7;
		m.stream = rd_u8(r);
		m.producer = rd_u8(r) & 1 ? FAR_CAM : CAM;
		m.wanted = (int8_t)rd_u8(r);
		m.rtp = rd_u16(r);
		m.ntp = m.at_us = now_us + m.rtp;
		len = rd_u16(r) % 1600;
		if (len > rd_left(r))
			len = rd_left(r);
		body = rd_bytes(r, len);
		(void)shmring_put(theirs, &m, sizeof(m), body, len);
		(void)shmring_publish(theirs);
		if (m.kind == 0)
			turn();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct shmring theirs;
	struct room *left;
	uint8_t *in;
	struct rd r = rd_of(data, size);
	bool raw = rd_u8(&r) & 1;
	size_t pos = 0, n;

	if (!w.conf.slots)
		setup();
	room();
	open_pipe(&in, &theirs);
	if (raw) {
		/* Both indexes, then bytes. */
		n = rd_left(&r) < 4 ? rd_left(&r) : 4;
		memcpy(in, rd_bytes(&r, n), n);
		n = rd_left(&r);
		memcpy(in + DATA_AT, rd_bytes(&r, n), n);
	} else {
		records(&theirs, &r);
	}
	turn();
	turn();
	/* A ring that broke is not read again, and only that. */
	FUZZ_CHECK(worker_producer(&w, CAM) && worker_producer(&w, FAR_CAM));
	FUZZ_CHECK(worker_producer(&w, CAM)->outlets[0].wanted >= -1);
	while ((left = idmap_next(&w.rooms, &pos))) {
		room_free(&w, left);
		pos = 0;
	}
	worker_turn(&w, now_us);
	FUZZ_CHECK(!pool.used && !w.pipes.standins.n && !w.links.n);
	shmring_close(&theirs);
	shm_unmap(in, RING_BYTES);
	now_us += 1000000;
	return 0;
}
