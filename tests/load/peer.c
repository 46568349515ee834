#include "tests/load/peer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum kind {
	REQ_ENTER = 1,
	REQ_CAPS,
	REQ_SEND,
	REQ_RECV,
	REQ_JOIN,
	REQ_CONNECT,
	REQ_PRODUCE,
	REQ_LEAVE,
	REQ_CLOSE,
};

#define URI_MID	  "urn:ietf:params:rtp-hdrext:sdes:mid"
#define URI_RID	  "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
#define URI_RRID  "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
#define URI_TIME  "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
#define URI_LEVEL "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
#define URI_TWCC                                                               \
	"http://www.ietf.org/id/"                                              \
	"draft-holmer-rmcat-transport-wide-cc-extensions-01"

void peer_init(struct peer *p, const struct peer_conf *conf, const char *room,
	       unsigned number, bool sends, bool receives)
{
	memset(p, 0, sizeof(*p));
	p->conf = conf;
	p->sends = sends;
	p->receives = receives;
	if (conf->members)
		member_init(&p->member);
	snprintf(p->path, sizeof(p->path), "/?roomId=%s&peerId=load%u", room,
		 number);
}

void peer_free(struct peer *p)
{
	if (p->state == PEER_WAITING)
		return;
	pub_fini(&p->pub);
	sub_fini(&p->sub);
	leg_close(&p->leg[PEER_SEND]);
	leg_close(&p->leg[PEER_RECV]);
	wsc_free(&p->ws);
	json_decref(p->caps);
	p->caps = NULL;
	if (p->member.on)
		member_fini(&p->member);
	p->state = PEER_WAITING;
}

int peer_start(struct peer *p, uint64_t now_us)
{
	int err = wsc_open(&p->ws, p->conf->tls, &p->conf->server,
			   p->conf->host, p->path);

	p->start_us = now_us;
	p->state = err ? PEER_FAILED : PEER_SIGNALING;
	p->why = err ? "connect" : NULL;
	return err;
}

static void fail(struct peer *p, const char *why)
{
	if (p->state == PEER_FAILED)
		return;
	p->state = PEER_FAILED;
	p->why = why;
}

/* ---- messages out ---- */

static void send_json(struct peer *p, json_t *msg)
{
	char *text = json_dumps(msg, JSON_COMPACT);

	if (text)
		wsc_send(&p->ws, text, strlen(text));
	free(text);
	json_decref(msg);
}

/* Takes the reference to data. */
static void request(struct peer *p, enum kind kind, const char *method,
		    json_t *data)
{
	for (int i = 0; i < PEER_PENDING; i++) {
		if (p->pending[i].id)
			continue;
		p->pending[i].id = ++p->next_id;
		p->pending[i].kind = kind;
		send_json(p, json_pack("{s:b,s:i,s:s,s:o}", "request", 1, "id",
				       (int)p->next_id, "method", method,
				       "data", data));
		return;
	}
	json_decref(data);
	fail(p, "too many requests open");
}

void peer_again(struct peer *p)
{
	const struct peer_conf *conf = p->conf;
	struct sub_count count = p->count;
	bool sends = p->sends, receives = p->receives;
	unsigned rebuilds = p->rebuilds;
	char path[sizeof(p->path)];

	request(p, REQ_LEAVE, "leave", json_object());
	memcpy(path, p->path, sizeof(path));
	peer_free(p);
	peer_init(p, conf, "", 0, sends, receives);
	memcpy(p->path, path, sizeof(path));
	p->count = count;
	p->rebuilds = rebuilds;
}

static json_t *ext(const char *uri, int id)
{
	return json_pack("{s:s,s:i,s:b,s:{}}", "uri", uri, "id", id, "encrypt",
			 0, "parameters");
}

static json_t *feedback(const char *type, const char *param)
{
	return json_pack("{s:s,s:s}", "type", type, "parameter", param);
}

static json_t *audio_params(const struct pub_stream *s)
{
	json_t *codec =
		json_pack("{s:s,s:i,s:i,s:i,s:{s:i,s:i},s:[o,o]}", "mimeType",
			  "audio/opus", "payloadType", PUB_PT_OPUS, "clockRate",
			  48000, "channels", 2, "parameters", "minptime", 10,
			  "useinbandfec", 1, "rtcpFeedback",
			  feedback("transport-cc", ""), feedback("nack", ""));

	return json_pack(
		"{s:s,s:[o],s:[o,o,o,o],s:[{s:I,s:b}],s:{s:s,s:b}}", "mid",
		s->mid, "codecs", codec, "headerExtensions",
		ext(URI_MID, PUB_EXT_MID), ext(URI_TIME, PUB_EXT_SEND_TIME),
		ext(URI_TWCC, PUB_EXT_TWCC), ext(URI_LEVEL, PUB_EXT_LEVEL),
		"encodings", "ssrc", (json_int_t)s->ssrc, "dtx", 0, "rtcp",
		"cname", "load", "reducedSize", 1);
}

