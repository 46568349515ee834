/*
 * site: a server role without a worker in a process of its own (net, hub,
 * rooms, journal: the real ones), and clients that speak WebSocket to it
 * over loopback.
 *
 *	struct site *k = site_start("waiting");
 *	struct site_client *host = site_connect(k, "room", "");
 *	json_t *r = site_ask(host, "enter", "{s:s}", "displayName", "Ann");
 *	...
 *	site_stop(k);
 */
#ifndef TESTS_UNIT_SIGNALD_SITE_H
#define TESTS_UNIT_SIGNALD_SITE_H

#include <jansson.h>
#include <stdint.h>

struct site {
	int pid;
	uint16_t port;
	char dir[64];
};

struct site_client;

struct site *site_start(const char *policy);
void site_stop(struct site *k);
/* The process dies without a word, and another one takes its place. */
void site_crash(struct site *k);

struct site_client *site_connect(struct site *k, const char *room,
				 const char *peer);
void site_hang_up(struct site_client *c);

void site_send(struct site_client *c, const char *text, size_t len);

/*
 * The next message (new reference), NULL when none came in ms. The end of the
 * connection is {"closed": code, "reason": text}.
 */
json_t *site_next(struct site_client *c, int ms);

/* Drops messages until one has this method; NULL when none came. */
json_t *site_wait(struct site_client *c, const char *method, int ms);

/*
 * Sends a request with json_pack() data and returns the answer; what came
 * before it is kept for site_next().
 */
json_t *site_ask(struct site_client *c, const char *method, const char *fmt,
		 ...);
json_t *site_ask_as(struct site_client *c, uint32_t id, const char *method,
		    json_t *data);

/* "" when the answer is ok, else its errorReason. */
const char *site_refused(const json_t *answer);
const char *site_str(const json_t *answer, const char *field);

/* POST; the status, and the body in *out (new reference, may be NULL). */
int site_post(struct site *k, const char *path, const char *body, json_t **out);

#endif
