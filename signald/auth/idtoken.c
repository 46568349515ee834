#include "signald/auth/idtoken.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/b64.h"
#include "common/str.h"

#define JWS_MAX	   16384
#define HEADER_MAX 2048

const char *idtoken_why(enum idtoken_verdict v)
{
	static const char *const whys[] = {
		[IDTOKEN_OK] = "ok",
		[IDTOKEN_UNKNOWN_KEY] = "unknown-key",
		[IDTOKEN_MALFORMED] = "malformed",
		[IDTOKEN_ALGORITHM] = "algorithm",
		[IDTOKEN_SIGNATURE] = "signature",
		[IDTOKEN_ISSUER] = "issuer",
		[IDTOKEN_AUDIENCE] = "audience",
		[IDTOKEN_EXPIRED] = "expired",
		[IDTOKEN_NOT_YET] = "not-yet",
		[IDTOKEN_NONCE] = "nonce",
		[IDTOKEN_SUBJECT] = "subject",
	};

	return whys[v];
}

static const char *text(const json_t *o, const char *name)
{
	return json_string_value(json_object_get(o, name));
}

/* ---- the header decides nothing: it only says which key to try ---- */

static enum idtoken_verdict read_header(const json_t *h,
					const struct keys *keys,
					const struct key **key)
{
	enum keys_alg alg = keys_alg(text(h, "alg"));

	if (!json_is_object(h) || json_object_get(h, "crit"))
		return IDTOKEN_MALFORMED;
	if (alg == KEYS_NONE)
		return IDTOKEN_ALGORITHM;
	*key = keys_find(keys, text(h, "kid"), alg);
	return *key ? IDTOKEN_OK : IDTOKEN_UNKNOWN_KEY;
}

static enum idtoken_verdict find_key(const char *jws, const struct keys *keys,
				     const struct key **key)
{
	const char *dot = strchr(jws, '.');
	enum idtoken_verdict v;
	char raw[HEADER_MAX];
	json_t *header;
	int n;

	if (!dot || strlen(jws) > JWS_MAX)
		return IDTOKEN_MALFORMED;
	n = b64_to(raw, sizeof(raw), jws, (size_t)(dot - jws));
	if (n < 0)
		return IDTOKEN_MALFORMED;
	header = json_loadb(raw, (size_t)n, JSON_REJECT_DUPLICATES, NULL);
	v = read_header(header, keys, key);
	json_decref(header);
	return v;
}

/* The payload of a good signature; the caller frees it. */
static enum idtoken_verdict open_jws(const char *text_in, const struct key *key,
				     json_t **claims)
{
	cjose_jws_t *jws = cjose_jws_import(text_in, strlen(text_in), NULL);
	enum idtoken_verdict v = IDTOKEN_SIGNATURE;
	uint8_t *body;
	size_t len;

	if (!jws)
		return IDTOKEN_MALFORMED;
	if (cjose_jws_verify(jws, key->jwk, NULL) &&
	    cjose_jws_get_plaintext(jws, &body, &len, NULL)) {
		*claims = json_loadb((const char *)body, len,
				     JSON_REJECT_DUPLICATES, NULL);
		v = json_is_object(*claims) ? IDTOKEN_OK : IDTOKEN_MALFORMED;
	}
	cjose_jws_release(jws);
	return v;
}

/* ---- the claims ---- */

static bool is_for(const json_t *aud, const char *client)
{
	const json_t *one;
	size_t i;

	if (json_is_string(aud))
		return str_eq(json_string_value(aud), client);
	json_array_foreach(aud, i, one) if (json_is_string(one) &&
					    str_eq(json_string_value(one),
						   client)) return true;
	return false;
}

/* Several audiences must say which of them it was made for. */
static bool audience_is_ours(const json_t *c, const char *client)
{
	const json_t *aud = json_object_get(c, "aud");
	const json_t *azp = json_object_get(c, "azp");

	if (!is_for(aud, client))
		return false;
	if (!azp)
		return !json_is_array(aud) || json_array_size(aud) == 1;
	return json_is_string(azp) && str_eq(json_string_value(azp), client);
}

static enum idtoken_verdict check_times(const json_t *c, uint64_t now_s)
{
	const json_t *exp = json_object_get(c, "exp");
	const json_t *nbf = json_object_get(c, "nbf");
	const json_t *iat = json_object_get(c, "iat");
	double now = (double)now_s;

	if (!json_is_number(exp) || !json_is_number(iat) ||
	    (nbf && !json_is_number(nbf)))
		return IDTOKEN_MALFORMED;
	if (now >= json_number_value(exp) + IDTOKEN_LEEWAY_S)
		return IDTOKEN_EXPIRED;
	if (json_number_value(iat) > now + IDTOKEN_LEEWAY_S ||
	    (nbf && json_number_value(nbf) > now + IDTOKEN_LEEWAY_S))
		return IDTOKEN_NOT_YET;
	return IDTOKEN_OK;
}

static bool claim_is(const json_t *c, const char *name, const char *want)
{
	const char *is = text(c, name);

	return is && str_eq(is, want);
}

static enum idtoken_verdict check_claims(const json_t *c,
					 const struct idtoken_want *want)
{
	const char *sub = text(c, "sub");

	if (!claim_is(c, "iss", want->issuer))
		return IDTOKEN_ISSUER;
	if (!audience_is_ours(c, want->client_id))
		return IDTOKEN_AUDIENCE;
	if (!claim_is(c, "nonce", want->nonce))
		return IDTOKEN_NONCE;
	if (!sub || !*sub || strlen(sub) > 255)
		return IDTOKEN_SUBJECT;
	return check_times(c, want->now_s);
}

static void read_claims(const json_t *c, struct idtoken *out)
{
	const char *name = text(c, "name");

	if (!name)
		name = text(c, "preferred_username");
	(void)str_copy(out->subject, sizeof(out->subject), text(c, "sub"));
	(void)str_copy(out->name, sizeof(out->name), name ? name : "");
}

enum idtoken_verdict idtoken_check(const char *jws, const struct keys *keys,
				   const struct idtoken_want *want,
				   struct idtoken *out)
{
	const struct key *key = NULL;
	json_t *claims = NULL;
	enum idtoken_verdict v = find_key(jws, keys, &key);

	if (v == IDTOKEN_OK)
		v = open_jws(jws, key, &claims);
	if (v == IDTOKEN_OK)
		v = check_claims(claims, want);
	if (v == IDTOKEN_OK)
		read_claims(claims, out);
	json_decref(claims);
	return v;
}
