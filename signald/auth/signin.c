#include "signald/auth/signin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void signin_init(struct signins *s)
{
	idmap_init(&s->by_id);
	list_init(&s->all);
	s->n = 0;
}

static void signin_drop(struct signins *s, struct signin *i)
{
	idmap_del(&s->by_id, i->id);
	list_del(&i->node);
	free(i->subject);
	free(i->name);
	free(i);
	s->n--;
}

void signin_fini(struct signins *s)
{
	list_for_each_safe (it, &s->all)
		signin_drop(s, list_entry(it, struct signin, node));
	idmap_fini(&s->by_id);
}

static uint64_t id_of(const struct secret_hash *h)
{
	uint64_t id;

	memcpy(&id, h->b, sizeof(id));
	return id ? id : 1;
}

struct record signin_record(const struct secret_hash *hash, const char *subject,
			    const char *name, uint64_t expires_ms)
{
	struct record rec = {.kind = RECORD_SIGNIN, .id = id_of(hash)};

	rec.signin.hash = *hash;
	rec.signin.subject = subject;
	rec.signin.name = name;
	rec.signin.expires_ms = expires_ms;
	return rec;
}

int signin_add(struct signins *s, const struct record *rec)
{
	struct signin *i = calloc(1, sizeof(*i));
	int err = -ENOMEM;

	if (!i)
		return -ENOMEM;
	i->id = rec->id;
	i->hash = rec->signin.hash;
	i->expires_ms = rec->signin.expires_ms;
	i->subject = strdup(rec->signin.subject);
	i->name = strdup(rec->signin.name);
	if (i->subject && i->name)
		err = idmap_put(&s->by_id, i->id, i);
	if (err) {
		free(i->subject);
		free(i->name);
		free(i);
		return err;
	}
	list_push(&s->all, &i->node);
	s->n++;
	return 0;
}

const struct signin *signin_find(const struct signins *s,
				 const struct secret_hash *hash,
				 uint64_t now_ms)
{
	const struct signin *i = idmap_get(&s->by_id, id_of(hash));

	if (!i || memcmp(&i->hash, hash, sizeof(*hash)) != 0)
		return NULL;
	return i->expires_ms > now_ms ? i : NULL;
}

bool signin_expire(struct signins *s, uint64_t now_ms, struct record *del)
{
	struct signin *i;

	if (list_empty(&s->all))
		return false;
	i = list_entry(s->all.next, struct signin, node);
	if (i->expires_ms > now_ms && s->n <= SIGNIN_MAX)
		return false;
	*del = (struct record){.kind = RECORD_SIGNIN_DEL, .id = i->id};
	signin_drop(s, i);
	return true;
}
