#include "signald/api/api_signin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/bucket.h"
#include "common/log.h"
#include "common/str.h"
#include "common/sys/loop.h"
#include "common/sys/rng.h"
#include "signald/api/api.h"
#include "signald/api/hubstate.h"
#include "signald/auth/fetch.h"
#include "signald/auth/oidc.h"
#include "signald/net/addrcap.h"
#include "signald/net/conn.h"
#include "signald/net/http.h"

/* Exchanges of all pages together, and of one address. */
#define BURST	   100
#define RATE	   20
#define ADDR_BURST 20
#define ADDR_RATE  0.5
#define ADDRS	   4096
#define CALLBACK   "/auth/callback"

struct api_signin {
	struct hub *hub;
	struct fetch *fetch; /* NULL: no issuer */
	struct oidc *oidc;
	struct signins signins;
	struct bucket exchanges;
	struct addrcap *addrs; /* who asks for them */
	struct list pages;     /* that wait for an answer */
};

struct page {
	struct list node;
	struct api_signin *signin;
	uint64_t conn;
};

static void start_oidc(struct api_signin *a)
{
	const struct conf_signin *k = &a->hub->conf->signin;
	struct oidc_conf conf = {k->issuer, k->client_id, k->client_secret};

	a->fetch = fetch_new(a->hub->loop);
	if (a->fetch)
		a->oidc = oidc_new(a->hub->loop, a->fetch, &conf);
}

struct api_signin *api_signin_new(struct hub *hub)
{
	struct api_signin *a = calloc(1, sizeof(*a));
	bool wanted = hub->conf->signin.issuer && *hub->conf->signin.issuer;

	if (!a)
		return NULL;
	a->hub = hub;
	signin_init(&a->signins);
	list_init(&a->pages);
	bucket_init(&a->exchanges, RATE, BURST, loop_now_us(hub->loop));
	a->addrs =
		addrcap_new(ADDRS, UINT32_MAX, ADDR_BURST, ADDR_RATE, rng_id());
	if (wanted)
		start_oidc(a);
	if (a->addrs && (!wanted || a->oidc))
		return a;
	api_signin_free(a);
	return NULL;
}

static void page_free(struct page *p)
{
	list_del(&p->node);
	free(p);
}

void api_signin_free(struct api_signin *a)
{
	if (!a)
		return;
	fetch_free(a->fetch); /* first: what runs would call the other */
	oidc_free(a->oidc);
	list_for_each_safe (it, &a->pages)
		page_free(list_entry(it, struct page, node));
	signin_fini(&a->signins);
	addrcap_free(a->addrs);
	free(a);
}

int api_signin_restore(struct api_signin *a, const struct record *rec)
{
	return signin_add(&a->signins, rec) == -ENOMEM ? -ENOMEM : 0;
}

const struct signin *api_signin_find(struct hub *hub, const char *token)
{
	struct secret_hash hash;

	if (!token || !*token)
		return NULL;
	secret_hash(&hub->secret, token, &hash);
	return signin_find(&hub->signin->signins, &hash, hub_now(hub).wall_ms);
}

/* ---- GET: how to begin ---- */

/* What stands behind "Continue with": the config's word or the host. */
static json_t *label_of(const struct conf_signin *k)
{
	const char *host = strstr(k->issuer, "://");

	if (k->label && *k->label)
		return json_string(k->label);
	host = host ? host + 3 : k->issuer;
	return json_stringn(host, strcspn(host, "/"));
}

void api_signin_get(struct hub *hub, struct conn *c, struct wire *w,
		    const struct http_req *req)
{
	const struct conf_signin *k = &hub->conf->signin;
	const struct api_signin *a = hub->signin;
	json_t *o = wire_put_str(json_object(), "required", k->required);
	const char *at = a->oidc ? oidc_authorization_endpoint(a->oidc) : NULL;

	(void)w;
	(void)req;
	if (at) {
		o = wire_put(o, "label", label_of(k));
		o = wire_put_str(o, "clientId", k->client_id);
		o = wire_put_str(o, "authorizationEndpoint", at);
	}
	api_http_reply(c, 200, o);
}

/* ---- POST: the code for a token of ours ---- */

