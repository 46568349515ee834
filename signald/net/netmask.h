/* netmask: networks such as "10.0.0.0/8" and who is inside them. */
#ifndef SIGNALD_NET_NETMASK_H
#define SIGNALD_NET_NETMASK_H

#include "common/addr.h"

#include <stdbool.h>
#include <stddef.h>

/* "ADDRESS/BITS", or an address alone; -EINVAL for anything else. */
int netmask_check(const char *text);

/* False also when the text is no network. */
bool netmask_has(const char *text, const struct addr *a);
bool netmask_any(const char *const *texts, size_t n, const struct addr *a);

/*
 * The client in an X-Forwarded-For value: reading from the right, the first
 * address that is in none of the n trusted networks (the leftmost if all
 * are). 0, or -EINVAL when what is read is no address.
 */
int netmask_forwarded(struct addr *out, const char *value,
		      const char *const *trusted, size_t n);

#endif
