/*
 * wire: conformance cases of the WebSocket and HTTP edge. A case is what a
 * client sends, byte for byte, and what must come back, byte for byte; the
 * server is signald's own net layer with a room that says back what it hears.
 *
 *	struct wire_case *c = wire_case("2.2", "a ping is answered");
 *	wire_put(c, 0x89, "hi", 2);	 // client frame, masked
 *	wire_want(c, 0x8a, "hi", 2);	 // server frame
 *
 * Cases without a close get one (1000) at the end, so that each proves that
 * the connection was still in order. The files wire_*.c add the cases.
 */
#ifndef TESTS_WIRE_WIRE_H
#define TESTS_WIRE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wire_case {
	char id[24];
	char about[96];
	bool http;   /* no upgrade first; `want` is a prefix of the answer */
	bool closes; /* a close is part of the case */
	size_t chop; /* bytes a write; 0: all at once */
	uint8_t *send;
	size_t send_len;
	uint8_t *want;
	size_t want_len;
};

struct wire_case *wire_case(const char *id, const char *about);

/* A masked client frame: head is FIN, RSV and opcode. */
void wire_put(struct wire_case *c, uint8_t head, const void *p, size_t len);

/* Bytes as they are. */
void wire_raw(struct wire_case *c, const void *p, size_t len);

/* A server frame. */
void wire_want(struct wire_case *c, uint8_t head, const void *p, size_t len);

/* The server ends the connection with this code and no reason. */
void wire_want_close(struct wire_case *c, uint16_t code);

/* A client's close frame; code 0: none. */
void wire_put_close(struct wire_case *c, uint16_t code, const char *reason);

/* A text message and its echo. */
void wire_echo(struct wire_case *c, const void *p, size_t len);

/* An HTTP request and the status line's code that answers it. */
void wire_http(const char *id, const char *about, const char *request,
	       int status);

void wire_ws_cases(void);   /* wire_ws.c: categories 1 to 5, 7 and 10 */
void wire_utf8_cases(void); /* wire_utf8.c: category 6 */
void wire_http_cases(void); /* wire_http.c */

#endif
