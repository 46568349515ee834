/*
 * netctl: the command line of the emulators (tunem, udprelay): one line
 * changes one or both directions of a running link.
 *
 *	ab loss=2 burst=3 delay=40 jitter=5 rate=800 queue=200
 *	both dup=1 reorder=1
 *	ba off				nothing passes
 *	clear				a perfect link
 *	stat				figures on standard output
 *
 * loss, dup and reorder in percent, burst a mean length, delay, jitter and
 * queue in milliseconds, rate in kbit/s (0: no limit).
 */
#ifndef TESTS_LIB_NETCTL_H
#define TESTS_LIB_NETCTL_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/lib/simnet.h"

struct netctl {
	struct simnet *net;
	struct simnet_conf conf[2]; /* ab, ba */
	int link[2];
	char line[512]; /* what came so far */
	size_t have;
	char word[32]; /* a command of the program's own */
};

/* Two perfect links in a network of this seed. */
void netctl_init(struct netctl *c, uint64_t seed);
void netctl_fini(struct netctl *c);

/* One line. False when it was not understood (see c->word). */
bool netctl_line(struct netctl *c, char *line);

/*
 * Reads what is on a descriptor and does whole lines. Returns false at its
 * end. A line that is only a word netctl does not know is left in c->word.
 */
bool netctl_read(struct netctl *c, int fd);

#endif