static json_t *video_codecs(void)
{
	json_t *fb =
		json_pack("[o,o,o,o,o]", feedback("goog-remb", ""),
			  feedback("transport-cc", ""), feedback("ccm", "fir"),
			  feedback("nack", ""), feedback("nack", "pli"));

	return json_pack("[{s:s,s:i,s:i,s:{},s:o},"
			 "{s:s,s:i,s:i,s:{s:i},s:[]}]",
			 "mimeType", "video/VP8", "payloadType", PUB_PT_VP8,
			 "clockRate", 90000, "parameters", "rtcpFeedback", fb,
			 "mimeType", "video/rtx", "payloadType", PUB_PT_RTX,
			 "clockRate", 90000, "parameters", "apt", PUB_PT_VP8,
			 "rtcpFeedback");
}

static json_t *video_params(const struct pub *pub, const struct pub_stream *s)
{
	json_t *encodings = json_array();
	json_t *exts = json_pack(
		"[o,o,o,o,o]", ext(URI_MID, PUB_EXT_MID),
		ext(URI_TIME, PUB_EXT_SEND_TIME), ext(URI_TWCC, PUB_EXT_TWCC),
		ext(URI_RID, PUB_EXT_RID), ext(URI_RRID, PUB_EXT_RRID));

	for (int i = 0; i < pub->n; i++) {
		const struct pub_stream *e = &pub->s[i];

		if (!e->video)
			continue;
		json_array_append_new(
			encodings,
			e->rids ? json_pack("{s:s,s:i,s:b,s:s}", "rid", e->rid,
					    "maxBitrate", (int)e->bps, "dtx", 0,
					    "scalabilityMode", "L1T1")
				: json_pack("{s:I,s:{s:I},s:b}", "ssrc",
					    (json_int_t)e->ssrc, "rtx", "ssrc",
					    (json_int_t)e->rtx_ssrc, "dtx", 0));
	}
	return json_pack("{s:s,s:o,s:o,s:o,s:{s:s,s:b}}", "mid", s->mid,
			 "codecs", video_codecs(), "headerExtensions", exts,
			 "encodings", encodings, "rtcp", "cname", "load",
			 "reducedSize", 1);
}

/* The id that a producer has had before the rebuild; NULL: the first time. */
static const char *old_producer(const struct peer *p)
{
	return p->member.on
		       ? json_string_value(json_array_get(p->member.producers,
							  (size_t)p->producers))
		       : NULL;
}

static void produce(struct peer *p)
{
	bool video = false;

	if (!p->joined || !p->sends || !p->transport[PEER_SEND][0] ||
	    p->producers)
		return;
	for (int i = 0; i < p->pub.n; i++) {
		const struct pub_stream *s = &p->pub.s[i];

		if (s->video && video)
			continue; /* another layer of the same producer */
		video |= s->video;
		request(p, REQ_PRODUCE, "produce",
			json_pack("{s:s*,s:s,s:s,s:o,s:{}}", "producerId",
				  old_producer(p), "transportId",
				  p->transport[PEER_SEND], "kind",
				  s->video ? "video" : "audio", "rtpParameters",
				  s->video ? video_params(&p->pub, s)
					   : audio_params(s),
				  "appData"));
		p->producers++;
	}
}

static json_t *wanted(const char *key, bool sending)
{
	return json_pack("{s:b,s:b,s:b}", key, 0, "producing", sending,
			 "consuming", !sending);
}

static void on_caps(struct peer *p, json_t *data)
{
	p->caps = json_incref(data);
	if (p->sends || p->whole)
		request(p, REQ_SEND, "createWebRtcTransport",
			wanted("forceTcp", true));
	if (p->receives)
		request(p, REQ_RECV, "createWebRtcTransport",
			wanted("forceTcp", false));
	request(p, REQ_JOIN, "join",
		json_pack("{s:s,s:{s:s,s:s,s:s},s:o}", "displayName", "load",
			  "device", "flag", "load", "name", "chattr-load",
			  "version", "1", "rtpCapabilities",
			  json_incref(p->caps)));
}

