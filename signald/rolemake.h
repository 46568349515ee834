/*
 * rolemake: what each role is before its first process: its program and
 * arguments, its sockets, its first message. Errors are told in the log.
 */
#ifndef SIGNALD_ROLEMAKE_H
#define SIGNALD_ROLEMAKE_H

#include "signald/conf.h"
#include "signald/role.h"

/* Makes state and run directory; finds mediad. 0 or -errno. */
int rolemake_dirs(const struct conf *conf);

/* The addresses for candidates, into the message all roles begin with. */
int rolemake_announce(const struct conf *conf, struct lifeline_start *st);

int rolemake_server(struct role *r, const struct conf *conf,
		    const char *program, const struct lifeline_start *base);

/* A server that waits to take over from another one, with its sockets. */
int rolemake_successor(struct role *r, const struct role *old,
		       const struct conf *conf);

int rolemake_worker(struct role *r, const struct conf *conf, uint32_t index,
		    const struct lifeline_start *base);

#endif
