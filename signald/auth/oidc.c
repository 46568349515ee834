#include "signald/auth/oidc.h"

#include <curl/curl.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/bucket.h"
#include "common/list.h"
#include "common/log.h"
#include "common/str.h"
#include "common/sys/clock.h"
#include "common/sys/loop.h"
#include "signald/auth/fetch.h"

#define KEEP_US	  (24 * 3600 * 1000000ull)
#define TRIES_MAX 200
#define FORM_MAX  8192
#define DISCOVERY "/.well-known/openid-configuration"

enum stage {
	STAGE_META,  /* waits for discovery */
	STAGE_TOKEN, /* the issuer was asked */
	STAGE_KEYS,  /* waits for keys to check the token with */
};

struct attempt {
	struct list node;
	struct oidc *oidc;
	enum stage stage;
	char *code, *verifier, *nonce, *redirect_uri;
	char *token;
	oidc_done *done;
	void *arg;
};

struct oidc {
	struct loop *loop;
	struct fetch *fetch;
	char *issuer, *client_id, *client_secret;
	char *authorization, *token, *jwks; /* NULL: not discovered */
	bool basic;			    /* how it wants the secret */
	bool asking_meta, asking_keys, have_keys;
	uint64_t meta_us, keys_us; /* when they came */
	struct bucket refetch;
	struct keys keys;
	struct list attempts;
	size_t n_attempts;
};

/* ---- attempts ---- */

static void attempt_free(struct attempt *a)
{
	list_del(&a->node);
	a->oidc->n_attempts--;
	free(a->code);
	free(a->verifier);
	free(a->nonce);
	free(a->redirect_uri);
	free(a->token);
	free(a);
}

static void attempt_end(struct attempt *a, enum oidc_end end,
			const struct idtoken *who, const char *why)
{
	oidc_done *done = a->done;
	void *arg = a->arg;

	attempt_free(a);
	done(arg, end, who, why);
}

/* The first of a stage: ending one may end others, so no walk goes on. */
static struct attempt *attempt_at(struct oidc *o, enum stage stage)
{
	list_for_each (it, &o->attempts) {
		struct attempt *a = list_entry(it, struct attempt, node);

		if (a->stage == stage)
			return a;
	}
	return NULL;
}

static void fail_stage(struct oidc *o, enum stage stage, const char *why)
{
	struct attempt *a;

	while ((a = attempt_at(o, stage)))
		attempt_end(a, OIDC_UNREACHABLE, NULL, why);
}

/* ---- keys ---- */

static void ask_keys(struct oidc *o);

static enum idtoken_verdict check(struct attempt *a, struct idtoken *who)
{
	struct oidc *o = a->oidc;

	return idtoken_check(a->token, &o->keys,
			     &(struct idtoken_want){
				     .issuer = o->issuer,
				     .client_id = o->client_id,
				     .nonce = a->nonce,
				     .now_s = clock_wall_us() / 1000000,
			     },
			     who);
}

static void check_end(struct attempt *a, enum idtoken_verdict v,
		      const struct idtoken *who)
{
	if (v == IDTOKEN_OK)
		attempt_end(a, OIDC_OK, who, "ok");
	else
		attempt_end(a, OIDC_BAD_TOKEN, NULL, idtoken_why(v));
}

static void on_keys(void *arg, int status, const char *body, size_t len)
{
	struct oidc *o = arg;
	struct keys fresh;
	struct attempt *a;

	o->asking_keys = false;
	if (status != 200 || keys_parse(&fresh, body, len)) {
		log_warn("auth", "no keys from the issuer", "status=%d",
			 status);
		if (!o->have_keys) {
			fail_stage(o, STAGE_KEYS, "no-keys");
			return;
		}
	} else {
		keys_free(&o->keys);
		o->keys = fresh;
		o->have_keys = true;
		o->keys_us = loop_now_us(o->loop);
	}
	while ((a = attempt_at(o, STAGE_KEYS))) {
		struct idtoken who;

		check_end(a, check(a, &who), &who);
	}
}

static void ask_keys(struct oidc *o)
{
	if (o->asking_keys)
		return;
	o->asking_keys = true;
	if (fetch_start(o->fetch, &(struct fetch_req){.url = o->jwks}, on_keys,
			o)) {
		o->asking_keys = false;
		fail_stage(o, STAGE_KEYS, "no-keys");
	}
}

