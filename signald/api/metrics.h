/*
 * metrics: the state of the server as Prometheus reads it (text format
 * 0.0.4), on the internal listener alone. Names begin with chattr_; there is
 * no label that a client chooses.
 */
#ifndef SIGNALD_API_METRICS_H
#define SIGNALD_API_METRICS_H

struct conn;
struct hub;

void metrics_reply(struct hub *hub, struct conn *c);

#endif
