/*
 * WebSocket frames: the first byte says how the rest is cut into reads;
 * however that is, messages, answers and the fault are the same.
 */
#include <event2/buffer.h>
#include <string.h>

#include "common/str.h"
#include "signald/net/ws.h"
#include "tests/fuzz/fuzz.h"

#define CAP 4096

struct sum {
	uint64_t hash;
	unsigned int messages, pongs, closed, fault;
};

static void drain(struct ws *ws, struct evbuffer *in, struct sum *s)
{
	const char *text;
	size_t len;

	for (;;) {
		switch (ws_next(ws, in, &text, &len)) {
		case WS_NONE:
			return;
		case WS_PONG:
			s->pongs = 1; /* several may be told as one */
			break;
		case WS_CLOSED:
			s->closed++;
			s->fault = ws_fault(ws);
			break;
		case WS_TEXT:
			FUZZ_CHECK(len <= CAP && !text[len]);
			for (size_t i = 0; i < len; i++)
				s->hash = s->hash * 31 + (unsigned char)text[i];
			s->messages++;
			ws_send(ws, text, len);
			break;
		}
	}
}

static struct sum feed(const uint8_t *data, size_t len, size_t step)
{
	struct evbuffer *in = evbuffer_new(), *out = evbuffer_new();
	struct ws *ws = ws_new(out, CAP);
	struct sum s = {0};
	unsigned char c;

	for (size_t at = 0; at < len; at += step) {
		evbuffer_add(in, data + at, step < len - at ? step : len - at);
		drain(ws, in, &s);
	}
	FUZZ_CHECK(s.closed <= 1);
	/* What goes back to the client is part of the result. */
	while (evbuffer_remove(out, &c, 1) == 1)
		s.hash = s.hash * 33 + c;
	ws_free(ws);
	evbuffer_free(in);
	evbuffer_free(out);
	return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct sum a, b;

	if (!len)
		return 0;
	a = feed(data + 1, len - 1, len);
	b = feed(data + 1, len - 1, 1u + data[0] % 16);
	FUZZ_CHECK(a.hash == b.hash && a.messages == b.messages);
	FUZZ_CHECK(a.closed == b.closed && a.fault == b.fault);
	return 0;
}
