/* HTTP heads: upgrades that must be refused, and hostile ones. */
#include "tests/wire/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOST "Host: wire\r\n"
#define UP   "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define KEY  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define V13  "Sec-WebSocket-Version: 13\r\n"
#define SUB  "Sec-WebSocket-Protocol: protoo\r\n"
#define GET  "GET /?roomId=wire HTTP/1.1\r\n" HOST

static const struct {
	const char *about, *text;
	int status;
} heads[] = {
	{"an upgrade", GET UP KEY V13 SUB "\r\n", 101},
	{"any path",
	 "GET /ws?roomId=a&peerId=b HTTP/1.1\r\n" HOST UP KEY V13 SUB "\r\n",
	 101},
	{"names in any case",
	 "GET /?roomId=w HTTP/1.1\r\nhOST: w\r\n"
	 "UPGRADE: WebSocket\r\nconnection: x, UPGRADE\r\n"
	 "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n" V13 SUB "\r\n",
	 101},
	{"protoo among others",
	 GET UP KEY V13 "Sec-WebSocket-Protocol: chat, protoo\r\n\r\n", 101},
	{"own origin", GET UP KEY V13 SUB "Origin: https://wire:1\r\n\r\n",
	 101},
	{"compression is offered, not taken",
	 GET UP KEY V13 SUB
	 "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
	 101},
	{"no roomId", "GET / HTTP/1.1\r\n" HOST UP KEY V13 SUB "\r\n", 400},
	{"empty roomId",
	 "GET /?roomId= HTTP/1.1\r\n" HOST UP KEY V13 SUB "\r\n", 400},
	{"bad roomId",
	 "GET /?roomId=a%20b HTTP/1.1\r\n" HOST UP KEY V13 SUB "\r\n", 400},
	{"roomId with a dot",
	 "GET /?roomId=.. HTTP/1.1\r\n" HOST UP KEY V13 SUB "\r\n", 400},
	{"roomId of 65",
	 "GET /?roomId=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	 "aaaaaaaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\n" HOST UP KEY V13 SUB "\r\n",
	 400},
	{"bad peerId",
	 "GET /?roomId=a&peerId=%00 HTTP/1.1\r\n" HOST UP KEY V13 SUB "\r\n",
	 400},
	{"no sub-protocol", GET UP KEY V13 "\r\n", 403},
	{"another sub-protocol",
	 GET UP KEY V13 "Sec-WebSocket-Protocol: protoo2\r\n\r\n", 403},
	{"a foreign origin",
	 GET UP KEY V13 SUB "Origin: https://evil.example\r\n\r\n", 403},
	{"origin null", GET UP KEY V13 SUB "Origin: null\r\n\r\n", 403},
	{"no version", GET UP KEY SUB "\r\n", 426},
	{"version 8", GET UP KEY SUB "Sec-WebSocket-Version: 8\r\n\r\n", 426},
	{"no key", GET UP V13 SUB "\r\n", 400},
	{"a short key", GET UP V13 SUB "Sec-WebSocket-Key: abc=\r\n\r\n", 400},
	{"a key that is no base64",
	 GET UP V13 SUB "Sec-WebSocket-Key: !!!!!!!!!!!!!!!!!!!!!!==\r\n\r\n",
	 400},
	{"POST", "POST /?roomId=wire HTTP/1.1\r\n" HOST UP KEY V13 SUB "\r\n",
	 400},
	{"no file, no client", "GET /x HTTP/1.1\r\n" HOST "\r\n", 404},
	{"the api",
	 "POST /api/x HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}", 200},
	{"the api, chunked",
	 "POST /api/x HTTP/1.1\r\n" HOST
	 "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
	 411},
	{"the api from elsewhere",
	 "POST /api/x HTTP/1.1\r\n" HOST
	 "Origin: https://evil.example\r\nContent-Length: 2\r\n\r\n{}",
	 403},
	{"a body of 64 KiB and one",
	 "POST /api/x HTTP/1.1\r\n" HOST "Content-Length: 65537\r\n\r\n", 413},
	{"a body of 2^64",
	 "POST /api/x HTTP/1.1\r\n" HOST
	 "Content-Length: 18446744073709551616\r\n\r\n",
	 400},
	{"a negative body",
	 "POST /api/x HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n", 400},
	{"two lengths",
	 "POST /api/x HTTP/1.1\r\n" HOST
	 "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
	 400},
	{"length and chunks",
	 "POST /api/x HTTP/1.1\r\n" HOST
	 "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	 400},
	{"chunks before something else",
	 "POST /api/x HTTP/1.1\r\n" HOST
	 "Transfer-Encoding: chunked, identity\r\n\r\n",
	 411},
	{"a chunk that is no number",
	 "POST /api/x HTTP/1.1\r\n" HOST
	 "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
	 411},
	{"DELETE", "DELETE /api/x HTTP/1.1\r\n" HOST "\r\n", 405},
	{"CONNECT", "CONNECT evil:1 HTTP/1.1\r\n" HOST "\r\n", 400},
	{"no host", "GET / HTTP/1.1\r\n\r\n", 400},
	{"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
	{"a blank before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
	{"a NUL in a value", NULL, 0},
	{"upwards", "GET /../../etc/passwd HTTP/1.1\r\n" HOST "\r\n", 400},
	{"upwards, escaped",
	 "GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n" HOST "\r\n", 400},
	{"upwards, overlong", "GET /%c0%ae%c0%ae/x HTTP/1.1\r\n" HOST "\r\n",
	 400},
	{"a backslash", "GET /..\\x HTTP/1.1\r\n" HOST "\r\n", 400},
	{"an escaped NUL", "GET /x%00.js HTTP/1.1\r\n" HOST "\r\n", 400},
	{"an escape cut off", "GET /x%f HTTP/1.1\r\n" HOST "\r\n", 400},
	{"HTTP/2's greeting", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
	{"HTTP/9.9", "GET / HTTP/9.9\r\n" HOST "\r\n", 505},
	{"TLS to the plain port", "\x16\x03\x01\x02\x01\x01", 400},
	{"SSH", "SSH-2.0-x\r\n", 400},
	{"noise", "\xff\xfe\xfd\xfc\r\n\r\n", 400},
	{"never ending", "GET / HTTP/1.1\r\nHost: w\r\nX: ", 408},
};

/* A request line or headers that grow over the limit. */
static void long_heads(void)
{
	static char text[20000];
	size_t n;

	memset(text, 'a', sizeof(text));
	memcpy(text, "GET /", 5);
	text[sizeof(text) - 1] = '\0';
	wire_http("H.long.1", "a target of 20,000 bytes", text, 431);
	n = (size_t)snprintf(text, sizeof(text), "GET / HTTP/1.1\r\n" HOST);
	for (int i = 0; i < 60; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "X: y\r\n");
	snprintf(text + n, sizeof(text) - n, "\r\n");
	wire_http("H.long.2", "60 headers", text, 431);
	n = (size_t)snprintf(text, sizeof(text), "GET / HTTP/1.1\r\n" HOST);
	while (n < 9000)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
				      "X-%zu: %0200d\r\n", n, 0);
	snprintf(text + n, sizeof(text) - n, "\r\n");
	wire_http("H.long.3", "headers of 9,000 bytes", text, 431);
}

static void nul_in_value(const char *id)
{
	static const char text[] = "GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n";
	struct wire_case *c = wire_case(id, "a NUL in a value");

	c->http = true;
	wire_raw(c, text, sizeof(text) - 1);
	c->want = (uint8_t *)strdup("HTTP/1.1 400 ");
	c->want_len = 13;
}

void wire_http_cases(void)
{
	char id[24];

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		snprintf(id, sizeof(id), "H.%zu", i + 1);
		if (heads[i].text)
			wire_http(id, heads[i].about, heads[i].text,
				  heads[i].status);
		else
			nul_in_value(id);
	}
	long_heads();
	wire_http("H.two", "two requests in one write",
		  "POST /api/x HTTP/1.1\r\n" HOST
		  "Content-Length: 0\r\n\r\nGET /y HTTP/1.1\r\n" HOST "\r\n",
		  200);
}
