/*
 * capset: capabilities that many peers share.
 *
 * Those of one browser are the same for all who use it, and large: each is
 * kept once, for as long as somebody holds it.
 *
 *	const struct rtp_caps *c = capset_take(&set, &caps);	NULL: no memory
 *	...
 *	capset_put(&set, c);
 */
#ifndef SIGNALD_MEDIA_CAPSET_H
#define SIGNALD_MEDIA_CAPSET_H

#include <stdint.h>

#include "common/idmap.h"
#include "signald/media/rtpdesc.h"

struct capset {
	struct idmap by_hash;
	uint8_t key[16]; /* nobody can choose what falls together */
};

void capset_init(struct capset *s);
void capset_fini(struct capset *s); /* when all are put back */

const struct rtp_caps *capset_take(struct capset *s,
				   const struct rtp_caps *caps);
void capset_put(struct capset *s, const struct rtp_caps *caps); /* or NULL */

#endif
