/*
 * tcp: the passive ICE-TCP listener of a worker and its connections
 * (RFC 6544), with the framing of RFC 4571.
 *
 * One descriptor (an epoll) is readable when anything is to do; tcp_recv()
 * then accepts, reads and writes what it can, never blocking, and hands whole
 * frames up. A connection whose first valid check was not confirmed by
 * tcp_confirm() within 5 s is closed. What cannot be sent at once waits in a
 * queue of at most TCP_QUEUE_US; what would wait longer is dropped as whole
 * frames, and the count tells congestion.
 *
 *	t = tcp_new(fd, pool, 1000);
 *	n = tcp_recv(t, rx, RX_BATCH, now_us);
 *	rx[i].pkt == NULL: connection rx[i].conn has ended
 *
 * The worker owns it. Connections are named by an id that is never 0 and not
 * used again soon.
 */
#ifndef MEDIAD_IO_TCP_H
#define MEDIAD_IO_TCP_H

#include <stdint.h>
#include <sys/uio.h>

#include "common/addr.h"
#include "common/pkt.h"
#include "mediad/io/rx.h"

#define TCP_CONFIRM_US 5000000
#define TCP_QUEUE_US   500000
#define TCP_QUEUE_MAX  (256 * 1024) /* bytes a connection may have waiting */

struct tcp;

struct tcp_stats {
	uint64_t accepted;
	uint64_t refused; /* too many connections */
	uint64_t expired; /* no check within TCP_CONFIRM_US */
	uint64_t closed;
	uint64_t frames_in;
	uint64_t frames_out;
	uint64_t dropped; /* frames that would have waited too long */
	uint64_t bad;	  /* frames longer than a packet */
	uint32_t conns;	  /* now */
};

/* A bound, listening, non-blocking socket; the descriptor or -errno. */
int tcp_socket(const struct addr *local);

/* Takes the descriptor over. NULL with errno set. */
struct tcp *tcp_new(int fd, struct pkt_pool *pool, uint32_t max_conns);
void tcp_free(struct tcp *t);

int tcp_fd(const struct tcp *t);
uint16_t tcp_port(const struct tcp *t);

int tcp_recv(struct tcp *t, struct rx rx[], int cap, uint64_t now_us);

/* A check on this connection was authenticated: it may stay. */
void tcp_confirm(struct tcp *t, uint32_t conn);
void tcp_close(struct tcp *t, uint32_t conn);

/*
 * Sends n packets, each as one frame, with one writev(). Returns how many
 * went out or wait; the rest were dropped. 0 for a connection that is gone.
 */
int tcp_sendv(struct tcp *t, uint32_t conn, const struct iovec *pkts, int n,
	      uint64_t now_us);

/* Bytes that wait on a connection. */
uint32_t tcp_backlog(const struct tcp *t, uint32_t conn);

uint64_t tcp_deadline(const struct tcp *t);
void tcp_tick(struct tcp *t, uint64_t now_us);

const struct tcp_stats *tcp_stats(const struct tcp *t);

#endif