static void begin(struct peer *p, uint64_t now_us)
{
	pub_init(&p->pub, &p->leg[PEER_SEND], &p->conf->pub, now_us);
	produce(p);
}

void peer_release(struct peer *p, uint64_t now_us)
{
	if (!p->held)
		return;
	p->held = false;
	if (p->transport[PEER_SEND][0])
		begin(p, now_us);
}

/* ---- transports ---- */

/* The candidate at the address that signaling has, else the first. */
static int pick_candidate(const struct peer *p, json_t *list, struct addr *out)
{
	struct addr server = p->conf->server;
	bool have = false;
	json_t *c;
	size_t i;

	json_array_foreach(list, i, c)
	{
		const char *proto =
			json_string_value(json_object_get(c, "protocol"));
		const char *ip = json_string_value(json_object_get(c, "ip"));
		json_int_t port =
			json_integer_value(json_object_get(c, "port"));
		struct addr a;

		if (!proto || !ip || strcmp(proto, "udp") ||
		    addr_parse(&a, ip, (uint16_t)port))
			continue;
		if (!have)
			*out = a;
		have = true;
		server.port = a.port;
		if (addr_eq(&a, &server)) {
			*out = a;
			break;
		}
	}
	return have ? 0 : -ENOENT;
}

static int read_fps(json_t *list, struct leg_remote *r)
{
	json_t *f;
	size_t i;

	json_array_foreach(list, i, f)
	{
		const char *alg;
		const char *val;

		if (r->n_fps == DTLS_FPS_MAX ||
		    json_unpack(f, "{s:s,s:s}", "algorithm", &alg, "value",
				&val))
			continue;
		if (!cert_fp_parse(&r->fps[r->n_fps], alg, val))
			r->n_fps++;
	}
	return r->n_fps ? 0 : -EINVAL;
}

static int read_remote(const struct peer *p, json_t *data, const char **id,
		       struct leg_remote *r)
{
	const char *ufrag;
	const char *pwd;
	json_t *candidates;
	json_t *fps;

	memset(r, 0, sizeof(*r));
	if (json_unpack(data, "{s:s,s:{s:s,s:s},s:o,s:{s:o}}", "id", id,
			"iceParameters", "usernameFragment", &ufrag, "password",
			&pwd, "iceCandidates", &candidates, "dtlsParameters",
			"fingerprints", &fps))
		return -EINVAL;
	if (strlen(ufrag) >= sizeof(r->ufrag) || strlen(pwd) >= sizeof(r->pwd))
		return -EINVAL;
	strncpy(r->ufrag, ufrag, sizeof(r->ufrag) - 1);
	strncpy(r->pwd, pwd, sizeof(r->pwd) - 1);
	return pick_candidate(p, candidates, &r->addr) || read_fps(fps, r);
}

static void connect_dtls(struct peer *p, enum peer_leg which)
{
	char text[CERT_FP_STRLEN];
	size_t n;
	const struct cert_fp *fps = cert_fps(p->conf->env->cert, &n);

	cert_fp_str(&fps[CERT_SHA256], text);
	request(p, REQ_CONNECT, "connectWebRtcTransport",
		json_pack("{s:s,s:{s:s,s:[{s:s,s:s}]}}", "transportId",
			  p->transport[which], "dtlsParameters", "role",
			  "client", "fingerprints", "algorithm", "sha-256",
			  "value", text));
}

static void on_transport(struct peer *p, json_t *data, enum peer_leg which,
			 uint64_t now_us)
{
	struct leg *l = &p->leg[which];
	struct leg_remote r;
	const char *id;

	if (read_remote(p, data, &id, &r) ||
	    strlen(id) >= sizeof(p->transport[which]) ||
	    leg_open(l, p->conf->env, &r, now_us)) {
		fail(p, "transport");
		return;
	}
	strncpy(p->transport[which], id, sizeof(p->transport[which]) - 1);
	connect_dtls(p, which);
	if (which == PEER_SEND && p->sends && !p->held)
		begin(p, now_us);
	else if (which == PEER_RECV && !p->sub.count)
		sub_init(&p->sub, l, p->conf->sample, &p->count);
}

/* ---- messages in ---- */

