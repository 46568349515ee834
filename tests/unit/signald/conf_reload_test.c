#include "signald/conf_reload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "signald/conf_keys.h"
#include "tests/lib/test.h"

static char path[64];

static void write_conf(const char *text)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

TEST(conf_reload_takes_what_may_change_and_keeps_the_rest)
{
	char err[256] = "";
	struct conf *old, *fresh;
	int fd;

	log_setup("test", LOG_ERROR, false);
	strcpy(path, "/tmp/conf-reload-XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	close(fd);
	write_conf("listen { port = 5000  address = {\"127.0.0.1\"} }\n"
		   "rooms { seats = 7 }\n");
	old = conf_load(path, err, sizeof(err));
	ck_assert_msg(old != NULL, "%s", err);
	write_conf("listen { port = 6000  address = {\"::1\", \"10.0.0.1\"}\n"
		   "  origins = {\"https://a.example\"} }\n"
		   "rooms { seats = 9 }\nmedia { workers = 3 }\n");
	fresh = conf_reload(old, err, sizeof(err));
	ck_assert_msg(fresh != NULL, "%s", err);
	ck_assert_uint_eq(fresh->listen.port, 5000);
	ck_assert_uint_eq(fresh->listen.address.n, 1);
	ck_assert_str_eq(fresh->listen.address.v[0], "127.0.0.1");
	ck_assert_uint_eq(fresh->listen.origins.n, 1);
	ck_assert_uint_eq(fresh->rooms.seats, 9);
	ck_assert_uint_eq(fresh->media.workers, 3);
	ck_assert_uint_eq(old->rooms.seats, 7);
	/* A mistake changes nothing. */
	write_conf("rooms { seats = many }\n");
	ck_assert_ptr_null(conf_reload(fresh, err, sizeof(err)));
	ck_assert_ptr_nonnull(strstr(err, path));
	fresh->before = old;
	conf_free(fresh);
	unlink(path);
}

/* Each name in the table of fixed keys is a key. */
TEST(conf_reload_knows_the_keys)
{
	size_t n = 0;

	for (size_t i = 0; i < conf_keys_n; i++)
		n += conf_reload_is_fixed(conf_keys[i].section,
					  conf_keys[i].name);
	ck_assert_uint_eq(n, conf_reload_fixed());
}
