#include "signald/quarantine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/str.h"
#include "common/sys/clock.h"
#include "common/wr.h"

bool quarantine_mark(struct quarantine *q, uint64_t room, uint64_t now_us)
{
	bool second = false;

	for (uint32_t i = 0; i < QUARANTINE_MARKS; i++)
		second |= q->mark[i].room == room &&
			  now_us - q->mark[i].at_us <= QUARANTINE_WITHIN_US;
	q->mark[q->n % QUARANTINE_MARKS].room = room;
	q->mark[q->n++ % QUARANTINE_MARKS].at_us = now_us;
	return second;
}

static void pack_one(struct wr *w, const struct blackbox_packet *p)
{
	uint16_t kept = p->kept < BLACKBOX_CAP ? p->kept : BLACKBOX_CAP;

	wr_u64(w, p->at_us);
	wr_u64(w, p->room);
	wr_u32(w, p->len);
	wr_u16(w, kept);
	wr_u8(w, p->opened);
	wr_u8(w, 0);
	wr_bytes(w, p->data, kept);
}

size_t quarantine_pack(const struct blackbox *b, uint64_t room, uint8_t *out,
		       size_t cap)
{
	struct wr w = wr_of(out, cap);
	uint64_t n = b->n;
	uint64_t i = n > BLACKBOX_SLOTS ? n - BLACKBOX_SLOTS : 0;

	wr_bytes(&w, QUARANTINE_MAGIC, sizeof(QUARANTINE_MAGIC) - 1);
	for (; i < n; i++) {
		const struct blackbox_packet *p = &b->slot[i % BLACKBOX_SLOTS];

		if (p->room == room || !p->room)
			pack_one(&w, p);
	}
	return w.bad ? 0 : wr_len(&w);
}

static int write_file(const char *path, const uint8_t *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int err = 0;

	if (fd < 0)
		return -errno;
	while (!err && len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno != EINTR)
			err = -errno;
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	close(fd);
	return err;
}

int quarantine_save(const char *dir, const struct blackbox *b, uint64_t room,
		    char *out, size_t cap)
{
	uint8_t *data = malloc(QUARANTINE_FILE_MAX);
	size_t len;
	int err = 0;

	if (!data)
		return -ENOMEM;
	len = quarantine_pack(b, room, data, QUARANTINE_FILE_MAX);
	out[0] = '\0';
	if (str_addf(out, cap, "%s/quarantine", dir))
		err = -ENAMETOOLONG;
	if (!err && mkdir(out, 0700) && errno != EEXIST)
		err = -errno;
	if (!err &&
	    str_addf(out, cap, "/%016llx-%llu", (unsigned long long)room,
		     (unsigned long long)clock_wall_us() / 1000000))
		err = -ENAMETOOLONG;
	if (!err)
		err = write_file(out, data, len);
	free(data);
	return err;
}