/* Keys of today, and once a minute at most anew for a key we do not know. */
static void check_or_wait(struct attempt *a)
{
	struct oidc *o = a->oidc;
	uint64_t now_us = loop_now_us(o->loop);
	bool stale = !o->have_keys || now_us - o->keys_us > KEEP_US;
	enum idtoken_verdict v = IDTOKEN_UNKNOWN_KEY;
	struct idtoken who;

	if (!stale) {
		v = check(a, &who);
		if (v != IDTOKEN_UNKNOWN_KEY ||
		    bucket_take(&o->refetch, 1, now_us)) {
			check_end(a, v, &who);
			return;
		}
	}
	a->stage = STAGE_KEYS;
	ask_keys(o);
}

/* ---- the exchange ---- */

static void on_token(void *arg, int status, const char *body, size_t len)
{
	struct attempt *a = arg;
	json_t *doc = json_loadb(body, len, JSON_REJECT_DUPLICATES, NULL);
	const char *t = json_string_value(json_object_get(doc, "id_token"));

	if (status == 200 && t)
		a->token = strdup(t);
	json_decref(doc);
	if (a->token)
		check_or_wait(a);
	else if (status >= 400 && status < 500)
		attempt_end(a, OIDC_REFUSED, NULL, "code-refused");
	else
		attempt_end(a, OIDC_UNREACHABLE, NULL, "no-token");
}

static int add_field(char *form, const char *name, const char *value)
{
	char *text = curl_easy_escape(NULL, value, 0);
	int err;

	if (!text)
		return -ENOMEM;
	err = str_addf(form, FORM_MAX, "%s%s=%s", *form ? "&" : "", name, text);
	curl_free(text);
	return err;
}

static int make_form(const struct attempt *a, char *form)
{
	const struct oidc *o = a->oidc;
	int err = 0;

	form[0] = '\0';
	err = err ? err : add_field(form, "grant_type", "authorization_code");
	err = err ? err : add_field(form, "code", a->code);
	err = err ? err : add_field(form, "redirect_uri", a->redirect_uri);
	err = err ? err : add_field(form, "code_verifier", a->verifier);
	if (!err && (!o->basic || !*o->client_secret))
		err = add_field(form, "client_id", o->client_id);
	if (!err && !o->basic && *o->client_secret)
		err = add_field(form, "client_secret", o->client_secret);
	return err;
}

/* RFC 6749 2.3.1: both are form-encoded before they are joined. */
static void ask_token(struct attempt *a)
{
	struct oidc *o = a->oidc;
	struct fetch_req req = {.url = o->token};
	char form[FORM_MAX];
	char *user = NULL, *password = NULL;
	int err = make_form(a, form);

	req.form = form;
	if (o->basic && *o->client_secret) {
		user = curl_easy_escape(NULL, o->client_id, 0);
		password = curl_easy_escape(NULL, o->client_secret, 0);
		if (!user || !password)
			err = -ENOMEM;
		req.user = user;
		req.password = password;
	}
	a->stage = STAGE_TOKEN;
	if (!err)
		err = fetch_start(o->fetch, &req, on_token, a);
	curl_free(user);
	curl_free(password);
	if (err)
		attempt_end(a, OIDC_UNREACHABLE, NULL, "no-memory");
}

/* ---- discovery ---- */

static char *take_url(const json_t *doc, const char *name)
{
	const char *s = json_string_value(json_object_get(doc, name));

	return s && !fetch_check_url(s) ? strdup(s) : NULL;
}

/* Basic is what an issuer that says nothing takes (Discovery, 3). */
static bool takes_basic(const json_t *doc)
{
	const json_t *list =
		json_object_get(doc, "token_endpoint_auth_methods_supported");
	const json_t *one;
	size_t i;

	if (!json_is_array(list))
		return true;
	json_array_foreach(list, i,
			   one) if (json_is_string(one) &&
				    str_eq(json_string_value(one),
					   "client_secret_basic")) return true;
	return false;
}

static bool read_meta(struct oidc *o, const json_t *doc)
{
	const char *issuer = json_string_value(json_object_get(doc, "issuer"));
	char *authorization = take_url(doc, "authorization_endpoint");
	char *token = take_url(doc, "token_endpoint");
	char *jwks = take_url(doc, "jwks_uri");

	if (!issuer || !str_eq(issuer, o->issuer) || !authorization || !token ||
	    !jwks) {
		free(authorization);
		free(token);
		free(jwks);
		return false;
	}
	free(o->authorization);
	free(o->token);
	free(o->jwks);
	o->authorization = authorization;
	o->token = token;
	o->jwks = jwks;
	o->basic = takes_basic(doc);
	o->meta_us = loop_now_us(o->loop);
	return true;
}

