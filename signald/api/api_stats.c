/* Statistics, under the names that mediasoup gives them. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "common/addr.h"
#include "common/log.h"
#include "common/str.h"
#include "common/sys/loop.h"
#include "signald/api/api.h"
#include "signald/api/hubstate.h"
#include "signald/api/told.h"
#include "signald/media/rtpdesc.h"

static void ask(struct api_req *r, const char *field, uint32_t method)
{
	uint64_t id = wire_id(&r->w, field, WIRE_MUST);
	struct media *m = r->hub->media;
	struct media_ticket ticket = dispatch_ticket(r);
	struct seat *s = NULL;

	if (method == MEDIA__METHOD__GET_TRANSPORT_STATS) {
		struct transport *t = graph_transport(&m->graph, id);

		s = t ? t->seat : NULL;
	} else if (method == MEDIA__METHOD__GET_PRODUCER_STATS) {
		struct producer *p = graph_producer(&m->graph, id);

		s = p ? p->seat : NULL;
	} else {
		struct consumer *c = graph_consumer(&m->graph, id);

		s = c ? c->seat : NULL;
	}
	if (r->w.bad)
		dispatch_result(r, -EINVAL);
	else if (!s || s->id != r->peer->id)
		dispatch_result(r, -ENOENT);
	else
		dispatch_result(r, media_ask_id(m, s, method, id, &ticket));
}

static json_t *stamp(struct hub *hub)
{
	return wire_put_int(json_object(), "timestamp",
			    (int64_t)(loop_now_us(hub->loop) / 1000));
}

static void answer(struct hub *hub, const struct media_out *reply, json_t *list)
{
	session_ok(session_of_ticket(hub, &reply->reply.ticket),
		   reply->reply.ticket.req, list);
}

static const char *ice_state(Media__IceState s)
{
	switch (s) {
	case MEDIA__ICE_STATE__ICE_CONNECTED:
		return "connected";
	case MEDIA__ICE_STATE__ICE_COMPLETED:
		return "completed";
	case MEDIA__ICE_STATE__ICE_DISCONNECTED:
		return "disconnected";
	default:
		return "new";
	}
}

static const char *dtls_state(Media__DtlsState s)
{
	switch (s) {
	case MEDIA__DTLS_STATE__DTLS_CONNECTING:
		return "connecting";
	case MEDIA__DTLS_STATE__DTLS_CONNECTED:
		return "connected";
	case MEDIA__DTLS_STATE__DTLS_FAILED:
		return "failed";
	case MEDIA__DTLS_STATE__DTLS_CLOSED:
		return "closed";
	default:
		return "new";
	}
}

void api_stats_transport(struct api_req *r)
{
	ask(r, "transportId", MEDIA__METHOD__GET_TRANSPORT_STATS);
}

/* "192.0.2.1:5" or "[2001:db8::1]:5" taken apart. */
static json_t *put_address(json_t *o, const char *name, const char *port_name,
			   const char *text)
{
	const char *colon = text ? strrchr(text, ':') : NULL;
	char host[ADDR_STRLEN];
	uint64_t port;
	size_t len;

	if (!colon || str_u64(colon + 1, UINT16_MAX, &port) < 0)
		return o;
	if (*text == '[' && colon[-1] == ']') {
		len = (size_t)(colon - text - 2);
		text++;
	} else {
		len = (size_t)(colon - text);
	}
	if (len >= sizeof(host))
		return o;
	memcpy(host, text, len);
	host[len] = '\0';
	o = wire_put_str(o, name, host);
	return wire_put_int(o, port_name, (int64_t)port);
}

static json_t *tuple(const Media__TransportStats *s)
{
	json_t *o = json_object();

	o = put_address(o, "localAddress", "localPort", s->local);
	o = put_address(o, "remoteIp", "remotePort", s->remote);
	return wire_put_str(o, "protocol", s->tcp ? "tcp" : "udp");
}

