/*
 * addr: one end of a flow: family, address, port. Compares as bytes; holds
 * IPv4 and IPv6 alike. A v4-mapped IPv6 address is turned into IPv4.
 */
#ifndef COMMON_ADDR_H
#define COMMON_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct addr {
	uint8_t ip[16]; /* v4: the first four bytes, the rest 0 */
	uint32_t scope; /* v6 link-local: interface index, else 0 */
	uint16_t port;	/* host order */
	uint8_t v6;	/* 0 or 1 */
	uint8_t pad;	/* 0, so that memcmp is equality */
};

#define ADDR_STRLEN 64 /* "[v6%scope]:port" and a NUL */

/* 0 or -EAFNOSUPPORT. */
int addr_from_sa(struct addr *a, const struct sockaddr *sa);
socklen_t addr_to_sa(const struct addr *a, struct sockaddr_storage *ss);

/* A numeric host (no names are resolved) and a port; 0 or -EINVAL. */
int addr_parse(struct addr *a, const char *host, uint16_t port);

bool addr_eq(const struct addr *a, const struct addr *b);
uint64_t addr_hash(const struct addr *a, uint64_t seed);

bool addr_is_loopback(const struct addr *a);
bool addr_is_any(const struct addr *a);

/* "1.2.3.4:5" or "[::1]:5"; with _ip the address alone. Returns out. */
const char *addr_str(const struct addr *a, char out[ADDR_STRLEN]);
const char *addr_ip(const struct addr *a, char out[ADDR_STRLEN]);

/*
 * The key under which rate limits count: a v4 address whole, a v6 address by
 * its /64; the port is left out.
 */
struct addr addr_bucket(const struct addr *a);

#endif
