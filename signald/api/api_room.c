/* What everybody may do in a room, and its rules. */
#include "common/str.h"
#include "signald/api/api.h"

void api_room_name(struct api_req *r)
{
	r->e.text = wire_text(&r->w, "displayName", WIRE_MUST, NAME_SIZE * 2);
	r->e.peer = wire_text(&r->w, "peerId", WIRE_MAY, PEER_ID_SIZE - 1);
}

void api_room_hand(struct api_req *r)
{
	r->e.flag = wire_bool(&r->w, "raised", WIRE_MUST, false);
}

void api_room_react(struct api_req *r)
{
	r->e.text = wire_text(&r->w, "emoji", WIRE_MUST, EMOJI_SIZE - 1);
}

void api_room_policy(struct api_req *r)
{
	const char *s = wire_text(&r->w, "policy", WIRE_MUST, 16);

	if (s && str_eq(s, "waiting"))
		r->e.policy = POLICY_WAITING;
	else if (s && str_eq(s, "open"))
		r->e.policy = POLICY_OPEN;
	else if (s && str_eq(s, "locked"))
		r->e.policy = POLICY_LOCKED;
	else
		r->w.bad = "policy";
}

void api_room_read_settings(struct wire *w, struct event_settings *out)
{
	struct settings *to = &out->to;
	const char *s = wire_text(w, "succession", WIRE_MAY, 32);

	out->set_screen = wire_has(w, "screenShare");
	out->set_chat = wire_has(w, "chat");
	out->set_unmute = wire_has(w, "unmute");
	out->set_reactions = wire_has(w, "reactions");
	to->allow_screen = wire_bool(w, "screenShare", WIRE_MAY, true);
	to->allow_chat = wire_bool(w, "chat", WIRE_MAY, true);
	to->allow_unmute = wire_bool(w, "unmute", WIRE_MAY, true);
	to->allow_reactions = wire_bool(w, "reactions", WIRE_MAY, true);
	if (!s)
		return;
	out->set_succession = true;
	if (str_eq(s, "promote-oldest"))
		to->succession = SUCCESSION_OLDEST;
	else if (str_eq(s, "lock"))
		to->succession = SUCCESSION_LOCK;
	else if (str_eq(s, "end"))
		to->succession = SUCCESSION_END;
	else
		w->bad = "succession";
}

void api_room_settings(struct api_req *r)
{
	api_room_read_settings(&r->w, &r->e.settings);
}
