/* ID tokens: what is real passes, each forgery fails for its own reason. */
#include "signald/auth/idtoken.h"

#include <jansson.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/b64.h"
#include "tests/lib/test.h"

#define NOW 1700000000

static const struct idtoken_want want = {
	.issuer = "https://issuer.example",
	.client_id = "chattr",
	.nonce = "nonce-nonce-nonce",
	.now_s = NOW,
};

static struct keys keys;
static cjose_jwk_t *rsa, *ec, *strange;

/* The public half of a key, as a member of a JWKS. */
static void add_public(json_t *list, const cjose_jwk_t *jwk, const char *kid)
{
	char *text = cjose_jwk_to_json(jwk, false, NULL);
	json_t *o = json_loads(text, 0, NULL);

	json_object_set_new(o, "kid", json_string(kid));
	json_array_append_new(list, o);
	free(text);
}

static void make_keys(void)
{
	json_t *doc = json_object(), *list = json_array();
	char *text;

	rsa = cjose_jwk_create_RSA_random(2048, (const uint8_t *)"\1\0\1", 3,
					  NULL);
	ec = cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, NULL);
	strange = cjose_jwk_create_RSA_random(2048, (const uint8_t *)"\1\0\1",
					      3, NULL);
	add_public(list, rsa, "r1");
	add_public(list, ec, "e1");
	json_object_set_new(doc, "keys", list);
	text = json_dumps(doc, 0);
	ck_assert_int_eq(keys_parse(&keys, text, strlen(text)), 0);
	ck_assert_uint_eq(keys.n, 2);
	free(text);
	json_decref(doc);
}

static void drop_keys(void)
{
	keys_free(&keys);
	cjose_jwk_release(rsa);
	cjose_jwk_release(ec);
	cjose_jwk_release(strange);
}

static json_t *claims(void)
{
	return json_pack("{ss ss ss ss ss si si}", "iss",
			 "https://issuer.example", "aud", "chattr", "sub",
			 "person-1", "nonce", "nonce-nonce-nonce", "name",
			 "Ann", "iat", NOW - 5, "exp", NOW + 300);
}

static char *sign(const cjose_jwk_t *jwk, const char *alg, const char *kid,
		  json_t *c)
{
	cjose_header_t *h = cjose_header_new(NULL);
	char *body = json_dumps(c, 0), *copy;
	cjose_jws_t *jws;
	const char *out = NULL;

	cjose_header_set(h, "alg", alg, NULL);
	if (kid)
		cjose_header_set(h, "kid", kid, NULL);
	jws = cjose_jws_sign(jwk, h, (uint8_t *)body, strlen(body), NULL);
	ck_assert_ptr_nonnull(jws);
	ck_assert(cjose_jws_export(jws, &out, NULL));
	copy = strdup(out);
	cjose_jws_release(jws);
	cjose_header_release(h);
	free(body);
	json_decref(c);
	return copy;
}

static enum idtoken_verdict check(char *jws)
{
	struct idtoken who;
	enum idtoken_verdict v = idtoken_check(jws, &keys, &want, &who);

	if (v == IDTOKEN_OK) {
		ck_assert_str_eq(who.subject, "person-1");
		ck_assert_str_eq(who.name, "Ann");
	}
	free(jws);
	return v;
}

TEST(idtoken_real_ones_pass)
{
	make_keys();
	ck_assert_int_eq(check(sign(rsa, "RS256", "r1", claims())), IDTOKEN_OK);
	ck_assert_int_eq(check(sign(ec, "ES256", "e1", claims())), IDTOKEN_OK);
	ck_assert_int_eq(check(sign(ec, "ES256", NULL, claims())), IDTOKEN_OK);
	drop_keys();
}

/* A header and claims of our choice with any bytes as the signature. */
static char *forge(const char *header, const char *sig)
{
	json_t *c = claims();
	char *body = json_dumps(c, 0), *out = calloc(1, 8192);
	char part[2048];

	json_decref(c);
	b64_of(part, header, strlen(header));
	strcat(strcat(out, part), ".");
	b64_of(part, body, strlen(body));
	strcat(strcat(strcat(out, part), "."), sig);
	free(body);
	return out;
}

TEST(idtoken_algorithm_none)
{
	make_keys();
	ck_assert_int_eq(check(forge("{\"alg\":\"none\"}", "")),
			 IDTOKEN_ALGORITHM);
	ck_assert_int_eq(check(forge("{\"alg\":\"None\",\"kid\":\"r1\"}", "")),
			 IDTOKEN_ALGORITHM);
	ck_assert_int_eq(
		check(forge("{\"alg\":\"RS256\",\"kid\":\"r1\"}", "AAAA")),
		IDTOKEN_SIGNATURE);
	ck_assert_int_ne(check(forge("{\"alg\":\"RS256\",\"kid\":\"r1\"}", "")),
			 IDTOKEN_OK);
	drop_keys();
}

