#include "tests/lib/record.h"

#include <stdlib.h>

#include "common/rd.h"

void record_open(struct record *r, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "tests/fixtures/rtp/%s.rtp", name);
	r->file = fopen(path, "rb");
	if (!r->file) {
		perror(path);
		exit(2);
	}
}

bool record_next(struct record *r)
{
	uint8_t head[6];
	struct rd c = rd_of(head, sizeof(head));

	if (fread(head, 1, sizeof(head), r->file) != sizeof(head))
		return false;
	r->at_ms = rd_u32(&c);
	r->len = rd_u16(&c);
	return r->len <= sizeof(r->data) &&
	       fread(r->data, 1, r->len, r->file) == r->len;
}

void record_close(struct record *r)
{
	fclose(r->file);
}