static json_t *put_rates(json_t *o, const Media__TransportStats *s)
{
	o = wire_put_int(o, "bytesReceived", (int64_t)s->bytes_received);
	o = wire_put_int(o, "recvBitrate", s->recv_bitrate);
	o = wire_put_int(o, "bytesSent", (int64_t)s->bytes_sent);
	o = wire_put_int(o, "sendBitrate", s->send_bitrate);
	o = wire_put_int(o, "rtpBytesReceived", (int64_t)s->rtp_bytes_received);
	o = wire_put_int(o, "rtpRecvBitrate", s->rtp_recv_bitrate);
	o = wire_put_int(o, "rtpBytesSent", (int64_t)s->rtp_bytes_sent);
	o = wire_put_int(o, "rtpSendBitrate", s->rtp_send_bitrate);
	o = wire_put_int(o, "rtxBytesReceived", (int64_t)s->rtx_bytes_received);
	o = wire_put_int(o, "rtxRecvBitrate", s->rtx_recv_bitrate);
	o = wire_put_int(o, "rtxBytesSent", (int64_t)s->rtx_bytes_sent);
	o = wire_put_int(o, "rtxSendBitrate", s->rtx_send_bitrate);
	o = wire_put_int(o, "probationBytesSent",
			 (int64_t)s->probation_bytes_sent);
	return wire_put_int(o, "probationSendBitrate",
			    s->probation_send_bitrate);
}

void api_stats_transport_end(struct hub *hub, const struct media_out *reply)
{
	const Media__TransportStats *s = reply->reply.msg;
	json_t *o = wire_put_str(stamp(hub), "type", "webrtc-transport");

	o = wire_put_id(o, "transportId", s->id);
	o = wire_put_str(o, "iceRole", "controlled");
	o = wire_put_str(o, "iceState", ice_state(s->ice));
	o = wire_put_str(o, "dtlsState", dtls_state(s->dtls));
	o = wire_put_str(o, "sctpState", "new");
	o = put_rates(o, s);
	if (s->has_available_outgoing)
		o = wire_put_int(o, "availableOutgoingBitrate",
				 s->available_outgoing);
	if (s->has_available_incoming)
		o = wire_put_int(o, "availableIncomingBitrate",
				 s->available_incoming);
	if (s->has_max_incoming)
		o = wire_put_int(o, "maxIncomingBitrate", s->max_incoming);
	if (s->has_loss_received)
		o = wire_put(o, "rtpPacketLossReceived",
			     json_real(s->loss_received));
	if (s->has_loss_sent)
		o = wire_put(o, "rtpPacketLossSent", json_real(s->loss_sent));
	if (s->has_rtt_us)
		o = wire_put(o, "roundTripTime",
			     json_real((double)s->rtt_us / 1000));
	if (s->srtp_profile)
		o = wire_put_str(o, "srtpProfile", s->srtp_profile);
	if (s->remote)
		o = wire_put(o, "iceSelectedTuple", tuple(s));
	answer(hub, reply, wire_add(json_array(), o));
}

static const char *codec_name(Media__Codec c)
{
	switch (c) {
	case MEDIA__CODEC__MULTIOPUS:
		return "audio/multiopus";
	case MEDIA__CODEC__PCMU:
		return "audio/PCMU";
	case MEDIA__CODEC__PCMA:
		return "audio/PCMA";
	case MEDIA__CODEC__G722:
		return "audio/G722";
	case MEDIA__CODEC__VP8:
		return "video/VP8";
	case MEDIA__CODEC__VP9:
		return "video/VP9";
	case MEDIA__CODEC__H264:
		return "video/H264";
	case MEDIA__CODEC__AV1:
		return "video/AV1";
	default:
		return "audio/opus";
	}
}

static json_t *layers_json(const Media__StreamStats *s)
{
	json_t *o = json_object();
	char key[32];

	for (size_t i = 0; i < s->n_layer_bitrate; i++) {
		if (!s->layer_bitrate[i])
			continue;
		key[0] = '\0';
		(void)str_addf(key, sizeof(key), "%zu.%zu", i / 4, i % 4);
		o = wire_put_int(o, key, s->layer_bitrate[i]);
	}
	return o;
}

