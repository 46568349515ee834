/*
 * h264level: the profile-level-id of H.264 (RFC 6184 section 8.1): which
 * profiles are the same although their six hex digits differ, and which
 * level is answered.
 */
#ifndef SIGNALD_MEDIA_H264LEVEL_H
#define SIGNALD_MEDIA_H264LEVEL_H

#include <stdbool.h>

#define H264LEVEL_LEN 6

/* What an absent profile-level-id means: constrained baseline, 3.1. */
#define H264LEVEL_DEFAULT "42e01f"

/* Both well-formed and of the same profile. */
bool h264level_same_profile(const char *a, const char *b);

/*
 * The answer to `local` when the other side says `remote`: the profile, with
 * local's own level if `asymmetry` (both allow it), else the lower of the
 * two. out gets six digits and a NUL. -EINVAL when profiles differ.
 */
int h264level_answer(char out[H264LEVEL_LEN + 1], const char *local,
		     const char *remote, bool asymmetry);

#endif
