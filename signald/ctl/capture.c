#include "signald/ctl/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/hex.h"
#include "common/str.h"
#include "common/wr.h"
#include "signald/ctl/print.h"

#define COLUMNS	   5
#define DATA_MAX   256
#define TRANSPORTS 64
#define CLIENT	   0xc0000201u /* 192.0.2.1 */
#define WORKER	   0xc0000202u /* 192.0.2.2 */
#define PORT	   20000

/* pcapng (draft-ietf-opsawg-pcapng), big-endian. */
#define BLOCK_SECTION	0x0a0d0d0au
#define BLOCK_INTERFACE 1u
#define BLOCK_PACKET	6u
#define LINK_IPV4	228u

static FILE *open_file(const char *prefix, const char *end)
{
	char path[4096] = "";
	int fd;

	if (str_addf(path, sizeof(path), "%s%s", prefix, end)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	/* Who talked when is nobody else's business. */
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	return fd < 0 ? NULL : fdopen(fd, "w");
}

static int close_file(FILE *f)
{
	bool bad = ferror(f);

	return fclose(f) || bad ? -EIO : 0;
}

static void put_block(FILE *f, uint32_t type, const uint8_t *body, size_t len)
{
	uint8_t head[8], end[8] = {0};
	size_t pad = (4 - len % 4) % 4;
	struct wr h = wr_of(head, sizeof(head)), e = wr_of(end + pad, 4);

	wr_u32(&h, type);
	wr_u32(&h, (uint32_t)(12 + len + pad));
	wr_u32(&e, (uint32_t)(12 + len + pad));
	fwrite(head, 1, sizeof(head), f);
	fwrite(body, 1, len, f);
	fwrite(end, 1, pad + 4, f);
}

static void put_heads(FILE *f)
{
	uint8_t body[16];
	struct wr w = wr_of(body, sizeof(body));

	wr_u32(&w, 0x1a2b3c4d);
	wr_u16(&w, 1);
	wr_u16(&w, 0);
	wr_u32(&w, UINT32_MAX); /* the section's length: not said */
	wr_u32(&w, UINT32_MAX);
	put_block(f, BLOCK_SECTION, body, wr_len(&w));
	w = wr_of(body, sizeof(body));
	wr_u16(&w, LINK_IPV4);
	wr_u16(&w, 0);
	wr_u32(&w, 0);
	put_block(f, BLOCK_INTERFACE, body, wr_len(&w));
}

/* IPv4 and UDP in front of what there was; RFC 791, RFC 768. */
static void put_headers(struct wr *w, bool in, uint16_t client, size_t len)
{
	uint32_t from = in ? CLIENT : WORKER, to = in ? WORKER : CLIENT;
	uint32_t sum = 0x4500u + (uint32_t)(28 + len) + 0x4000u + 0x4011u +
		       (CLIENT >> 16) + (CLIENT & 0xffff) + (WORKER >> 16) +
		       (WORKER & 0xffff);

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	wr_u16(w, 0x4500);
	wr_u16(w, (uint16_t)(28 + len));
	wr_u16(w, 0);
	wr_u16(w, 0x4000); /* not to be cut */
	wr_u16(w, 0x4011); /* 64 hops, UDP */
	wr_u16(w, (uint16_t)~sum);
	wr_u32(w, from);
	wr_u32(w, to);
	wr_u16(w, in ? client : PORT);
	wr_u16(w, in ? PORT : client);
	wr_u16(w, (uint16_t)(8 + len));
	wr_u16(w, 0);
}

static uint16_t port_of(const char *transport, const char *seen[TRANSPORTS],
			size_t *n)
{
	size_t i = 0;

	while (i < *n && !str_eq(seen[i], transport))
		i++;
	if (i == *n && *n < TRANSPORTS)
		seen[(*n)++] = transport;
	return (uint16_t)(PORT + 1 + i);
}

static void put_packet(FILE *f, char *const cell[COLUMNS], uint16_t client)
{
	uint8_t body[20 + 28 + DATA_MAX], data[DATA_MAX];
	size_t kept = strlen(cell[4]) / 2;
	struct wr w = wr_of(body, sizeof(body));
	uint64_t at_us = 0, len = 0;

	if (kept > sizeof(data) || hex_to(data, kept, cell[4]) ||
	    str_u64(cell[0], UINT64_MAX, &at_us) ||
	    str_u64(cell[3], UINT16_MAX - 28, &len))
		return;
	wr_u32(&w, 0); /* the interface */
	wr_u32(&w, (uint32_t)(at_us >> 32));
	wr_u32(&w, (uint32_t)at_us);
	wr_u32(&w, (uint32_t)(28 + kept));
	wr_u32(&w, (uint32_t)(28 + len));
	put_headers(&w, cell[2][strlen(cell[2]) - 1] == 'n', client, len);
	wr_bytes(&w, data, kept);
	put_block(f, BLOCK_PACKET, body, wr_len(&w));
}

static int write_packets(const Admin__Reply *r, FILE *f)
{
	const char *seen[TRANSPORTS];
	size_t n = 0;

	put_heads(f);
	for (size_t i = 0; i < r->n_row; i++) {
		char *const *cell = r->row[i]->cell;

		if (r->row[i]->n_cell == COLUMNS && cell[2][0] == 'r')
			put_packet(f, cell, port_of(cell[1], seen, &n));
	}
	return close_file(f);
}

int capture_write(const Admin__Reply *r, const char *prefix)
{
	FILE *f = open_file(prefix, ".json");
	int err;

	if (!f)
		return -errno;
	print_json(f, r);
	err = close_file(f);
	if (err)
		return err;
	f = open_file(prefix, ".pcapng");
	return f ? write_packets(r, f) : -errno;
}
