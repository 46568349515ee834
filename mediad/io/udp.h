/*
 * udp: the one UDP socket of a worker, receiving side.
 *
 * A dual-stack IPv6 socket (or IPv4 where the kernel has no IPv6) with
 * IP_PKTINFO and kernel receive stamps. The kernel drops what cannot be ours
 * by first byte and length (cBPF). Sending is txq's.
 *
 *	u = udp_adopt(udp_socket(&local, 4 << 20), pool);
 *	n = udp_recv(u, rx, RX_BATCH, now_us);
 *	for (i = 0; i < n; i++)
 *		ingress(rx[i].pkt, &rx[i].local, &rx[i].remote);
 *
 * The worker owns it, and the pool, which outlives it.
 */
#ifndef MEDIAD_IO_UDP_H
#define MEDIAD_IO_UDP_H

#include <stdint.h>

#include "common/addr.h"
#include "common/pkt.h"
#include "mediad/io/rx.h"

struct udp;

struct udp_stats {
	uint64_t packets;
	uint64_t bytes;
	uint64_t truncated;   /* longer than PKT_CAP */
	uint64_t no_pkt;      /* the pool was empty: left in the socket */
	uint64_t kernel_drop; /* the socket's buffer was full (SO_RXQ_OVFL) */
	uint32_t rcvbuf;      /* bytes granted */
	uint32_t sndbuf;
};

/*
 * A bound socket with its options, buffers of `bufsize` bytes and the filter:
 * what the supervisor makes and hands to a worker. `local` any: dual-stack.
 * Returns the descriptor or -errno.
 */
int udp_socket(const struct addr *local, uint32_t bufsize);

/* Takes the descriptor over (also when it fails). NULL with errno set. */
struct udp *udp_adopt(int fd, struct pkt_pool *pool);
void udp_free(struct udp *u); /* closes the socket */

int udp_fd(const struct udp *u);
uint16_t udp_port(const struct udp *u);

/*
 * Receives what is there, at most cap (RX_BATCH at a time is best). Returns
 * the count, 0 when there is nothing or no free buffer, or -errno.
 */
int udp_recv(struct udp *u, struct rx rx[], int cap, uint64_t now_us);

const struct udp_stats *udp_stats(const struct udp *u);

#endif
