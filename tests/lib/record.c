#include "tests/lib/record.h"

#include <stdlib.h>
#include <string.h>

#include "common/rd.h"

static FILE *open_or_exit(const char *name, const char *suffix)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "tests/fixtures/rtp/%s.%s", name, suffix);
	f = fopen(path, "rb");
	if (!f) {
		perror(path);
		exit(2);
	}
	return f;
}

void record_open(struct record *r, const char *name)
{
	FILE *f = open_or_exit(name, "sdp");

	r->sdp[fread(r->sdp, 1, sizeof(r->sdp) - 1, f)] = '\0';
	fclose(f);
	r->file = open_or_exit(name, "rtp");
}

/* N of the first line "<what>N...<end>". */
static uint8_t number_of(const struct record *r, const char *what,
			 const char *end)
{
	size_t head = strlen(what), tail = strlen(end);
	const char *line = r->sdp, *stop;

	for (; (stop = strchr(line, '\n')); line = stop + 1)
		if ((size_t)(stop - line) > head + tail &&
		    !memcmp(line, what, head) &&
		    !memcmp(stop - tail, end, tail))
			return (uint8_t)strtoul(line + head, NULL, 10);
	return 0;
}

uint8_t record_pt(const struct record *r, const char *codec)
{
	return number_of(r, "a=rtpmap:", codec);
}

uint8_t record_ext(const struct record *r, const char *uri_end)
{
	return number_of(r, "a=extmap:", uri_end);
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
