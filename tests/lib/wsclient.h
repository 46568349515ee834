/*
 * wsclient: a browser's half of the signaling, blocking, for tests: protoo
 * requests and answers over a plain WebSocket to 127.0.0.1.
 *
 *	struct wsclient *c = wsclient_connect(port, "room", "");
 *	json_t *r = wsclient_ask(c, "enter", "{s:s}", "displayName", "Ann");
 *	json_t *n = wsclient_wait(c, "knock", WSCLIENT_SOON);
 *
 * A test is a process of its own and short: clients and what they were told
 * are kept until it ends, so it may drop its references or not.
 *
 * What cannot be (no answer, a broken handshake) fails the test.
 */
#ifndef TESTS_LIB_WSCLIENT_H
#define TESTS_LIB_WSCLIENT_H

#include <jansson.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>

/* ms for what must come; patient, for machines that do much besides. */
enum { WSCLIENT_SOON = 20000 };

struct wsclient;

/* Keeps a value of the test's own as well; returns it. */
json_t *wsclient_keep(json_t *v);

/* Does anybody listen there? */
bool wsclient_try(uint16_t port);

struct wsclient *wsclient_connect(uint16_t port, const char *room,
				  const char *peer);
void wsclient_hang_up(struct wsclient *c);

void wsclient_send(struct wsclient *c, const char *text, size_t len);

/*
 * The next message (new reference), NULL when none came in ms. The end of the
 * connection is {"closed": code, "reason": text}.
 */
json_t *wsclient_next(struct wsclient *c, int ms);

/* Drops messages until one has this method; NULL when none came. */
json_t *wsclient_wait(struct wsclient *c, const char *method, int ms);

/*
 * Sends a request with json_pack() data and returns the answer; what came
 * before it is kept for wsclient_next().
 */
json_t *wsclient_ask(struct wsclient *c, const char *method, const char *fmt,
		     ...);
json_t *wsclient_ask_as(struct wsclient *c, uint32_t id, const char *method,
			json_t *data);

/* "" when the answer is ok, else its errorReason. */
const char *wsclient_refused(const json_t *answer);
const char *wsclient_str(const json_t *answer, const char *field);

/* POST; the status, and the body in *out (new reference, may be NULL). */
int wsclient_post(uint16_t port, const char *path, const char *body,
		  json_t **out);

#endif
