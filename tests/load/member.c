#include "tests/load/member.h"

#include <stdlib.h>
#include <string.h>

#include "common/sys/rng.h"

void member_init(struct member *m)
{
	memset(m, 0, sizeof(*m));
	m->on = true;
	m->producers = json_array();
	m->consumers = json_array();
}

void member_fini(struct member *m)
{
	free(m->token);
	json_decref(m->producers);
	json_decref(m->consumers);
	memset(m, 0, sizeof(*m));
}

static json_t *transports(const char *a, const char *b)
{
	json_t *list = json_array();

	member_has(list, a);
	member_has(list, b);
	return list;
}

json_t *member_enter(const struct member *m, const char *name,
		     const char *send_transport, const char *recv_transport)
{
	json_t *o = json_pack("{s:s}", "displayName", name);

	if (!m->token)
		return o;
	json_object_set_new(o, "resumeToken", json_string(m->token));
	json_object_set_new(o, "epoch", json_integer(m->epoch));
	json_object_set_new(o, "lastSeq", json_integer(m->last_seq));
	json_object_set_new(
		o, "have",
		json_pack("{s:o,s:O,s:O}", "transports",
			  transports(send_transport, recv_transport),
			  "producers", m->producers, "consumers",
			  m->consumers));
	return o;
}

static unsigned count_lost(json_t *lost)
{
	size_t n = json_array_size(json_object_get(lost, "transports"));

	n += json_array_size(json_object_get(lost, "producers"));
	n += json_array_size(json_object_get(lost, "consumers"));
	return (unsigned)n;
}

bool member_entered(struct member *m, json_t *data, uint64_t now_us)
{
	const char *token =
		json_string_value(json_object_get(data, "resumeToken"));
	json_t *missed = json_object_get(data, "missed");
	bool resumed = m->token != NULL;
	json_t *e;
	size_t i;

	if (token) {
		free(m->token);
		m->token = strdup(token);
	}
	json_array_foreach(missed, i, e)
	{
		member_event(m, e);
		m->replayed++;
	}
	m->epoch = json_integer_value(json_object_get(data, "epoch"));
	if (!missed)
		m->last_seq = 0;
	m->lost += count_lost(json_object_get(data, "lost"));
	if (!resumed)
		return false;
	m->resumes++;
	if (m->lost_us && now_us - m->lost_us > m->worst_us)
		m->worst_us = now_us - m->lost_us;
	m->lost_us = 0;
	return true;
}

void member_has(json_t *list, const char *id)
{
	if (id && *id)
		json_array_append_new(list, json_string(id));
}

void member_event(struct member *m, json_t *msg)
{
	json_t *seq = json_object_get(msg, "seq");
	json_int_t v = json_integer_value(seq);

	if (!seq)
		return;
	if (m->last_seq && v != m->last_seq + 1)
		m->disorder++;
	m->last_seq = v;
}

void member_lost(struct member *m, uint64_t now_us)
{
	if (!m->lost_us) {
		m->lost_us = now_us;
		m->breaks++;
	}
	m->retry_us = now_us + MEMBER_RETRY_US + rng_below(MEMBER_RETRY_US);
}
