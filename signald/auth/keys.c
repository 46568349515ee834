#include "signald/auth/keys.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"

#define RSA_BITS_MIN 2048

enum keys_alg keys_alg(const char *name)
{
	if (name && str_eq(name, "RS256"))
		return KEYS_RS256;
	if (name && str_eq(name, "ES256"))
		return KEYS_ES256;
	return KEYS_NONE;
}

static const char *text(const json_t *o, const char *name)
{
	return json_string_value(json_object_get(o, name));
}

/* What the key is good for, by its type and what it says of itself. */
static enum keys_alg alg_of(const json_t *o)
{
	const char *kty = text(o, "kty"), *use = text(o, "use");
	const char *alg = text(o, "alg"), *crv = text(o, "crv");
	enum keys_alg is = KEYS_NONE;

	if (!kty || (use && !str_eq(use, "sig")))
		return KEYS_NONE;
	if (str_eq(kty, "RSA"))
		is = KEYS_RS256;
	else if (str_eq(kty, "EC") && crv && str_eq(crv, "P-256"))
		is = KEYS_ES256;
	return alg && keys_alg(alg) != is ? KEYS_NONE : is;
}

static bool is_strong(const cjose_jwk_t *jwk, enum keys_alg alg)
{
	return alg != KEYS_RS256 ||
	       cjose_jwk_get_keysize(jwk, NULL) >= RSA_BITS_MIN;
}

static void add(struct keys *k, const json_t *o)
{
	enum keys_alg alg = json_is_object(o) ? alg_of(o) : KEYS_NONE;
	const char *kid = text(o, "kid");
	struct key *key = &k->v[k->n];
	char *one;

	if (alg == KEYS_NONE || k->n == KEYS_MAX)
		return;
	one = json_dumps(o, JSON_COMPACT);
	if (!one)
		return;
	key->jwk = cjose_jwk_import(one, strlen(one), NULL);
	free(one);
	if (!key->jwk)
		return;
	key->kid = kid ? strdup(kid) : NULL;
	if (!is_strong(key->jwk, alg) || (kid && !key->kid)) {
		free(key->kid);
		cjose_jwk_release(key->jwk);
		return;
	}
	key->alg = alg;
	k->n++;
}

int keys_parse(struct keys *k, const char *json, size_t len)
{
	json_t *doc = json_loadb(json, len, JSON_REJECT_DUPLICATES, NULL);
	const json_t *list = json_object_get(doc, "keys"), *o;
	size_t i;
	int err = json_is_array(list) ? 0 : -EBADMSG;

	*k = (struct keys){0};
	if (!err)
		json_array_foreach(list, i, o) add(k, o);
	json_decref(doc);
	return err;
}

void keys_free(struct keys *k)
{
	for (size_t i = 0; i < k->n; i++) {
		free(k->v[i].kid);
		cjose_jwk_release(k->v[i].jwk);
	}
	k->n = 0;
}

const struct key *keys_find(const struct keys *k, const char *kid,
			    enum keys_alg alg)
{
	const struct key *only = NULL;
	size_t n = 0;

	for (size_t i = 0; i < k->n; i++) {
		const struct key *key = &k->v[i];

		if (key->alg != alg)
			continue;
		if (kid && key->kid && str_eq(kid, key->kid))
			return key;
		only = key;
		n++;
	}
	return !kid && n == 1 ? only : NULL;
}