static void on_meta(void *arg, int status, const char *body, size_t len)
{
	struct oidc *o = arg;
	json_t *doc = json_loadb(body, len, JSON_REJECT_DUPLICATES, NULL);
	bool ok = status == 200 && read_meta(o, doc);
	struct attempt *a;
	char q[256];

	json_decref(doc);
	o->asking_meta = false;
	if (!ok)
		log_warn("auth", "discovery failed", "status=%d said=%s",
			 status, log_q(q, sizeof(q), status ? "" : body));
	if (!ok && !o->token) {
		fail_stage(o, STAGE_META, "discovery");
		return;
	}
	while ((a = attempt_at(o, STAGE_META)))
		ask_token(a);
}

static void ask_meta(struct oidc *o)
{
	char url[1024] = "";
	size_t len = strlen(o->issuer);

	if (o->asking_meta)
		return;
	if (len && o->issuer[len - 1] == '/')
		len--;
	if (str_addf(url, sizeof(url), "%.*s%s", (int)len, o->issuer,
		     DISCOVERY) ||
	    fetch_start(o->fetch, &(struct fetch_req){.url = url}, on_meta,
			o)) {
		fail_stage(o, STAGE_META, "discovery");
		return;
	}
	o->asking_meta = true;
}

/* ---- the outside ---- */

struct oidc *oidc_new(struct loop *loop, struct fetch *fetch,
		      const struct oidc_conf *conf)
{
	struct oidc *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->loop = loop;
	o->fetch = fetch;
	list_init(&o->attempts);
	bucket_init(&o->refetch, 1 / 60.0, 1, loop_now_us(loop));
	o->issuer = strdup(conf->issuer);
	o->client_id = strdup(conf->client_id);
	o->client_secret = strdup(conf->client_secret);
	if (!o->issuer || !o->client_id || !o->client_secret) {
		oidc_free(o);
		return NULL;
	}
	ask_meta(o);
	return o;
}

void oidc_free(struct oidc *o)
{
	if (!o)
		return;
	list_for_each_safe (it, &o->attempts)
		attempt_free(list_entry(it, struct attempt, node));
	keys_free(&o->keys);
	free(o->authorization);
	free(o->token);
	free(o->jwks);
	free(o->issuer);
	free(o->client_id);
	free(o->client_secret);
	free(o);
}

const char *oidc_authorization_endpoint(const struct oidc *o)
{
	return o->authorization;
}

/* 43 to 128 of the unreserved characters (RFC 7636, 4.1). */
static bool is_verifier(const char *s)
{
	size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			     "abcdefghijklmnopqrstuvwxyz0123456789-._~");

	return n >= 43 && n <= 128 && !s[n];
}

static bool is_sane(const struct oidc_try *t)
{
	size_t nonce = strlen(t->nonce);

	return *t->code && strlen(t->code) <= 2048 &&
	       is_verifier(t->verifier) && nonce >= 16 && nonce <= 128 &&
	       strlen(t->redirect_uri) <= 512;
}

int oidc_begin(struct oidc *o, const struct oidc_try *t, oidc_done *done,
	       void *arg)
{
	struct attempt *a;

	if (!is_sane(t))
		return -EINVAL;
	if (o->n_attempts >= TRIES_MAX)
		return -EBUSY;
	a = calloc(1, sizeof(*a));
	if (!a)
		return -ENOMEM;
	a->oidc = o;
	a->done = done;
	a->arg = arg;
	a->code = strdup(t->code);
	a->verifier = strdup(t->verifier);
	a->nonce = strdup(t->nonce);
	a->redirect_uri = strdup(t->redirect_uri);
	list_init(&a->node);
	o->n_attempts++;
	if (!a->code || !a->verifier || !a->nonce || !a->redirect_uri) {
		attempt_free(a);
		return -ENOMEM;
	}
	list_push(&o->attempts, &a->node);
	if (o->token && loop_now_us(o->loop) - o->meta_us < KEEP_US) {
		ask_token(a);
		return 0;
	}
	ask_meta(o);
	return 0;
}
