#include "mediad/control/control.h"

#include <errno.h>

#include "mediad/control/ctl.h"
#include "mediad/path/link.h"
#include "mediad/path/room.h"
#include "mediad/path/worker.h"
#include "proto/chan.h"
#include "proto/media.pb-c.h"

#define ARENA_CAP (1024u * 1024)

struct row {
	const ProtobufCMessageDescriptor *type;
	int (*fn)(struct control *k, const void *msg);
};

#define M(name) MEDIA__METHOD__##name

/* By method: what its body is, and who serves it. */
static const struct row table[] = {
	[M(CREATE_ROUTER)] = {&media__create_router__descriptor,
			      ctl_router_create},
	[M(CLOSE_ROUTER)] = {&media__object_id__descriptor, ctl_router_close},
	[M(CREATE_TRANSPORT)] = {&media__create_transport__descriptor,
				 ctl_transport_create},
	[M(CONNECT_TRANSPORT)] = {&media__connect_transport__descriptor,
				  ctl_transport_connect},
	[M(RESTART_ICE)] = {&media__object_id__descriptor,
			    ctl_transport_restart_ice},
	[M(CLOSE_TRANSPORT)] = {&media__object_id__descriptor,
				ctl_transport_close},
	[M(SET_MAX_INCOMING)] = {&media__set_max_incoming__descriptor,
				 ctl_transport_max_incoming},
	[M(PRODUCE)] = {&media__produce__descriptor, ctl_producer_create},
	[M(CLOSE_PRODUCER)] = {&media__object_id__descriptor,
			       ctl_producer_close},
	[M(PAUSE_PRODUCER)] = {&media__object_id__descriptor,
			       ctl_producer_pause},
	[M(RESUME_PRODUCER)] = {&media__object_id__descriptor,
				ctl_producer_resume},
	[M(CONSUME)] = {&media__consume__descriptor, ctl_consumer_create},
	[M(CLOSE_CONSUMER)] = {&media__object_id__descriptor,
			       ctl_consumer_close},
	[M(PAUSE_CONSUMER)] = {&media__object_id__descriptor,
			       ctl_consumer_pause},
	[M(RESUME_CONSUMER)] = {&media__object_id__descriptor,
				ctl_consumer_resume},
	[M(SET_PREFERRED_LAYERS)] = {&media__set_preferred_layers__descriptor,
				     ctl_consumer_layers},
	[M(SET_PRIORITY)] = {&media__set_priority__descriptor,
			     ctl_consumer_priority},
	[M(SET_VIEWPORT)] = {&media__set_viewport__descriptor,
			     ctl_consumer_viewport},
	[M(REQUEST_KEY_FRAME)] = {&media__object_id__descriptor,
				  ctl_consumer_key_frame},
	[M(GET_TRANSPORT_STATS)] = {&media__object_id__descriptor,
				    ctl_stats_transport},
	[M(GET_PRODUCER_STATS)] = {&media__object_id__descriptor,
				   ctl_stats_producer},
	[M(GET_CONSUMER_STATS)] = {&media__object_id__descriptor,
				   ctl_stats_consumer},
	[M(DUMP)] = {&media__dump_page__descriptor, ctl_dump},
	[M(GET_WORKER_STATS)] = {&media__empty__descriptor, ctl_stats_worker},
	[M(CLOSE_PEER)] = {&media__close_peer__descriptor,
			   ctl_transport_close_peer},
	[M(SET_SPEAKERS)] = {&media__set_speakers__descriptor,
			     ctl_transport_speakers},
	[M(PIPE_PRODUCER)] = {&media__pipe_producer__descriptor, ctl_pipe_out},
	[M(UNPIPE_PRODUCER)] = {&media__pipe_producer__descriptor,
				ctl_pipe_out_end},
	[M(PRODUCE_PIPED)] = {&media__produce_piped__descriptor, ctl_pipe_in},
};

int control_init(struct control *k, struct worker *w)
{
	k->w = w;
	k->reason = NULL;
	k->out_len = 0;
	return arena_init(&k->arena, ARENA_CAP);
}

void control_fini(struct control *k)
{
	arena_fini(&k->arena);
}

int control_call(struct control *k, uint32_t method, const uint8_t *body,
		 size_t len, uint64_t now_us)
{
	static const uint8_t none;
	const struct row *row;
	const void *msg;

	k->reason = NULL;
	k->out_len = 0;
	k->now_us = now_us;
	if (method >= sizeof(table) / sizeof(*table) || !table[method].fn)
		return control_fail(k, -ENOSYS, "no-such-method");
	row = &table[method];
	arena_reset(&k->arena);
	msg = protobuf_c_message_unpack(row->type, &k->arena.pb, len,
					len ? body : &none);
	if (!msg)
		return control_fail(k, -EBADMSG, "malformed");
	return row->fn(k, msg);
}

int control_answer(struct control *k, const ProtobufCMessage *m)
{
	size_t len = protobuf_c_message_get_packed_size(m);

	if (len > sizeof(k->out))
		return control_fail(k, -EMSGSIZE, "too-long");
	k->out_len = protobuf_c_message_pack(m, k->out);
	return 0;
}

static uint64_t router_digest(const struct router *r)
{
	uint64_t sum = chan_mix(r->id);
	const struct producer *p;
	const struct consumer *c;
	size_t pos = 0;

	while ((p = idmap_next(&r->producers, &pos)))
		sum ^= chan_mix(p->id);
	pos = 0;
	while ((c = idmap_next(&r->consumers, &pos)))
		sum ^= chan_mix(c->id);
	return sum;
}

uint64_t control_digest(const struct control *k)
{
	const struct room *r;
	const struct link *l;
	uint64_t sum = 0;
	size_t pos = 0;

	while ((r = idmap_next(&k->w->rooms, &pos)))
		sum ^= router_digest(r->router);
	pos = 0;
	while ((l = idmap_next(&k->w->links, &pos)))
		sum ^= chan_mix(l->t->id);
	return sum;
}
