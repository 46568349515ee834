#include "signald/media/h264level.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>

#include "common/hex.h"

enum profile {
	CONSTRAINED_BASELINE,
	BASELINE,
	MAIN,
	CONSTRAINED_HIGH,
	HIGH,
	PREDICTIVE_HIGH_444,
};

/* RFC 6184 table 5: a profile by profile_idc and the bits of profile_iop. */
static const struct {
	uint8_t idc, mask, bits;
	enum profile profile;
} patterns[] = {
	{0x42, 0x4f, 0x40, CONSTRAINED_BASELINE},
	{0x4d, 0x8f, 0x80, CONSTRAINED_BASELINE},
	{0x58, 0xcf, 0xc0, CONSTRAINED_BASELINE},
	{0x42, 0x4f, 0x00, BASELINE},
	{0x58, 0xcf, 0x80, BASELINE},
	{0x4d, 0xaf, 0x00, MAIN},
	{0x64, 0xff, 0x00, HIGH},
	{0x64, 0xff, 0x0c, CONSTRAINED_HIGH},
	{0xf4, 0xff, 0x00, PREDICTIVE_HIGH_444},
};

static const char *const prefixes[] = {
	[CONSTRAINED_BASELINE] = "42e0",
	[BASELINE] = "4200",
	[MAIN] = "4d00",
	[CONSTRAINED_HIGH] = "640c",
	[HIGH] = "6400",
	[PREDICTIVE_HIGH_444] = "f400",
};

/* Level 1b lies between 1 and 1.1 and has no number of its own. */
#define LEVEL_1_1 11
#define LEVEL_1B  0

struct plid {
	enum profile profile;
	uint8_t level; /* level_idc, or LEVEL_1B */
};

static int parse(struct plid *out, const char *hex)
{
	uint8_t b[3];

	if (hex_to(b, sizeof(b), hex) || !b[2])
		return -EINVAL;
	out->level = b[2];
	if (b[2] == LEVEL_1_1 && (b[1] & 0x10))
		out->level = LEVEL_1B;
	for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++) {
		if (patterns[i].idc == b[0] &&
		    (b[1] & patterns[i].mask) == patterns[i].bits) {
			out->profile = patterns[i].profile;
			return 0;
		}
	}
	return -EINVAL;
}

static bool less(uint8_t a, uint8_t b)
{
	if (a == LEVEL_1B)
		return b != 10 && b != LEVEL_1B;
	if (b == LEVEL_1B)
		return a == 10;
	return a < b;
}

static void print(char out[H264LEVEL_LEN + 1], const struct plid *p)
{
	static const char *const level_1b[] = {
		[CONSTRAINED_BASELINE] = "42f00b",
		[BASELINE] = "42100b",
		[MAIN] = "4d100b",
	};

	if (p->level == LEVEL_1B && p->profile <= MAIN) {
		(void)snprintf(out, H264LEVEL_LEN + 1, "%s",
			       level_1b[p->profile]);
		return;
	}
	(void)snprintf(out, H264LEVEL_LEN + 1, "%s%02x", prefixes[p->profile],
		       p->level == LEVEL_1B ? LEVEL_1_1 : p->level);
}

bool h264level_same_profile(const char *a, const char *b)
{
	struct plid pa, pb;

	return !parse(&pa, a) && !parse(&pb, b) && pa.profile == pb.profile;
}

int h264level_answer(char out[H264LEVEL_LEN + 1], const char *local,
		     const char *remote, bool asymmetry)
{
	struct plid l, r;

	if (parse(&l, local) || parse(&r, remote) || l.profile != r.profile)
		return -EINVAL;
	if (!asymmetry && less(r.level, l.level))
		l.level = r.level;
	print(out, &l);
	return 0;
}
