/*
 * sockets: the bound sockets that the supervisor makes and the roles use:
 * non-blocking, close-on-exec, the caller's to close. A process that dies
 * does not take them along, so its successor goes on with what has queued.
 *
 * All return the descriptor or -errno. address "" means every address, IPv6
 * and IPv4 in one socket where the kernel has IPv6.
 */
#ifndef SIGNALD_SOCKETS_H
#define SIGNALD_SOCKETS_H

#include "common/addr.h"

#include <stddef.h>
#include <stdint.h>

int sockets_tcp(const char *address, uint16_t port);

/* buffer_bytes each way; what was granted is logged when it is less. */
int sockets_udp(const char *address, uint16_t port, uint32_t buffer_bytes);

/* A listening stream socket of mode 0600; an old one is replaced. */
int sockets_unix(const char *path);

/* The local port, host order; 0 on failure. */
uint16_t sockets_port(int fd);

/*
 * This machine's addresses, port 0: those of interfaces that are up, global
 * ones; loopback only when there is nothing else. Returns how many.
 */
size_t sockets_own_addrs(struct addr *out, size_t cap);

#endif
