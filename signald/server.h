/*
 * server: the signaling role, `signald -x server`: takes its sockets from
 * the supervisor, puts net and hub together and serves until told to stop.
 */
#ifndef SIGNALD_SERVER_H
#define SIGNALD_SERVER_H

#include "signald/conf.h"

/* lifeline: the descriptor of proto/lifeline.h. The exit status. */
int server_run(const struct conf *conf, int lifeline);

#endif
