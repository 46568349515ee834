/*
 * admindrill: `chattrctl simulate`: processes die and hang, connections drop,
 * on purpose, to see what comes of it. Refused unless server.drills is on.
 */
#ifndef SIGNALD_API_ADMINDRILL_H
#define SIGNALD_API_ADMINDRILL_H

#include <stdbool.h>

struct admincmd_call;
struct lifeline_msg;

bool admindrill_run(struct admincmd_call *c); /* as admincmd_run() */

/* Names the worker of an argument in a message; false: it was refused. */
bool admindrill_worker(struct admincmd_call *c, const char *arg,
		       struct lifeline_msg *m);

/* Says it to the supervisor; always false. */
bool admindrill_tell(struct admincmd_call *c, const struct lifeline_msg *m);

#endif
