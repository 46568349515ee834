#include <errno.h>

#include "common/sys/rng.h"
#include "mediad/control/convert.h"
#include "mediad/control/ctl.h"
#include "mediad/path/link.h"
#include "mediad/path/worker.h"
#include "mediad/sfu/consumer.h"
#include "mediad/sfu/producer.h"
#include "proto/media.pb-c.h"

static struct consumer *find(struct control *k, uint64_t id)
{
	struct consumer *c = worker_consumer(k->w, id);

	if (!c)
		k->reason = "no-consumer";
	return c;
}

static struct consumer *find_by(struct control *k, const void *msg)
{
	const Media__ObjectId *m = msg;

	return find(k, m->id);
}

static int answer_info(struct control *k, const struct consumer *c)
{
	Media__ConsumerInfo info = MEDIA__CONSUMER_INFO__INIT;
	uint32_t scores[PRODUCER_MAX_STREAMS];

	info.paused = c->paused;
	info.producer_paused = c->producer->paused;
	info.score = consumer_score(c);
	info.producer_score = producer_score(c->producer);
	info.producer_scores = scores;
	info.n_producer_scores = c->producer->n_streams;
	for (uint8_t i = 0; i < c->producer->n_streams; i++)
		scores[i] = c->producer->streams[i].recv.score;
	return control_answer(k, &info.base);
}

/* Numbers start anywhere; the first below 2^15, RFC 3711 section 3.3.1. */
static void randomize(struct consumer_opts *o)
{
	o->first_seq = (uint16_t)(1000 + rng_below(31768));
	o->first_rtx_seq = (uint16_t)(1000 + rng_below(31768));
	o->first_ts = rng_u32();
}

int ctl_consumer_create(struct control *k, const void *msg)
{
	const Media__Consume *m = msg;
	struct link *l = idmap_get(&k->w->links, m->transport_id);
	struct producer *p = worker_producer(k->w, m->producer_id);
	struct consumer *c = worker_consumer(k->w, m->id);
	struct consumer_opts o;
	int err;

	if (!l)
		return control_fail(k, -ENOENT, "no-transport");
	if (!p || p->transport->router != l->t->router)
		return control_fail(k, -ENOENT, "no-producer");
	if (c && c->transport == l->t && c->producer == p)
		return answer_info(k, c);
	err = convert_consume(m, &o, &k->reason);
	if (err)
		return err;
	randomize(&o);
	err = c ? -EEXIST : consumer_new(l->t, p, &o, k->now_us, &c);
	if (err)
		return control_fail(k, err,
				    err == -EEXIST ? "in-use" : "consumer");
	c->ctl = ctl_label_new(m->label.data, m->label.len);
	return answer_info(k, c);
}

int ctl_consumer_close(struct control *k, const void *msg)
{
	struct consumer *c = find_by(k, msg);

	if (c)
		consumer_free(c);
	return 0;
}

int ctl_consumer_pause(struct control *k, const void *msg)
{
	struct consumer *c = find_by(k, msg);

	if (!c)
		return -ENOENT;
	consumer_pause(c, k->now_us);
	return 0;
}

int ctl_consumer_resume(struct control *k, const void *msg)
{
	struct consumer *c = find_by(k, msg);

	if (!c)
		return -ENOENT;
	consumer_resume(c, k->now_us);
	return 0;
}

int ctl_consumer_layers(struct control *k, const void *msg)
{
	const Media__SetPreferredLayers *m = msg;
	struct consumer *c = find(k, m->id);
	struct layers_pair l = {
		.s = convert_layer(m->spatial, MEDIA_MAX_SID),
		.t = convert_layer(m->temporal, MEDIA_MAX_TID),
	};

	if (!c)
		return -ENOENT;
	consumer_set_preferred(c, l, k->now_us);
	return 0;
}

int ctl_consumer_priority(struct control *k, const void *msg)
{
	const Media__SetPriority *m = msg;
	struct consumer *c = find(k, m->id);

	if (!c)
		return -ENOENT;
	if (m->priority < 1 || m->priority > 255)
		return control_fail(k, -EINVAL, "priority");
	consumer_set_priority(c, (uint8_t)m->priority, k->now_us);
	return 0;
}

int ctl_consumer_viewport(struct control *k, const void *msg)
{
	const Media__SetViewport *m = msg;
	struct consumer *c = find(k, m->id);

	if (!c)
		return -ENOENT;
	if (m->width > UINT16_MAX || m->height > UINT16_MAX)
		return control_fail(k, -EINVAL, "viewport");
	consumer_set_viewport(c, (uint16_t)m->width, (uint16_t)m->height,
			      m->visible, k->now_us);
	return 0;
}

int ctl_consumer_key_frame(struct control *k, const void *msg)
{
	struct consumer *c = find_by(k, msg);

	if (!c)
		return -ENOENT;
	consumer_want_key(c, k->now_us);
	return 0;
}
