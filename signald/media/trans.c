#include "signald/media/trans.h"

#include <errno.h>

#include "common/log.h"
#include "common/sys/rng.h"
#include "signald/media/cons.h"
#include "signald/media/mirror.h"
#include "signald/media/place.h"
#include "signald/media/prod.h"
#include "signald/media/rebuild.h"

int trans_ask(struct media *m, struct transport *t,
	      const struct media_ticket *ticket)
{
	Media__CreateTransport msg = MEDIA__CREATE_TRANSPORT__INIT;
	char label[MIRROR_LABEL_MAX];

	msg.id = t->id;
	msg.router_id = graph_router(t->seat);
	msg.peer_id = t->seat->id;
	msg.has_producing = msg.has_consuming = msg.has_force_tcp = true;
	msg.producing = t->producing;
	msg.consuming = t->consuming;
	msg.force_tcp = t->force_tcp;
	msg.label.len = mirror_label(label, t);
	msg.label.data = (uint8_t *)label;
	msg.has_label = msg.label.len > 0;
	msg.has_initial_bitrate = m->conf.start_bitrate > 0;
	msg.initial_bitrate = m->conf.start_bitrate;
	msg.has_max_incoming = m->conf.max_bitrate > 0;
	msg.max_incoming = m->conf.max_bitrate;
	return media_ask(m, t->seat, MEDIA__METHOD__CREATE_TRANSPORT, &msg.base,
			 t->id, ticket);
}

int trans_create(struct media *m, struct seat *s, const struct trans_opts *opts,
		 const struct media_ticket *ticket)
{
	struct transport *t;
	int err;

	if (s->n_transports >= m->conf.transports)
		return -ENOSPC;
	s->sends |= opts->producing;
	err = place_seat(m, s);
	if (err)
		return err;
	t = graph_add_transport(&m->graph, s, rng_id());
	if (!t)
		return -ENOMEM;
	t->producing = opts->producing;
	t->consuming = opts->consuming;
	t->force_tcp = opts->force_tcp;
	err = trans_ask(m, t, ticket);
	if (err)
		graph_del_transport(&m->graph, t);
	return err;
}

void trans_on_created(struct media *m, uint64_t id,
		      const struct media_out *reply)
{
	struct transport *t = graph_transport(&m->graph, id);

	if (!t)
		return;
	if (reply->reply.error) {
		log_warn("media", "no transport", "error=%d reason=%s",
			 -reply->reply.error, reply->reply.reason);
		if (!t->replaces || reply->reply.error != -ENOTCONN)
			trans_drop(m, t);
		return;
	}
	t->state = TRANSPORT_LIVE;
	if (t->replaces)
		rebuild_on_transport(m, t, reply);
	if (t->consuming)
		cons_offer_all(m, t->seat);
}

/* protobuf-c's strings are not const, but packing only reads them. */
static char *text(const char *s)
{
	return (char *)(uintptr_t)s;
}

/* Asks the worker that has it. */
static int ask_about(struct media *m, const struct transport *t,
		     uint32_t method, const ProtobufCMessage *msg,
		     const struct media_ticket *ticket)
{
	if (t->state == TRANSPORT_LEAVING)
		return media_ask_left(m, t->seat, method, msg, t->id, ticket);
	return media_ask(m, t->seat, method, msg, t->id, ticket);
}

static int ask_about_id(struct media *m, const struct transport *t,
			uint32_t method, const struct media_ticket *ticket)
{
	Media__ObjectId msg = MEDIA__OBJECT_ID__INIT;

	msg.id = t->id;
	return ask_about(m, t, method, &msg.base, ticket);
}

int trans_connect(struct media *m, struct transport *t, Media__DtlsRole role,
		  const struct trans_fingerprint *fp, size_t n,
		  const struct media_ticket *ticket)
{
	Media__ConnectTransport msg = MEDIA__CONNECT_TRANSPORT__INIT;
	Media__Fingerprint fps[TRANS_FINGERPRINTS];
	Media__Fingerprint *list[TRANS_FINGERPRINTS];

	if (n == 0 || n > TRANS_FINGERPRINTS)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		media__fingerprint__init(&fps[i]);
		fps[i].algorithm = text(fp[i].algorithm);
		fps[i].value = text(fp[i].value);
		list[i] = &fps[i];
	}
	msg.id = t->id;
	msg.role = role;
	msg.fingerprints = list;
	msg.n_fingerprints = n;
	return ask_about(m, t, MEDIA__METHOD__CONNECT_TRANSPORT, &msg.base,
			 ticket);
}

int trans_restart_ice(struct media *m, struct transport *t,
		      const struct media_ticket *ticket)
{
	return ask_about_id(m, t, MEDIA__METHOD__RESTART_ICE, ticket);
}

void trans_drop(struct media *m, struct transport *t)
{
	list_for_each_safe (it, &t->consumers)
		cons_drop(m, list_entry(it, struct consumer, tnode), false);
	list_for_each_safe (jt, &t->producers)
		prod_drop(m, list_entry(jt, struct producer, tnode));
	graph_del_transport(&m->graph, t);
}

void trans_close(struct media *m, struct transport *t)
{
	(void)ask_about_id(m, t, MEDIA__METHOD__CLOSE_TRANSPORT, NULL);
	trans_drop(m, t);
}
