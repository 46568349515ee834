/*
 * admincmd: the commands of the admin socket: a table of names, handlers and
 * arguments. To add one: a row, a function, a row in signald/ctl/ctl.c.
 */
#ifndef SIGNALD_API_ADMINCMD_H
#define SIGNALD_API_ADMINCMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct adminout;
struct answer;
struct hub;

struct admincmd_call {
	struct hub *hub;
	int lifeline;
	uint64_t conn; /* who asks, for admin_answer() */
	char **word;   /* command and arguments */
	size_t n_words;
	struct adminout *out;
};

/* True: the answer comes later (or came already) by admin_answer(). */
bool admincmd_run(struct admincmd_call *c);

/* Who is in a room under this peer id; 0: nobody. */
uint64_t admincmd_peer(const struct hub *hub, const char *pid);

/* An answer of the rooms as a table. */
void admincmd_show(struct adminout *out, const struct answer *a);

#endif