static json_t *put_counts(json_t *o, const Media__StreamStats *s)
{
	o = wire_put_int(o, "packetsLost", (int64_t)s->packets_lost);
	/* Of 256, as in RTCP. */
	o = wire_put_int(o, "fractionLost", lround(s->fraction_lost * 256));
	o = wire_put_int(o, "jitter", (int64_t)s->jitter);
	o = wire_put_int(o, "packetsDiscarded", (int64_t)s->packets_discarded);
	o = wire_put_int(o, "packetsRetransmitted",
			 (int64_t)s->packets_retransmitted);
	o = wire_put_int(o, "packetsRepaired", (int64_t)s->packets_repaired);
	if (s->has_rtx_packets_discarded)
		o = wire_put_int(o, "rtxPacketsDiscarded",
				 (int64_t)s->rtx_packets_discarded);
	o = wire_put_int(o, "nackCount", (int64_t)s->nacks);
	o = wire_put_int(o, "nackPacketCount", (int64_t)s->nack_packets);
	o = wire_put_int(o, "pliCount", (int64_t)s->plis);
	o = wire_put_int(o, "firCount", (int64_t)s->firs);
	o = wire_put_int(o, "byteCount", (int64_t)s->bytes);
	o = wire_put_int(o, "packetCount", (int64_t)s->packets);
	return wire_put_int(o, "bitrate", s->bitrate);
}

static json_t *stream_json(struct hub *hub, const Media__StreamStats *s,
			   const char *type)
{
	json_t *o = wire_put_str(stamp(hub), "type", type);
	bool video = s->kind == MEDIA__MEDIA_KIND__VIDEO;

	o = wire_put_int(o, "ssrc", s->ssrc);
	if (s->has_rtx_ssrc && s->rtx_ssrc)
		o = wire_put_int(o, "rtxSsrc", s->rtx_ssrc);
	if (s->rid && s->rid[0])
		o = wire_put_str(o, "rid", s->rid);
	o = wire_put_str(o, "kind", video ? "video" : "audio");
	o = wire_put_str(o, "mimeType", codec_name(s->codec));
	o = put_counts(o, s);
	o = wire_put_int(o, "score", s->score);
	if (s->has_rtt_us)
		o = wire_put(o, "roundTripTime",
			     json_real((double)s->rtt_us / 1000));
	return s->n_layer_bitrate
		       ? wire_put(o, "bitrateByLayer", layers_json(s))
		       : o;
}

void api_stats_producer(struct api_req *r)
{
	ask(r, "producerId", MEDIA__METHOD__GET_PRODUCER_STATS);
}

void api_stats_producer_end(struct hub *hub, const struct media_out *reply)
{
	const Media__ProducerStats *s = reply->reply.msg;
	json_t *list = json_array();

	for (size_t i = 0; i < s->n_streams; i++)
		list = wire_add(list,
				stream_json(hub, s->streams[i], "inbound-rtp"));
	answer(hub, reply, list);
}

void api_stats_consumer(struct api_req *r)
{
	ask(r, "consumerId", MEDIA__METHOD__GET_CONSUMER_STATS);
}

void api_stats_consumer_end(struct hub *hub, const struct media_out *reply)
{
	const Media__ConsumerStats *s = reply->reply.msg;
	json_t *list = json_array();
	json_t *o;

	if (s->sent) {
		o = stream_json(hub, s->sent, "outbound-rtp");
		if (s->has_spatial)
			o = wire_put_int(o, "spatialLayer", s->spatial);
		if (s->has_temporal)
			o = wire_put_int(o, "temporalLayer", s->temporal);
		if (s->has_allocated)
			o = wire_put_int(o, "allocatedBitrate", s->allocated);
		if (s->has_limit && told_limit((int)s->limit))
			o = wire_put_str(o, "limitReason",
					 told_limit((int)s->limit));
		list = wire_add(list, o);
	}
	for (size_t i = 0; i < s->n_received; i++)
		list = wire_add(
			list, stream_json(hub, s->received[i], "inbound-rtp"));
	answer(hub, reply, list);
}

/* What a client saw of its network; kept nowhere but in the debug log. */
void api_stats_report(struct api_req *r)
{
	double rtt = wire_num(&r->w, "rttMs", 0);
	double loss = wire_num(&r->w, "loss", 0);

	if (r->w.bad) {
		dispatch_result(r, -EINVAL);
		return;
	}
	log_debug("api", "network report", "peer=%s rtt_ms=%.0f loss=%.3f",
		  r->peer->pid, rtt, loss);
	session_ok(r->s, r->id, NULL);
}