static void forget_old(struct api_signin *a, uint64_t now_ms)
{
	struct record del;

	while (signin_expire(&a->signins, now_ms, &del))
		(void)store_push(a->hub->store, &del, RECORD_LAZY);
}

/* The token to show from now on; NULL: no memory. */
static const char *sign_in(struct api_signin *a, const struct idtoken *who,
			   char token[SECRET_TEXT_SIZE])
{
	uint64_t now_ms = hub_now(a->hub).wall_ms;
	struct secret_hash hash;
	struct record rec;

	secret_make(token);
	secret_hash(&a->hub->secret, token, &hash);
	rec = signin_record(&hash, who->subject, who->name,
			    now_ms + a->hub->conf->signin.ttl_s * 1000ull);
	forget_old(a, now_ms);
	if (signin_add(&a->signins, &rec))
		return NULL;
	(void)store_push(a->hub->store, &rec, RECORD_LAZY);
	return token;
}

static void answer_page(struct api_signin *a, struct conn *c,
			const struct idtoken *who)
{
	char token[SECRET_TEXT_SIZE];
	json_t *o;

	if (!sign_in(a, who, token)) {
		api_http_say(c, 503, "no-memory", 0);
		return;
	}
	o = wire_put_str(json_object(), "signInToken", token);
	api_http_reply(c, 200, wire_put_str(o, "name", who->name));
}

static void on_end(void *arg, enum oidc_end end, const struct idtoken *who,
		   const char *why)
{
	struct page *p = arg;
	struct api_signin *a = p->signin;
	struct conn *c = net_find(a->hub->net, p->conn);

	page_free(p);
	if (end != OIDC_OK)
		log_info("auth", "sign-in failed", "why=%s", why);
	if (!c)
		return;
	if (end == OIDC_OK)
		answer_page(a, c, who);
	else if (end == OIDC_UNREACHABLE)
		api_http_say(c, 503, "issuer-unreachable", 5000);
	else
		api_http_say(c, 401, "sign-in-refused", 0);
}

static void begin(struct api_signin *a, struct conn *c,
		  const struct oidc_try *t)
{
	struct page *p = calloc(1, sizeof(*p));
	int err;

	if (!p) {
		api_http_say(c, 503, "no-memory", 0);
		return;
	}
	p->signin = a;
	p->conn = conn_id(c);
	list_push(&a->pages, &p->node);
	err = oidc_begin(a->oidc, t, on_end, p);
	if (!err)
		return;
	page_free(p);
	if (err == -EINVAL)
		api_http_say(c, 400, "bad-request", 0);
	else
		api_http_say(c, 503, "busy", 1000);
}

/* Each is a request to the issuer; microseconds to wait, or 0. */
static uint64_t take_exchange(struct api_signin *a, const struct addr *from)
{
	uint64_t now_us = loop_now_us(a->hub->loop);

	if (addrcap_enter(a->addrs, from, now_us))
		return (uint64_t)(1e6 / ADDR_RATE);
	addrcap_leave(a->addrs, from);
	return bucket_take(&a->exchanges, 1, now_us);
}

void api_signin_post(struct hub *hub, struct conn *c, struct wire *w,
		     const struct http_req *req)
{
	struct api_signin *a = hub->signin;
	const char *origin = http_header(req, "Origin");
	char redirect[512] = "";
	struct oidc_try t = {
		.code = wire_text(w, "code", WIRE_MUST, 2048),
		.verifier = wire_text(w, "verifier", WIRE_MUST, 128),
		.nonce = wire_text(w, "nonce", WIRE_MUST, 128),
		.redirect_uri = redirect,
	};
	uint64_t wait_us;

	if (!a->oidc) {
		api_http_say(c, 404, "no-sign-in", 0);
		return;
	}
	/* The issuer compares it with the one the page began with. */
	if (w->bad || !origin ||
	    str_addf(redirect, sizeof(redirect), "%s" CALLBACK, origin)) {
		api_http_say(c, 400, "bad-request", 0);
		return;
	}
	wait_us = take_exchange(a, conn_addr(c));
	if (wait_us)
		api_http_say(c, 429, "rate-limited", wait_us / 1000 + 1);
	else
		begin(a, c, &t);
}
