/*
 * supervisor: the process that a person or systemd starts. It parses nothing
 * from the network: it makes the sockets, starts `signald -x server` and one
 * mediad a worker, watches them (pidfd, lifeline, heartbeat), and starts
 * again what dies, with the same sockets. proto/lifeline.h is its language.
 */
#ifndef SIGNALD_SUPERVISOR_H
#define SIGNALD_SUPERVISOR_H

#include "signald/conf.h"

/* Runs until it is told to end; the program's exit status. */
int supervisor_run(const struct conf *conf);

#endif
