/*
 * sentlog: which transport-wide numbers left when, so that feedback can be
 * read. Owned by a transport that sends; a ring in fixed memory.
 */
#ifndef MEDIAD_BWE_SENTLOG_H
#define MEDIAD_BWE_SENTLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SENTLOG_RING 1024 /* a power of two: 3 s at 4 Mb/s */

enum sentlog_kind {
	SENTLOG_MEDIA,
	SENTLOG_AUDIO,
	SENTLOG_RTX,
	SENTLOG_PADDING,
};

struct sentlog_entry {
	uint64_t sent_us; /* 0: empty */
	uint16_t seq;
	uint16_t len;	 /* bytes on the wire with UDP and IP */
	uint8_t kind;	 /* enum sentlog_kind */
	uint8_t cluster; /* of a probe; 0: none */
	bool acked;
};

struct sentlog {
	struct sentlog_entry *ring; /* [SENTLOG_RING] */
	uint16_t next;		    /* number of the next packet */
	uint32_t in_flight;	    /* bytes sent and not yet reported on */
	uint16_t tail;		    /* oldest not reported on */
};

/* 0 or -ENOMEM. */
int sentlog_init(struct sentlog *l, uint16_t first);
void sentlog_fini(struct sentlog *l);

/* Books a packet under the next number. */
void sentlog_add(struct sentlog *l, uint16_t len, enum sentlog_kind kind,
		 uint8_t cluster, uint64_t sent_us);

/* The entry, or NULL when it is too old or never was. */
struct sentlog_entry *sentlog_get(struct sentlog *l, uint16_t seq);

#endif
