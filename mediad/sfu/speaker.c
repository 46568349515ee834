#include "mediad/sfu/speaker.h"

#include <math.h>
#include <string.h>

#define SILENT	  (-127 * 8)
#define ATTACK_X8 4 /* share of a louder value taken at once, of 8 */
#define DECAY_X8  1
#define LEAD	  (3 * 8) /* dB x 8 the challenger must be louder */

void speaker_init(struct speaker *s, uint64_t now_us)
{
	memset(s, 0, sizeof(*s));
	list_init(&s->voices);
	s->due_us = now_us + SPEAKER_TICK_US;
}

void speaker_add(struct speaker *s, struct speaker_voice *v, uint64_t peer_id)
{
	memset(v, 0, sizeof(*v));
	v->peer_id = peer_id;
	v->volume = SILENT;
	v->loud = true;
	list_push(&s->voices, &v->node);
	s->n++;
}

void speaker_del(struct speaker *s, struct speaker_voice *v)
{
	list_del(&v->node);
	s->n--;
}

void speaker_level(struct speaker_voice *v, uint8_t level)
{
	unsigned dbov = level & 0x7f;

	/* The loudest packet of a tick stands for it. */
	if (!v->n || dbov < v->power)
		v->power = dbov;
	v->n++;
}

static void smooth(struct speaker_voice *v, uint64_t now_us)
{
	int now = v->n && !v->muted ? -(int)v->power * 8 : SILENT;
	int d = now - v->volume;

	v->volume =
		(int16_t)(v->volume + d * (d > 0 ? ATTACK_X8 : DECAY_X8) / 8);
	/* Small steps down must not be rounded away. */
	if (d < 0 && d > -8 && v->volume > now)
		v->volume--;
	if (v->volume > SPEAKER_THRESHOLD * 8)
		v->spoke_us = now_us;
	v->n = 0;
}

static bool spoke(const struct speaker_voice *v, uint64_t now_us)
{
	return v->spoke_us && v->spoke_us + SPEAKER_QUIET_US > now_us;
}

/* Sets who is among the loudest; with 0 everybody is. */
static void rank(struct speaker *s, uint32_t loudest)
{
	list_for_each (it, &s->voices) {
		struct speaker_voice *v =
			list_entry(it, struct speaker_voice, node);
		uint32_t louder = 0;

		list_for_each (jt, &s->voices) {
			struct speaker_voice *w =
				list_entry(jt, struct speaker_voice, node);

			louder += w->volume > v->volume ||
				  (w->volume == v->volume &&
				   w->peer_id < v->peer_id);
		}
		v->loud = !loudest || louder < loudest;
	}
}

static bool dominant(struct speaker *s, uint64_t now_us)
{
	struct speaker_voice *top = NULL, *now = NULL;
	uint64_t before = s->peer_id;

	list_for_each (it, &s->voices) {
		struct speaker_voice *v =
			list_entry(it, struct speaker_voice, node);

		if (spoke(v, now_us) && (!top || v->volume > top->volume))
			top = v;
		if (v->peer_id == s->peer_id &&
		    (!now || v->volume > now->volume))
			now = v;
	}
	if (!top) {
		s->peer_id = 0;
		s->challenger = 0;
		return s->peer_id != before;
	}
	if (!now || !spoke(now, now_us)) {
		s->peer_id = top->peer_id;
		s->challenger = 0;
	} else if (top->volume <= now->volume + LEAD ||
		   top->peer_id == now->peer_id) {
		s->challenger = 0;
	} else if (s->challenger != top->peer_id) {
		s->challenger = top->peer_id;
		s->since_us = now_us;
	} else if (s->since_us + SPEAKER_HOLD_US <= now_us) {
		s->peer_id = top->peer_id;
		s->challenger = 0;
	}
	return s->peer_id != before;
}

unsigned speaker_tick(struct speaker *s, uint32_t loudest, uint64_t now_us)
{
	unsigned news = 0;

	if (s->due_us > now_us)
		return 0;
	s->due_us = now_us + SPEAKER_TICK_US;
	list_for_each (it, &s->voices)
		smooth(list_entry(it, struct speaker_voice, node), now_us);
	rank(s, s->n > loudest ? loudest : 0);
	if (dominant(s, now_us))
		news |= SPEAKER_CHANGED;
	if (s->volumes_us + SPEAKER_VOLUMES_US <= now_us) {
		s->volumes_us = now_us;
		if (s->n)
			news |= SPEAKER_VOLUMES;
	}
	return news;
}

int speaker_volume(const struct speaker_voice *v)
{
	return v->volume / 8;
}
