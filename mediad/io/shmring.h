/*
 * shmring: a ring of records in memory that two processes share. One writes,
 * one reads; no lock, and no system call but the wake-up of a reader that
 * sleeps.
 *
 *	shmring_open(&r, fd)		each side, of the same memory
 *
 *	shmring_put(&r, &head, sizeof(head), data, len)
 *	if (shmring_publish(&r))	once a turn
 *		wake the reader
 *
 *	while ((n = shmring_get(&r, &head, sizeof(head), buf, cap)) >= 0)
 *		...
 *	if (shmring_sleep(&r))		nothing came meanwhile
 *		wait to be woken
 *
 * Neither side trusts the other. What is in the ring may change at any time:
 * an index or a length is loaded once, checked, then used; a record is copied
 * out before it is looked at. An index that cannot be ends the ring for this
 * side for good (`broken`). The memory cannot shrink (common/sys/shm.h).
 *
 * A record is a length, a head of a size that both agree on, and a body of
 * any length, on 8 bytes. What does not fit is not written and counted.
 */
#ifndef MEDIAD_IO_SHMRING_H
#define MEDIAD_IO_SHMRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct shmring_ctl;

struct shmring {
	struct shmring_ctl *ctl;
	uint8_t *data;
	uint32_t cap;  /* bytes of data, a power of two */
	uint32_t at;   /* what this side has written or read so far */
	uint32_t seen; /* the other's index when it was last looked at */
	uint32_t told; /* the writer's: published */
	bool broken;
	uint64_t records, full; /* passed, and not written for lack of room */
};

/*
 * Maps the descriptor, which stays the caller's, of memory made by
 * shm_make(): a page and a power of two of bytes, zeroed. 0 or -EINVAL.
 */
int shmring_open(struct shmring *r, int fd);
void shmring_close(struct shmring *r); /* of a zeroed one is fine */

/* False: there is no room, or the ring is broken. */
bool shmring_put(struct shmring *r, const void *head, size_t head_len,
		 const void *body, size_t len);

/* Shows the reader what was put. True: it sleeps, wake it. */
bool shmring_publish(struct shmring *r);

/*
 * The next record: its head, and its body's length with the body in buf.
 * -EAGAIN: none, -EBADMSG: the ring is broken. A record that does not have
 * the head's size or whose body is longer than cap breaks it.
 */
ssize_t shmring_get(struct shmring *r, void *head, size_t head_len, void *buf,
		    size_t cap);

/* The room of what was read is the writer's again; once a batch is enough. */
void shmring_done(struct shmring *r);

/* True: the writer will wake us. False: there is something to read. */
bool shmring_sleep(struct shmring *r);

#endif
