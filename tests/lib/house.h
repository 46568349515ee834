/*
 * house: a whole signald (supervisor, server, workers) with state of its
 * own, and guests that speak its signaling; the requests are those that a
 * browser sent in the captures of tests/fixtures/mediasoup.
 *
 *	house_open(&h, "open");
 *	guest_arrive(&ann, &h, "Ann");
 *	guest_produce(&ann, "client-produce-video", NULL, id);
 *	...
 *	house_close(&h);
 *
 * What goes wrong fails the test.
 */
#ifndef TESTS_LIB_HOUSE_H
#define TESTS_LIB_HOUSE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tests/lib/wsclient.h"

struct house {
	pid_t pid; /* of the supervisor; 0: it has ended */
	uint16_t port;
	char dir[64];
	char conf[96]; /* its file, empty at first */
};

/* policy: as rooms.policy of the configuration. */
void house_open(struct house *h, const char *policy);
/* With that many workers, and a room spreads beyond so many consumers. */
void house_open_wide(struct house *h, const char *policy, unsigned workers,
		     unsigned capacity);
void house_close(struct house *h);

/* Another configuration: what the environment sets wins. */
void house_configure(const struct house *h, const char *text);

/* The role's process: a child of the supervisor with this in its command. */
pid_t house_role(const struct house *h, const char *what);

/* What an operator says to chattrctl. */
void house_command(const struct house *h, const char *what);

/* The data of a captured request. */
json_t *house_fixture(const char *name);

/* One with both transports who has joined. */
struct guest {
	struct wsclient *c;
	json_t *entered;
	char send[17], recv[17];
	uint32_t req;
};

void guest_arrive(struct guest *g, const struct house *h, const char *name);

/* as: the id to come back under, or NULL. */
void guest_produce(struct guest *g, const char *what, const char *as,
		   char out[17]);

/* Answers a newConsumer; its data. The next one of all. */
json_t *guest_accept(struct guest *g, json_t *v);
json_t *guest_offered(struct guest *g);

/* Asks until it is granted: no worker yet, or a bucket is empty. */
json_t *guest_insist(struct guest *g, const char *method, json_t *data);

/* The answer, which must not be a refusal. */
json_t *guest_ok(json_t *answer);
const char *guest_text(const json_t *o, const char *field);

#endif
