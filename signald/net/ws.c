#include "signald/net/ws.h"

#include "common/rd.h"
#include "common/str.h"
#include "signald/net/http.h"

#include <errno.h>
#include <event2/buffer.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <wslay/wslay.h>

/* RFC 6455 section 1.3 */
#define WS_GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define KEY_LEN 24 /* base64 of 16 bytes */

#define CONTROL_MAX 125 /* payload of a control frame */
#define HEAD_MAX    14	/* bytes before a frame's payload */

struct ws {
	wslay_event_context_ptr ctx;
	struct evbuffer *in;  /* only during ws_next() */
	struct evbuffer *out; /* borrowed */
	char *text;	      /* the message that has come; NULL: none */
	size_t text_len;
	uint8_t head[HEAD_MAX]; /* of the frame being read */
	size_t head_n;
	uint64_t payload_left;
	bool frame_done; /* the frame is whole: no more bytes for now */
	bool starved;	 /* the rest of a frame has not come yet */
	uint16_t fault;
	bool told; /* text was handed out: free it next time */
	bool pong;
	bool broken;  /* wslay's state is of no use any more */
	bool closing; /* ws_close() was called */
	bool closed;  /* WS_CLOSED was told */
};

int ws_handshake(const struct http_req *req, char accept[WS_ACCEPT_LEN + 1])
{
	const char *key = http_header(req, "sec-websocket-key");
	const char *version = http_header(req, "sec-websocket-version");
	unsigned char raw[KEY_LEN], sha[SHA_DIGEST_LENGTH];
	char text[KEY_LEN + sizeof(WS_GUID)];

	if (!str_eq(req->method, "GET") ||
	    !http_has_token(http_header(req, "upgrade"), "websocket") ||
	    !http_has_token(http_header(req, "connection"), "upgrade"))
		return 400;
	if (!version || !str_eq(version, "13"))
		return 426;
	if (!key || strlen(key) != KEY_LEN || !str_eq(key + 22, "==") ||
	    EVP_DecodeBlock(raw, (const unsigned char *)key, KEY_LEN) != 18)
		return 400;
	memcpy(text, key, KEY_LEN);
	memcpy(text + KEY_LEN, WS_GUID, sizeof(WS_GUID));
	SHA1((const unsigned char *)text, sizeof(text) - 1, sha);
	EVP_EncodeBlock((unsigned char *)accept, sha, sizeof(sha));
	return 0;
}

/* How long a head is, judged by its first bytes. */
static size_t head_len(const struct ws *ws)
{
	uint8_t len = ws->head[1] & 0x7f;

	if (ws->head_n < 2)
		return 2;
	return 2u +
	       (len == 126   ? 2
		: len == 127 ? 8
			     : 0) +
	       (ws->head[1] & 0x80 ? 4 : 0);
}

/* Counts bytes of a head; at its end the payload's length is known. */
static void count_head(struct ws *ws, const uint8_t *p, size_t n)
{
	uint8_t len;
	struct rd r;

	memcpy(ws->head + ws->head_n, p, n);
	ws->head_n += n;
	if (ws->head_n < 2 || ws->head_n < head_len(ws))
		return;
	len = ws->head[1] & 0x7f;
	r = rd_of(ws->head + 2, 8);
	ws->payload_left = len == 126	? rd_u16(&r)
			   : len == 127 ? rd_u64(&r)
					: len;
	ws->head_n = 0;
	ws->frame_done = !ws->payload_left;
}

/*
 * Gives wslay one frame at a time: its answer (a pong; wslay drops those
 * that wait when a close is queued) and what the layer above answers to a
 * message go out before the next frame is judged.
 */
static ssize_t on_recv(wslay_event_context_ptr ctx, uint8_t *buf, size_t len,
		       int flags, void *arg)
{
	struct ws *ws = arg;
	size_t want = ws->payload_left;
	bool in_head = !want;
	int n = 0;

	(void)flags;
	if (in_head)
		want = head_len(ws) - ws->head_n;
	/* wslay checks the text of a close right only when it comes whole. */
	else if (ws->head[0] & 0x08 && ws->in &&
		 evbuffer_get_length(ws->in) < want && want <= CONTROL_MAX)
		len = 0;
	if (ws->in && !ws->frame_done)
		n = evbuffer_remove(ws->in, buf, len < want ? len : want);
	if (n <= 0) {
		ws->starved = !ws->frame_done;
		wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
		return -1;
	}
	if (in_head) {
		count_head(ws, buf, (size_t)n);
	} else {
		ws->payload_left -= (size_t)n;
		ws->frame_done = !ws->payload_left;
	}
	return n;
}

static ssize_t on_send(wslay_event_context_ptr ctx, const uint8_t *data,
		       size_t len, int flags, void *arg)
{
	struct ws *ws = arg;

	(void)flags;
	if (!evbuffer_add(ws->out, data, len))
		return (ssize_t)len;
	wslay_event_set_error(ctx, WSLAY_ERR_CALLBACK_FAILURE);
	return -1;
}

static void fail(struct ws *ws, uint16_t code)
{
	if (!ws->fault)
		ws->fault = code;
	wslay_event_shutdown_read(ws->ctx);
	wslay_event_queue_close(ws->ctx, code, NULL, 0);
}

