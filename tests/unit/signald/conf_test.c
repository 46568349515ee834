#include "signald/conf.h"

#include "signald/conf_keys.h"
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char err[256];

/* Loads a text; NULL with err as conf_load() does. */
static struct conf *load(const char *text)
{
	char path[] = "/tmp/chattr-conf-XXXXXX";
	struct conf *c;
	int fd = mkstemp(path);

	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	c = conf_load(path, err, sizeof(err));
	unlink(path);
	return c;
}

static void refused(const char *text, const char *why)
{
	ck_assert_ptr_null(load(text));
	ck_assert_msg(strstr(err, why), "%s: %s", text, err);
}

TEST(conf_has_defaults)
{
	struct conf *c = conf_load(NULL, err, sizeof(err));

	ck_assert_msg(c != NULL, "%s", err);
	ck_assert_uint_eq(c->listen.port, 4443);
	ck_assert(c->listen.tls);
	ck_assert_uint_eq(c->rooms.seats, 100);
	ck_assert_str_eq(c->rooms.policy, "waiting");
	ck_assert_double_eq(c->limits.join.rate, 0.2);
	ck_assert_uint_eq(c->listen.names.n, 0);
	ck_assert_str_ne(c->server.state_dir, "");
	conf_free(c);
}

TEST(conf_reads_a_file)
{
	struct conf *c = load("listen {\n port = 443\n tls = false\n"
			      " names = {\"a\", \"b\"}\n}\n"
			      "limits { chat_burst = 2.5 }\n"
			      "rooms { policy = open }\n");

	ck_assert_msg(c != NULL, "%s", err);
	ck_assert_uint_eq(c->listen.port, 443);
	ck_assert(!c->listen.tls);
	ck_assert_uint_eq(c->listen.names.n, 2);
	ck_assert_str_eq(c->listen.names.v[1], "b");
	ck_assert_double_eq(c->limits.chat.burst, 2.5);
	ck_assert_str_eq(c->rooms.policy, "open");
	conf_free(c);
}

TEST(conf_refuses_with_the_place)
{
	refused("listen {\n\n prot = 1\n}\n", ":3: no such option 'prot'");
	refused("listener {\n}\n", ":1: no such option 'listener'");
	refused("listen {\n port = 70000\n}\n",
		":2: port must be between 1 and 65535");
	refused("listen {\n port = x\n}\n", ":2: invalid integer");
	refused("rooms {\n policy = maybe\n}\n", ":2: policy must be one of");
	refused("rooms {\n seats = 5\n", "section 'rooms' is not closed");
	refused("listen {\n cert = \"a\"\n}\n", "cert and key");
	refused("listen {\n proxies = {\"x\"}\n}\n", "'x' is no network");
	refused("signin {\n required = join\n}\n", "needs an issuer");
	ck_assert_ptr_null(conf_load("/nonexistent", err, sizeof(err)));
	ck_assert_str_eq(err, "/nonexistent: No such file or directory");
}

TEST(conf_takes_the_environment_over_the_file)
{
	struct conf *c;

	setenv("CHATTR_LISTEN_PORT", "8443", 1);
	setenv("CHATTR_MEDIA_ANNOUNCE", "192.0.2.1,192.0.2.2", 1);
	c = load("listen { port = 443 }\n");
	ck_assert_msg(c != NULL, "%s", err);
	ck_assert_uint_eq(c->listen.port, 8443);
	ck_assert_uint_eq(c->media.announce.n, 2);
	ck_assert_str_eq(c->media.announce.v[1], "192.0.2.2");
	conf_free(c);
	setenv("CHATTR_LISTEN_PORT", "0", 1);
	ck_assert_ptr_null(conf_load(NULL, err, sizeof(err)));
	ck_assert_ptr_nonnull(strstr(err, "environment: port must be"));
	unsetenv("CHATTR_LISTEN_PORT");
	setenv("CHATTR_LISTEN_PROT", "1", 1);
	ck_assert_ptr_null(conf_load(NULL, err, sizeof(err)));
	ck_assert_str_eq(err, "environment: CHATTR_LISTEN_PROT: no such key");
}

/* Looks for "# name = preset" within the section. */
static bool explained(const char *text, const struct conf_key *k)
{
	char want[160], open[64];
	const char *at, *end;
	bool quoted = k->type == CONF_TEXT;

	snprintf(open, sizeof(open), "\n%s {\n", k->section);
	at = strstr(text, open);
	end = at ? strstr(at, "\n}\n") : NULL;
	snprintf(want, sizeof(want), "\t# %s = %s%s%s\n", k->name,
		 quoted ? "\"" : "", k->type == CONF_TEXTS ? "{}" : k->preset,
		 quoted ? "\"" : "");
	at = end ? strstr(at, want) : NULL;
	return at && at < end;
}

TEST(conf_file_explains_every_key_with_its_default)
{
	static char text[65536];
	FILE *f = fopen("conf/signald.conf", "r");
	size_t keys = 0;

	ck_assert_msg(f != NULL, "run from the top of the tree");
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	for (size_t i = 0; i < conf_keys_n; i++)
		ck_assert_msg(explained(text, &conf_keys[i]), "%s.%s",
			      conf_keys[i].section, conf_keys[i].name);
	for (const char *p = text; (p = strstr(p, "\n\t# ")); p++)
		keys += strcspn(p + 4, " ") + 2 < strlen(p + 4) &&
			!strncmp(p + 4 + strcspn(p + 4, " "), " = ", 3);
	ck_assert_uint_eq(keys, conf_keys_n);
}

TEST(conf_file_is_valid)
{
	struct conf *c = conf_load("conf/signald.conf", err, sizeof(err));

	ck_assert_msg(c != NULL, "%s", err);
	conf_free(c);
}
