#include "signald/sockets.h"

#include "common/log.h"
#include "common/str.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 1024

static int fail(int fd)
{
	int err = -errno;

	close(fd);
	return err;
}

/* A socket bound to one address, IPv6 ones for both families. */
static int bound(int type, const struct addr *at)
{
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sa(at, &ss);
	int fd = socket(ss.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int one = 1, zero = 0;

	if (fd < 0)
		return -errno;
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (at->v6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	if (bind(fd, (struct sockaddr *)&ss, len))
		return fail(fd);
	return fd;
}

static int bound_text(int type, const char *address, uint16_t port)
{
	struct addr at;
	int fd;

	if (*address) {
		int err = addr_parse(&at, address, port);

		return err ? err : bound(type, &at);
	}
	if (addr_parse(&at, "::", port))
		return -EINVAL;
	fd = bound(type, &at);
	if (fd != -EAFNOSUPPORT && fd != -EADDRNOTAVAIL)
		return fd;
	if (addr_parse(&at, "0.0.0.0", port)) /* no IPv6 here */
		return -EINVAL;
	return bound(type, &at);
}

int sockets_tcp(const char *address, uint16_t port)
{
	int fd = bound_text(SOCK_STREAM, address, port);

	if (fd >= 0 && listen(fd, BACKLOG))
		return fail(fd);
	return fd;
}

/* With privilege beyond the system's limit, else up to it. */
static void set_buffer(int fd, int force, int plain, uint32_t bytes)
{
	int want = (int)bytes, got = 0;
	socklen_t len = sizeof(got);

	if (setsockopt(fd, SOL_SOCKET, force, &want, sizeof(want)))
		setsockopt(fd, SOL_SOCKET, plain, &want, sizeof(want));
	getsockopt(fd, SOL_SOCKET, plain, &got, &len);
	/* The kernel doubles what was asked for, for its own use. */
	if (got / 2 < want)
		log_info("sockets", "small-buffer",
			 "which=%s got=%d wanted=%d hint=net.core.%s",
			 plain == SO_RCVBUF ? "receive" : "send", got / 2, want,
			 plain == SO_RCVBUF ? "rmem_max" : "wmem_max");
}

int sockets_udp(const char *address, uint16_t port, uint32_t buffer_bytes)
{
	int fd = bound_text(SOCK_DGRAM, address, port);

	if (fd < 0)
		return fd;
	set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, buffer_bytes);
	set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, buffer_bytes);
	return fd;
}

int sockets_unix(const char *path)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	mode_t old;
	int fd, rc;

	if (str_copy(un.sun_path, sizeof(un.sun_path), path))
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	unlink(path);
	old = umask(0177);
	rc = bind(fd, (struct sockaddr *)&un, sizeof(un));
	umask(old);
	if (rc || listen(fd, BACKLOG))
		return fail(fd);
	return fd;
}

uint16_t sockets_port(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct addr a;

	if (getsockname(fd, (struct sockaddr *)&ss, &len) ||
	    addr_from_sa(&a, (struct sockaddr *)&ss))
		return 0;
	return a.port;
}

static bool is_link_local(const struct addr *a)
{
	return a->v6 ? a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80
		     : a->ip[0] == 169 && a->ip[1] == 254;
}

/* One pass over the interfaces; IPv4 before IPv6. */
static size_t collect(const struct ifaddrs *ifs, int family, bool loopback,
		      struct addr *out, size_t cap)
{
	size_t n = 0;

	for (; ifs && n < cap; ifs = ifs->ifa_next) {
		struct addr a;

		if (!ifs->ifa_addr || ifs->ifa_addr->sa_family != family ||
		    !(ifs->ifa_flags & IFF_UP) ||
		    addr_from_sa(&a, ifs->ifa_addr))
			continue;
		if (is_link_local(&a) || addr_is_loopback(&a) != loopback)
			continue;
		a.port = 0;
		out[n++] = a;
	}
	return n;
}

size_t sockets_own_addrs(struct addr *out, size_t cap)
{
	struct ifaddrs *ifs;
	size_t n;

	if (getifaddrs(&ifs))
		return 0;
	n = collect(ifs, AF_INET, false, out, cap);
	n += collect(ifs, AF_INET6, false, out + n, cap - n);
	if (!n)
		n = collect(ifs, AF_INET, true, out, cap);
	freeifaddrs(ifs);
	return n;
}
