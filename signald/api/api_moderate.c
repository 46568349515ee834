/* What hosts and co-hosts do to others; whether they may, the core says. */
#include "common/str.h"
#include "signald/api/api.h"

void api_moderate_peer(struct api_req *r)
{
	r->e.peer = wire_text(&r->w, "peerId", WIRE_MUST, PEER_ID_SIZE - 1);
}

void api_moderate_deny(struct api_req *r)
{
	api_moderate_peer(r);
	r->e.text = wire_text(&r->w, "reason", WIRE_MAY, MESSAGE_SIZE - 1);
}

/* `kind` is what a person sees, not the kind of RTP. */
static uint64_t sources_of(const char *kind)
{
	static const struct {
		const char *kind;
		uint64_t sources;
	} kinds[] = {
		{"audio", SOURCE_MIC},
		{"mic", SOURCE_MIC},
		{"video", SOURCE_WEBCAM},
		{"webcam", SOURCE_WEBCAM},
		{"screen", SOURCE_SCREEN | SOURCE_SCREEN_AUDIO},
		{"screen-audio", SOURCE_SCREEN_AUDIO},
		{"all", SOURCE_MIC | SOURCE_WEBCAM | SOURCE_SCREEN |
				SOURCE_SCREEN_AUDIO},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (str_eq(kinds[i].kind, kind))
			return kinds[i].sources;
	return 0;
}

void api_moderate_mute(struct api_req *r)
{
	const char *kind = wire_text(&r->w, "kind", WIRE_MUST, 16);

	api_moderate_peer(r);
	r->e.number = kind ? sources_of(kind) : 0;
	if (!r->e.number)
		r->w.bad = "kind";
}

void api_moderate_kick(struct api_req *r)
{
	api_moderate_peer(r);
	r->e.flag = wire_bool(&r->w, "ban", WIRE_MAY, false);
}

void api_moderate_role(struct api_req *r)
{
	const char *role = wire_text(&r->w, "role", WIRE_MUST, 16);

	api_moderate_peer(r);
	if (role && str_eq(role, "host"))
		r->e.role = ROLE_HOST;
	else if (role && str_eq(role, "cohost"))
		r->e.role = ROLE_COHOST;
	else if (role && str_eq(role, "guest"))
		r->e.role = ROLE_GUEST;
	else
		r->w.bad = "role";
}

void api_moderate_spotlight(struct api_req *r)
{
	/* null: nobody */
	r->e.peer = wire_text(&r->w, "peerId", WIRE_MAY, PEER_ID_SIZE - 1);
}