static void on_msg(wslay_event_context_ptr ctx,
		   const struct wslay_event_on_msg_recv_arg *a, void *arg)
{
	struct ws *ws = arg;

	(void)ctx;
	if (a->opcode == WSLAY_PONG)
		ws->pong = true;
	if (a->opcode == WSLAY_BINARY_FRAME)
		fail(ws, WSLAY_CODE_UNSUPPORTED_DATA);
	if (a->opcode != WSLAY_TEXT_FRAME)
		return;
	ws->text = malloc(a->msg_length + 1);
	if (!ws->text) {
		fail(ws, WSLAY_CODE_INTERNAL_SERVER_ERROR);
		return;
	}
	if (a->msg_length)
		memcpy(ws->text, a->msg, a->msg_length);
	ws->text[a->msg_length] = '\0';
	ws->text_len = a->msg_length;
	ws->told = false;
}

/* A close frame with half a code; wslay takes it for an empty one. */
static void on_frame(wslay_event_context_ptr ctx,
		     const struct wslay_event_on_frame_recv_start_arg *a,
		     void *arg)
{
	(void)ctx;
	if (a->opcode == WSLAY_CONNECTION_CLOSE && a->payload_length == 1)
		fail(arg, WSLAY_CODE_PROTOCOL_ERROR);
}

static const struct wslay_event_callbacks callbacks = {
	.recv_callback = on_recv,
	.send_callback = on_send,
	.on_frame_recv_start_callback = on_frame,
	.on_msg_recv_callback = on_msg,
};

struct ws *ws_new(struct evbuffer *out, uint32_t msg_cap)
{
	struct ws *ws = calloc(1, sizeof(*ws));

	if (!ws)
		return NULL;
	ws->out = out;
	if (wslay_event_context_server_init(&ws->ctx, &callbacks, ws)) {
		free(ws);
		return NULL;
	}
	wslay_event_config_set_max_recv_msg_length(ws->ctx, msg_cap);
	return ws;
}

void ws_free(struct ws *ws)
{
	if (!ws)
		return;
	free(ws->text);
	wslay_event_context_free(ws->ctx);
	free(ws);
}

/*
 * On frames that cannot be parsed wslay queues a close without a code; ours
 * says 1002.
 */
static void on_bad_frame(struct ws *ws)
{
	static const unsigned char bye[] = {0x88, 2, 0x03, 0xea};

	ws->fault = WSLAY_CODE_PROTOCOL_ERROR;
	ws->broken = true;
	evbuffer_add(ws->out, bye, sizeof(bye));
}

/* Reads one frame, or what is there of it; false: nothing more to read. */
static bool read_frame(struct ws *ws)
{
	ws->frame_done = false;
	if (wslay_event_recv(ws->ctx) && !ws->fault) {
		on_bad_frame(ws);
		return false;
	}
	/* wslay queues the pongs and the close frames by itself. */
	if (wslay_event_send(ws->ctx) && !ws->fault)
		ws->fault = WSLAY_CODE_INTERNAL_SERVER_ERROR;
	return !ws->fault && wslay_event_get_read_enabled(ws->ctx) &&
	       !wslay_event_get_close_received(ws->ctx);
}

/* Reads until a message has come or the bytes are used. */
static void read_frames(struct ws *ws, struct evbuffer *in)
{
	ws->in = in;
	ws->starved = false;
	while (!ws->broken && read_frame(ws) && !ws->text && !ws->starved)
		;
	ws->in = NULL;
}

/* A code of ours that is no echo of theirs tells a fault of theirs. */
static void settle_fault(struct ws *ws)
{
	uint16_t sent = wslay_event_get_status_code_sent(ws->ctx);
	uint16_t got = wslay_event_get_status_code_received(ws->ctx);

	if (!ws->fault && sent != got && !ws->closing)
		ws->fault = sent;
}

enum ws_event ws_next(struct ws *ws, struct evbuffer *in, const char **text,
		      size_t *len)
{
	if (ws->told) {
		free(ws->text);
		ws->text = NULL;
		ws->told = false;
	}
	if (ws->closed)
		return WS_NONE;
	read_frames(ws, in);
	if (ws->text) {
		ws->told = true;
		*text = ws->text;
		*len = ws->text_len;
		return WS_TEXT;
	}
	if (ws->pong) {
		ws->pong = false;
		return WS_PONG;
	}
	if (ws->broken || !wslay_event_get_read_enabled(ws->ctx) ||
	    wslay_event_get_close_received(ws->ctx)) {
		ws->closed = true;
		settle_fault(ws);
		return WS_CLOSED;
	}
	return WS_NONE;
}

uint16_t ws_fault(const struct ws *ws)
{
	return ws->fault;
}

static int queue(struct ws *ws, uint8_t opcode, const char *p, size_t len)
{
	struct wslay_event_msg m = {
		.opcode = opcode, .msg = (const uint8_t *)p, .msg_length = len};
	int err = ws->broken ? WSLAY_ERR_NO_MORE_MSG
			     : wslay_event_queue_msg(ws->ctx, &m);

	if (err)
		return err == WSLAY_ERR_NOMEM ? -ENOMEM : -EPIPE;
	return wslay_event_send(ws->ctx) ? -ENOMEM : 0;
}

int ws_send(struct ws *ws, const char *text, size_t len)
{
	return queue(ws, WSLAY_TEXT_FRAME, text, len);
}

int ws_ping(struct ws *ws)
{
	return queue(ws, WSLAY_PING, NULL, 0);
}

int ws_close(struct ws *ws, uint16_t code, const char *reason)
{
	size_t len = strlen(reason);
	int err = wslay_event_queue_close(
		ws->ctx, code, (const uint8_t *)reason, len > 123 ? 123 : len);

	if (err)
		return err == WSLAY_ERR_NOMEM ? -ENOMEM : -EPIPE;
	return wslay_event_send(ws->ctx) ? -ENOMEM : 0;
}
