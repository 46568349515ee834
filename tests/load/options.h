/* options: what chattr-load is asked to do. */
#ifndef TESTS_LOAD_OPTIONS_H
#define TESTS_LOAD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tests/load/pub.h"

#define OPTIONS_PIDS 16

struct options {
	const char *name;
	const char *lines; /* file that gets a line a figure */
	unsigned tick_ms;  /* sockets are emptied that often */
	unsigned rooms;
	unsigned pubs;	   /* a room: who only sends */
	unsigned subs;	   /* a room: who only receives */
	unsigned both;	   /* a room: who does both */
	unsigned every_ms; /* between two joins */
	unsigned warm_s;
	unsigned secs;
	bool members; /* they enter, and come back with a token */
	unsigned away_ms;
	unsigned harm_ms;  /* harm.h: how often */
	unsigned blip_ms;  /* so long without network */
	bool move;	   /* to another port */
	unsigned churn_ms; /* one leaves and one joins, so often */
	const char *trail;
	/* file of gaps and moments; NULL: none */ /* all lose their
						      WebSocket for so
						      long; 0: no */
	unsigned join_s; /* all must be in after that time */
	int cpu;
	int server_cpu;
	bool spin;
	bool floor;
	const char *backend;
	unsigned settle_s; /* receivers first, and memory by parts; 0: no */
	bool ramp;	   /* room by room, up to the limit */
	pid_t pids[OPTIONS_PIDS];
	int n_pids;
	pid_t also[OPTIONS_PIDS]; /* only their memory counts */
	int n_also;
	uint16_t port; /* of signaling */
	const char *host;
	struct pub_conf pub;
	uint32_t sample;
};

/* 0 or -1; options_usage() tells how to do it right. */
int options_parse(struct options *o, int argc, char **argv);
const char *options_usage(void);

#endif