/* libjwt 1.10 took one: an HMAC with the public key as its secret. */
TEST(idtoken_hmac_with_the_public_key)
{
	char *unsigned_part, *dot, mac64[64];
	unsigned char mac[32];
	unsigned int len = sizeof(mac);
	char *public_key;

	make_keys();
	public_key = cjose_jwk_to_json(rsa, false, NULL);
	unsigned_part = forge("{\"alg\":\"HS256\",\"kid\":\"r1\"}", "");
	dot = strrchr(unsigned_part, '.');
	*dot = '\0';
	HMAC(EVP_sha256(), public_key, (int)strlen(public_key),
	     (unsigned char *)unsigned_part, strlen(unsigned_part), mac, &len);
	b64_of(mac64, mac, sizeof(mac));
	*dot = '.';
	strcat(unsigned_part, mac64);
	ck_assert_int_eq(check(unsigned_part), IDTOKEN_ALGORITHM);
	free(public_key);
	drop_keys();
}

TEST(idtoken_keys_of_others)
{
	make_keys();
	ck_assert_int_eq(check(sign(strange, "RS256", "r1", claims())),
			 IDTOKEN_SIGNATURE);
	ck_assert_int_eq(check(sign(strange, "RS256", "r9", claims())),
			 IDTOKEN_UNKNOWN_KEY);
	/* A key is for its own algorithm. */
	ck_assert_int_eq(check(sign(rsa, "RS256", "e1", claims())),
			 IDTOKEN_UNKNOWN_KEY);
	ck_assert_int_eq(check(sign(rsa, "RS384", "r1", claims())),
			 IDTOKEN_ALGORITHM);
	drop_keys();
}

static enum idtoken_verdict with(const char *name, json_t *value)
{
	json_t *c = claims();

	if (value)
		json_object_set_new(c, name, value);
	else
		json_object_del(c, name);
	return check(sign(rsa, "RS256", "r1", c));
}

TEST(idtoken_claims)
{
	make_keys();
	ck_assert_int_eq(with("iss", json_string("https://issuer.example/")),
			 IDTOKEN_ISSUER);
	ck_assert_int_eq(with("iss", NULL), IDTOKEN_ISSUER);
	ck_assert_int_eq(with("aud", json_string("other")), IDTOKEN_AUDIENCE);
	ck_assert_int_eq(with("aud", json_pack("[s]", "chattr")), IDTOKEN_OK);
	ck_assert_int_eq(with("aud", json_pack("[ss]", "chattr", "other")),
			 IDTOKEN_AUDIENCE); /* without azp */
	ck_assert_int_eq(with("azp", json_string("other")), IDTOKEN_AUDIENCE);
	ck_assert_int_eq(with("azp", json_string("chattr")), IDTOKEN_OK);
	ck_assert_int_eq(with("nonce", json_string("another-nonce-xx")),
			 IDTOKEN_NONCE);
	ck_assert_int_eq(with("nonce", NULL), IDTOKEN_NONCE);
	ck_assert_int_eq(with("sub", json_string("")), IDTOKEN_SUBJECT);
	ck_assert_int_eq(with("sub", json_integer(7)), IDTOKEN_SUBJECT);
	drop_keys();
}

TEST(idtoken_times)
{
	make_keys();
	ck_assert_int_eq(with("exp", json_integer(NOW - 59)), IDTOKEN_OK);
	ck_assert_int_eq(with("exp", json_integer(NOW - 60)), IDTOKEN_EXPIRED);
	ck_assert_int_eq(with("exp", json_string("never")), IDTOKEN_MALFORMED);
	ck_assert_int_eq(with("exp", NULL), IDTOKEN_MALFORMED);
	ck_assert_int_eq(with("nbf", json_integer(NOW + 60)), IDTOKEN_OK);
	ck_assert_int_eq(with("nbf", json_integer(NOW + 61)), IDTOKEN_NOT_YET);
	ck_assert_int_eq(with("iat", json_integer(NOW + 3600)),
			 IDTOKEN_NOT_YET);
	drop_keys();
}

TEST(idtoken_garbage)
{
	static const char *const bad[] = {
		"",
		".",
		"..",
		"a.b.c",
		"e30.e30.",
		"e30.e30.e30.e30",
		"eyJhbGciOiJSUzI1NiIsImFsZyI6Im5vbmUifQ.e30.AAAA",
	};

	make_keys();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_ne(check(strdup(bad[i])), IDTOKEN_OK);
	drop_keys();
}

TEST(keys_take_what_is_strong_enough)
{
	static const char odd[] =
		"{\"keys\":[{},7,{\"kty\":\"oct\",\"k\":\"AAAA\"}]}";
	struct keys k;
	cjose_jwk_t *weak = cjose_jwk_create_RSA_random(
		1024, (const uint8_t *)"\1\0\1", 3, NULL);
	json_t *doc = json_object(), *list = json_array();
	char *text;

	ck_assert_int_lt(keys_parse(&k, "[]", 2), 0);
	ck_assert_int_lt(keys_parse(&k, "{\"keys\":7}", 10), 0);
	ck_assert_int_eq(keys_parse(&k, odd, strlen(odd)), 0);
	ck_assert_uint_eq(k.n, 0);
	add_public(list, weak, "w");
	json_object_set_new(doc, "keys", list);
	text = json_dumps(doc, 0);
	ck_assert_int_eq(keys_parse(&k, text, strlen(text)), 0);
	ck_assert_uint_eq(k.n, 0);
	free(text);
	json_decref(doc);
	cjose_jwk_release(weak);
}
