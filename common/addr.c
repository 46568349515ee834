#include "common/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const uint8_t v4_mapped[12] = {[10] = 0xff, [11] = 0xff};

static void set_v6(struct addr *a, const uint8_t ip[16])
{
	if (!memcmp(ip, v4_mapped, sizeof(v4_mapped))) {
		memcpy(a->ip, ip + 12, 4);
		return;
	}
	memcpy(a->ip, ip, 16);
	a->v6 = 1;
}

int addr_from_sa(struct addr *a, const struct sockaddr *sa)
{
	memset(a, 0, sizeof(*a));
	if (sa->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, sa, sizeof(in));
		memcpy(a->ip, &in.sin_addr, 4);
		a->port = ntohs(in.sin_port);
		return 0;
	}
	if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, sa, sizeof(in6));
		set_v6(a, in6.sin6_addr.s6_addr);
		a->port = ntohs(in6.sin6_port);
		a->scope = in6.sin6_scope_id;
		return 0;
	}
	return -EAFNOSUPPORT;
}

socklen_t addr_to_sa(const struct addr *a, struct sockaddr_storage *ss)
{
	memset(ss, 0, sizeof(*ss));
	if (a->v6) {
		struct sockaddr_in6 in6 = {.sin6_family = AF_INET6,
					   .sin6_port = htons(a->port),
					   .sin6_scope_id = a->scope};

		memcpy(&in6.sin6_addr, a->ip, 16);
		memcpy(ss, &in6, sizeof(in6));
		return sizeof(in6);
	} else {
		struct sockaddr_in in = {.sin_family = AF_INET,
					 .sin_port = htons(a->port)};

		memcpy(&in.sin_addr, a->ip, 4);
		memcpy(ss, &in, sizeof(in));
		return sizeof(in);
	}
}

int addr_parse(struct addr *a, const char *host, uint16_t port)
{
	uint8_t ip[16];

	memset(a, 0, sizeof(*a));
	a->port = port;
	if (inet_pton(AF_INET, host, a->ip) == 1)
		return 0;
	if (inet_pton(AF_INET6, host, ip) != 1)
		return -EINVAL;
	set_v6(a, ip);
	return 0;
}

bool addr_eq(const struct addr *a, const struct addr *b)
{
	return !memcmp(a, b, sizeof(*a));
}

uint64_t addr_hash(const struct addr *a, uint64_t seed)
{
	uint64_t w[3];
	uint64_t h = seed ^ 0x9e3779b97f4a7c15u;

	_Static_assert(sizeof(*a) == sizeof(w), "struct addr has no padding");
	memcpy(w, a, sizeof(w));
	for (int i = 0; i < 3; i++) {
		h ^= w[i];
		h *= 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	return h;
}

bool addr_is_loopback(const struct addr *a)
{
	static const uint8_t one[16] = {[15] = 1};

	return a->v6 ? !memcmp(a->ip, one, 16) : a->ip[0] == 127;
}

bool addr_is_any(const struct addr *a)
{
	static const uint8_t any[16];

	return !memcmp(a->ip, any, 16);
}

const char *addr_ip(const struct addr *a, char out[ADDR_STRLEN])
{
	size_t n;

	inet_ntop(a->v6 ? AF_INET6 : AF_INET, a->ip, out, ADDR_STRLEN);
	if (a->v6 && a->scope) {
		n = strlen(out);
		snprintf(out + n, ADDR_STRLEN - n, "%%%u", a->scope);
	}
	return out;
}

const char *addr_str(const struct addr *a, char out[ADDR_STRLEN])
{
	char ip[ADDR_STRLEN];

	addr_ip(a, ip);
	snprintf(out, ADDR_STRLEN, a->v6 ? "[%.54s]:%u" : "%.54s:%u", ip,
		 a->port);
	return out;
}

struct addr addr_bucket(const struct addr *a)
{
	struct addr b = *a;

	b.port = 0;
	b.scope = 0;
	if (b.v6)
		memset(b.ip + 8, 0, 8);
	return b;
}
