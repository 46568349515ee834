/*
 * capture: the answer to `record` as two files: PREFIX.json with all of it,
 * PREFIX.pcapng with the packets. A recorder knows no addresses: in the
 * capture the client is 192.0.2.1, a port a transport, the worker 192.0.2.2
 * (RFC 5737). RTP is cut behind its header, RTCP after 160 bytes.
 */
#ifndef SIGNALD_CTL_CAPTURE_H
#define SIGNALD_CTL_CAPTURE_H

#include "proto/admin.pb-c.h"

/* 0 or -errno. */
int capture_write(const Admin__Reply *r, const char *prefix);

#endif