static void on_response(struct peer *p, json_t *msg, uint64_t now_us)
{
	json_int_t id = json_integer_value(json_object_get(msg, "id"));
	json_t *data = json_object_get(msg, "data");
	int kind = 0;

	for (int i = 0; i < PEER_PENDING; i++)
		if (p->pending[i].id && p->pending[i].id == id) {
			kind = p->pending[i].kind;
			p->pending[i].id = 0;
		}
	if (!kind)
		return;
	if (!json_is_true(json_object_get(msg, "ok"))) {
		static char why[160];
		const char *reason =
			json_string_value(json_object_get(msg, "errorReason"));

		snprintf(why, sizeof(why), "request kind %d: %s", kind,
			 reason ? reason : "?");
		fail(p, why);
		return;
	}
	if (kind == REQ_ENTER && !member_entered(&p->member, data, now_us))
		request(p, REQ_CAPS, "getRouterRtpCapabilities", json_object());
	if (kind == REQ_CAPS)
		on_caps(p, data);
	if (kind == REQ_SEND)
		on_transport(p, data, PEER_SEND, now_us);
	if (kind == REQ_RECV)
		on_transport(p, data, PEER_RECV, now_us);
	if (kind == REQ_PRODUCE) {
		p->produced++;
		if (p->member.on &&
		    (int)json_array_size(p->member.producers) < p->produced)
			member_has(
				p->member.producers,
				json_string_value(json_object_get(data, "id")));
	}
	if (kind == REQ_JOIN) {
		p->joined = true;
		produce(p);
	}
}

static void on_consumer(struct peer *p, json_t *data)
{
	json_t *enc = json_array_get(
		json_object_get(json_object_get(data, "rtpParameters"),
				"encodings"),
		0);
	json_t *rtx = json_object_get(enc, "rtx");
	const char *kind = json_string_value(json_object_get(data, "kind"));

	if (p->member.on)
		member_has(p->member.consumers,
			   json_string_value(json_object_get(data, "id")));
	if (!p->sub.count)
		sub_init(&p->sub, &p->leg[PEER_RECV], p->conf->sample,
			 &p->count);
	sub_add(&p->sub,
		(uint32_t)json_integer_value(json_object_get(enc, "ssrc")),
		(uint32_t)json_integer_value(json_object_get(rtx, "ssrc")),
		kind && !strcmp(kind, "video"));
}

static void on_request(struct peer *p, json_t *msg)
{
	const char *method = json_string_value(json_object_get(msg, "method"));
	json_int_t id = json_integer_value(json_object_get(msg, "id"));

	if (method && !strcmp(method, "newConsumer"))
		on_consumer(p, json_object_get(msg, "data"));
	send_json(p, json_pack("{s:b,s:I,s:b,s:{}}", "response", 1, "id", id,
			       "ok", 1, "data"));
}

/* One transport has a successor; the client makes everything anew on it. */
static void rebuild_leg(struct peer *p, json_t *t, enum peer_leg which,
			uint64_t now_us)
{
	p->rebuilds++;
	leg_close(&p->leg[which]);
	if (which == PEER_SEND) {
		pub_fini(&p->pub);
		p->produced = p->producers = 0;
	} else {
		sub_reset(&p->sub);
		if (p->member.on)
			json_array_clear(p->member.consumers);
	}
	on_transport(p, t, which, now_us);
}

/* Both workers carry it: the old one need not any more. */
static void give_up(struct peer *p, json_t *rebuild, enum peer_leg which)
{
	const char *reason =
		json_string_value(json_object_get(rebuild, "reason"));

	if (which == PEER_RECV && reason && !strcmp(reason, "move"))
		request(p, REQ_CLOSE, "closeTransport",
			json_pack("{s:s}", "transportId", p->transport[which]));
}

static void on_rebuild(struct peer *p, json_t *data, uint64_t now_us)
{
	json_t *t;
	size_t i;

	json_array_foreach(json_object_get(data, "transports"), i, t)
	{
		const char *old =
			json_string_value(json_object_get(t, "replaces"));

		for (int k = 0; old && k < 2; k++)
			if (!strcmp(p->transport[k], old)) {
				give_up(p, data, (enum peer_leg)k);
				rebuild_leg(p, t, (enum peer_leg)k, now_us);
				break;
			}
	}
}

/* A publisher sends no layer that nobody watches. */
static void on_wanted(struct peer *p, json_t *data)
{
	json_t *max = json_object_get(data, "maxSpatialLayer");

	if (p->pub.n && json_is_integer(max))
		pub_want(&p->pub, (int)json_integer_value(max));
}

