/*
 * site: a server role without a worker in a process of its own (net, hub,
 * rooms, journal: the real ones) on loopback.
 *
 *	struct site *k = site_start("waiting");
 *	struct wsclient *host = wsclient_connect(k->port, "room", "");
 *	...
 *	site_stop(k);
 */
#ifndef TESTS_UNIT_SIGNALD_SITE_H
#define TESTS_UNIT_SIGNALD_SITE_H

#include <stdint.h>

struct site {
	int pid;
	uint16_t port;
	char dir[64];
};

struct site *site_start(const char *policy);
void site_stop(struct site *k);
/* The process dies without a word, and another one takes its place. */
void site_crash(struct site *k);

#endif
