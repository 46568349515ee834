#include "signald/conf_reload.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/str.h"
#include "signald/conf_keys.h"

/* What a start alone can change. */
static const struct {
	const char *section, *name;
} fixed[] = {
	{"server", "user"},
	{"server", "run_dir"},
	{"server", "state_dir"},
	{"server", "log_json"},
	{"listen", "address"},
	{"listen", "port"},
	{"listen", "tls"},
	{"listen", "names"},
	{"listen", "metrics_address"},
	{"listen", "metrics_port"},
	{"listen", "web_root"},
	{"listen", "conns"},
	{"listen", "conns_per_addr"},
	{"media", "pin"},
	{"media", "program"},
	{"media", "address"},
	{"media", "port"},
	{"media", "announce"},
	{"media", "buffer_kib"},
	{"limits", "addr_conn_burst"},
	{"limits", "addr_conn_rate"},
	{"limits", "newcomer_burst"},
	{"limits", "newcomer_rate"},
	{"signin", "issuer"},
	{"signin", "client_id"},
	{"signin", "client_secret"},
};

bool conf_reload_is_fixed(const char *section, const char *name)
{
	for (size_t i = 0; i < sizeof(fixed) / sizeof(*fixed); i++)
		if (str_eq(fixed[i].section, section) &&
		    str_eq(fixed[i].name, name))
			return true;
	return false;
}

size_t conf_reload_fixed(void)
{
	return sizeof(fixed) / sizeof(*fixed);
}

static bool same_lists(const struct conf_list *a, const struct conf_list *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!str_eq(a->v[i], b->v[i]))
			return false;
	return true;
}

static size_t size_of(enum conf_type type)
{
	switch (type) {
	case CONF_UINT:
		return sizeof(uint32_t);
	case CONF_REAL:
		return sizeof(double);
	case CONF_BOOL:
		return sizeof(bool);
	case CONF_TEXTS:
		return sizeof(struct conf_list);
	case CONF_TEXT:
	case CONF_WORD:
		break;
	}
	return sizeof(char *);
}

static bool same(enum conf_type type, const void *a, const void *b)
{
	if (type == CONF_TEXTS)
		return same_lists(a, b);
	if (type == CONF_TEXT || type == CONF_WORD)
		return str_eq(*(char *const *)a, *(char *const *)b);
	return !memcmp(a, b, size_of(type));
}

static void swap(void *a, void *b, size_t size)
{
	char keep[sizeof(struct conf_list)];

	memcpy(keep, a, size);
	memcpy(a, b, size);
	memcpy(b, keep, size);
}

/* The old value of what cannot change, out of a copy. */
static void keep(struct conf *fresh, struct conf *kept,
		 const struct conf_key *k)
{
	log_warn("conf", "needs a restart", "key=%s.%s", k->section, k->name);
	swap((char *)fresh + k->at, (char *)kept + k->at, size_of(k->type));
}

static int copy_list(struct conf_list *out, const struct conf_list *in)
{
	*out = (struct conf_list){.v = calloc(in->n + 1, sizeof(char *))};
	for (; out->v && out->n < in->n; out->n++) {
		out->v[out->n] = strdup(in->v[out->n]);
		if (!out->v[out->n])
			return -1;
	}
	return out->v ? 0 : -1;
}

/* All keys, the texts in their own memory; NULL: no memory. */
static struct conf *copy(const struct conf *c)
{
	struct conf *out = calloc(1, sizeof(*out));
	int err = !out;

	for (size_t i = 0; !err && i < conf_keys_n; i++) {
		const struct conf_key *k = &conf_keys[i];
		const void *from = (const char *)c + k->at;
		void *to = (char *)out + k->at;

		if (k->type == CONF_TEXTS) {
			err = copy_list(to, from);
		} else if (k->type == CONF_TEXT || k->type == CONF_WORD) {
			*(char **)to = strdup(*(char *const *)from);
			err = !*(char **)to;
		} else {
			memcpy(to, from, size_of(k->type));
		}
	}
	if (!err)
		return out;
	conf_free(out);
	return NULL;
}

struct conf *conf_reload(const struct conf *old, char *err, size_t cap)
{
	struct conf *fresh = conf_load(old->path, err, cap);
	struct conf *kept = fresh ? copy(old) : NULL;

	if (!kept) {
		if (fresh)
			(void)str_copy(err, cap, "out of memory");
		conf_free(fresh);
		return NULL;
	}
	for (size_t i = 0; i < conf_keys_n; i++) {
		const struct conf_key *k = &conf_keys[i];

		if (conf_reload_is_fixed(k->section, k->name) &&
		    !same(k->type, (char *)fresh + k->at, (char *)kept + k->at))
			keep(fresh, kept, k);
	}
	conf_free(kept);
	return fresh;
}
