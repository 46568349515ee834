#include "mediad/bwe/sentlog.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MASK (SENTLOG_RING - 1)

int sentlog_init(struct sentlog *l, uint16_t first)
{
	memset(l, 0, sizeof(*l));
	l->ring = calloc(SENTLOG_RING, sizeof(*l->ring));
	if (!l->ring)
		return -ENOMEM;
	l->next = first;
	l->tail = first;
	return 0;
}

void sentlog_fini(struct sentlog *l)
{
	free(l->ring);
	l->ring = NULL;
}

static void forget(struct sentlog *l, struct sentlog_entry *e)
{
	if (e->sent_us && !e->acked)
		l->in_flight -= e->len;
	e->sent_us = 0;
}

void sentlog_add(struct sentlog *l, uint16_t len, enum sentlog_kind kind,
		 uint8_t cluster, uint64_t sent_us)
{
	struct sentlog_entry *e = &l->ring[l->next & MASK];

	forget(l, e);
	*e = (struct sentlog_entry){.sent_us = sent_us,
				    .seq = l->next++,
				    .len = len,
				    .kind = (uint8_t)kind,
				    .cluster = cluster};
	l->in_flight += len;
}

struct sentlog_entry *sentlog_get(struct sentlog *l, uint16_t seq)
{
	struct sentlog_entry *e = &l->ring[seq & MASK];

	return e->sent_us && e->seq == seq ? e : NULL;
}
