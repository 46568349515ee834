#include "mediad/sfu/keyframe.h"

#include <string.h>

void keyframe_init(struct keyframe *k)
{
	memset(k, 0, sizeof(*k));
	k->due_us = UINT64_MAX;
	k->gap_us = KEYFRAME_GAP_US;
}

bool keyframe_want(struct keyframe *k, uint64_t now_us)
{
	uint64_t due = now_us;

	/* One that is on its way serves this one, too. */
	if (k->wanted)
		return false;
	if (k->asked_us && k->asked_us + k->gap_us > now_us)
		due = k->asked_us + k->gap_us;
	k->wanted = true;
	k->tries = 0;
	k->due_us = due;
	return true;
}

void keyframe_came(struct keyframe *k, uint64_t now_us)
{
	k->came_us = now_us;
	k->wanted = false;
	k->due_us = UINT64_MAX;
}

bool keyframe_take(struct keyframe *k, uint64_t now_us)
{
	if (k->due_us > now_us)
		return false;
	k->asked_us = now_us;
	if (++k->tries >= KEYFRAME_TRIES) {
		k->wanted = false;
		k->due_us = UINT64_MAX;
		return true;
	}
	k->due_us = now_us + KEYFRAME_AGAIN_US;
	return true;
}
