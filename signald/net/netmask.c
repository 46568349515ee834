#include "signald/net/netmask.h"

#include "common/str.h"

#include <errno.h>
#include <string.h>

struct netmask {
	struct addr addr;
	unsigned int bits;
};

static int parse(struct netmask *m, const char *text)
{
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	char host[ADDR_STRLEN];
	uint64_t bits;

	if (n >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, n);
	host[n] = '\0';
	if (addr_parse(&m->addr, host, 0))
		return -EINVAL;
	m->bits = m->addr.v6 ? 128 : 32;
	if (!slash)
		return 0;
	if (str_u64(slash + 1, m->bits, &bits))
		return -EINVAL;
	m->bits = (unsigned int)bits;
	return 0;
}

int netmask_check(const char *text)
{
	struct netmask m;

	return parse(&m, text);
}

bool netmask_has(const char *text, const struct addr *a)
{
	struct netmask m;
	unsigned int bytes, rest;

	if (parse(&m, text) || m.addr.v6 != a->v6)
		return false;
	bytes = m.bits / 8;
	rest = m.bits % 8;
	if (memcmp(m.addr.ip, a->ip, bytes) != 0)
		return false;
	return !rest || (m.addr.ip[bytes] ^ a->ip[bytes]) >> (8 - rest) == 0;
}

bool netmask_any(const char *const *texts, size_t n, const struct addr *a)
{
	for (size_t i = 0; i < n; i++)
		if (netmask_has(texts[i], a))
			return true;
	return false;
}

int netmask_forwarded(struct addr *out, const char *value,
		      const char *const *trusted, size_t n)
{
	const char *end = value + strlen(value);
	int err = -EINVAL;

	while (end > value) {
		const char *p = end;
		char host[ADDR_STRLEN];
		size_t len;

		while (p > value && p[-1] != ',')
			p--;
		end = p > value ? p - 1 : value;
		p += strspn(p, " \t");
		len = strcspn(p, " \t,");
		if (len >= sizeof(host))
			return -EINVAL;
		memcpy(host, p, len);
		host[len] = '\0';
		if (addr_parse(out, host, 0))
			return -EINVAL;
		err = 0;
		if (!netmask_any(trusted, n, out))
			break;
	}
	return err;
}