static void on_notification(struct peer *p, json_t *msg, uint64_t now_us)
{
	const char *method = json_string_value(json_object_get(msg, "method"));

	if (method && !strcmp(method, "producerLayersWanted"))
		on_wanted(p, json_object_get(msg, "data"));
	if (method && !strcmp(method, "rebuild"))
		on_rebuild(p, json_object_get(msg, "data"), now_us);
	if (p->member.on)
		member_event(&p->member, msg);
}

static void on_message(struct peer *p, const char *text, size_t len,
		       uint64_t now_us)
{
	json_t *msg = json_loadb(text, len, 0, NULL);

	if (json_is_true(json_object_get(msg, "response")))
		on_response(p, msg, now_us);
	else if (json_is_true(json_object_get(msg, "request")))
		on_request(p, msg);
	else
		on_notification(p, msg, now_us);
	json_decref(msg);
}

static void opened(struct peer *p)
{
	if (p->member.on)
		request(p, REQ_ENTER, "enter",
			member_enter(&p->member, "load",
				     p->transport[PEER_SEND],
				     p->transport[PEER_RECV]));
	else
		request(p, REQ_CAPS, "getRouterRtpCapabilities", json_object());
}

void peer_cut(struct peer *p, uint64_t away_us, uint64_t now_us)
{
	wsc_free(&p->ws);
	memset(p->pending, 0, sizeof(p->pending));
	member_lost(&p->member, now_us);
	p->member.retry_us += away_us;
}

bool peer_retry(struct peer *p, uint64_t now_us)
{
	struct member *m = &p->member;

	if (!m->on || !m->retry_us || now_us < m->retry_us)
		return false;
	m->retry_us = 0;
	if (!wsc_open(&p->ws, p->conf->tls, &p->conf->server, p->conf->host,
		      p->path))
		return true;
	m->retry_us = now_us + MEMBER_RETRY_US;
	return false;
}

void peer_io(struct peer *p, uint64_t now_us)
{
	enum wsc_state before = p->ws.state;
	const char *text;
	size_t len;

	wsc_io(&p->ws);
	if (before != WSC_OPEN && p->ws.state == WSC_OPEN)
		opened(p);
	while ((text = wsc_next(&p->ws, &len)))
		on_message(p, text, len, now_us);
	if (p->ws.state == WSC_CLOSED && p->member.token)
		peer_cut(p, 0, now_us);
	else if (p->ws.state == WSC_CLOSED)
		fail(p, p->ws.status && p->ws.status != 101
				? "the upgrade was refused"
				: "the WebSocket closed");
}

/* ---- media ---- */

static void on_rtcp(struct peer *p, enum peer_leg which, struct leg_pkt *pkt,
		    uint64_t now_us)
{
	size_t len = pkt->len;

	if (srtp_open_rtcp(p->leg[which].srtp, pkt->data, &len) != SRTP_PASS) {
		p->count.bad++;
		return;
	}
	if (which == PEER_SEND)
		pub_rtcp(&p->pub, pkt->data, len, now_us);
	else
		sub_rtcp(&p->sub, pkt->data, len, now_us);
}

void peer_drain(struct peer *p, enum peer_leg which, struct leg_batch *b,
		uint64_t now_us)
{
	struct leg *l = &p->leg[which];
	bool more = l->state != LEG_NONE;

	while (more) {
		int n = leg_recv(l, b, now_us, &more);

		for (int i = 0; i < n; i++) {
			struct leg_pkt *k = &b->pkt[i];

			if (k->rtcp)
				on_rtcp(p, which, k, now_us);
			else if (which == PEER_RECV && p->sub.count)
				sub_rtp(&p->sub, k->data, k->len, k->wall_us,
					now_us);
		}
	}
}

static bool leg_ready(const struct peer *p, enum peer_leg which, bool wanted_it)
{
	return !wanted_it || p->leg[which].state == LEG_UP;
}

void peer_tick(struct peer *p, uint64_t now_us)
{
	if (p->state != PEER_SIGNALING && p->state != PEER_READY)
		return;
	leg_tick(&p->leg[PEER_SEND], now_us);
	leg_tick(&p->leg[PEER_RECV], now_us);
	if (p->leg[PEER_SEND].state == LEG_FAILED ||
	    p->leg[PEER_RECV].state == LEG_FAILED)
		fail(p, "ICE or DTLS");
	sub_tick(&p->sub, now_us);
	if (p->state == PEER_SIGNALING && leg_ready(p, PEER_SEND, p->sends) &&
	    leg_ready(p, PEER_RECV, p->receives) &&
	    (!p->receives || p->sub.first_us) &&
	    (!p->sends || p->produced == p->producers))
		p->state = PEER_READY;
}
