/* The journal: round trip, order, refusal of files that are not ours. */
#include "signald/store/store.h"

#include <fcntl.h>
#include <poll.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "signald/store/secret.h"
#include "tests/lib/test.h"

static char dir[64];

static const char *new_dir(void)
{
	snprintf(dir, sizeof(dir), "/tmp/store-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	return dir;
}

static void drop_dir(void)
{
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", dir);
	ck_assert_int_eq(system(cmd), 0);
}

static struct store *open_ok(void)
{
	char err[512] = "";
	struct store *st =
		store_open(&(struct store_conf){.dir = dir}, err, sizeof(err));

	ck_assert_msg(st != NULL, "%s", err);
	return st;
}

static void wait_for(struct store *st, uint64_t ticket)
{
	struct pollfd p = {.fd = store_fd(st), .events = POLLIN};

	while (store_committed(st) < ticket)
		ck_assert_int_eq(poll(&p, 1, 30000), 1);
}

static struct record sample_peer(uint64_t room, uint64_t id)
{
	struct record r = {.kind = RECORD_PEER, .room = room, .id = id};

	r.peer = (struct record_peer){
		.pid = "pid",
		.name = "N\xc3\xa4me",
		.message = "hello",
		.browser = "b",
		.ip = "10.0.0.1",
		.device = {"chrome", "Chrome", "120"},
		.keys = {"s1", "s2", "s3"},
		.token.b = {1, 2, 3},
		.role = ROLE_COHOST,
		.role_before = ROLE_GUEST,
		.owner = true,
		.asked_unmute = true,
		.sealed_epoch = 4,
		.entered_ms = 5,
		.invite = 12,
		.order = 6,
		.hand = 7,
		.blob = "bl\0b",
		.blob_len = 4,
	};
	return r;
}

static struct record sample_room(uint64_t key, const char *id)
{
	struct record r = {.kind = RECORD_ROOM, .room = key};

	r.r = (struct record_room){
		.id = id,
		.created = true,
		.policy = POLICY_LOCKED,
		.settings = {.allow_chat = true, .succession = SUCCESSION_END},
		.host_key.b = {9},
		.created_ms = 1700000000000,
		.expires_ms = 1700000000001,
		.spotlight = 0xffffffffffffffff,
		.key_epoch = 3,
		.epoch_wanted = 4,
		.worker = 1,
		.router = 0x8000000000000001,
	};
	return r;
}

TEST(store_brings_back_what_it_took)
{
	struct record room = sample_room(0xfedcba9876543210, "r");
	struct record peer = sample_peer(room.room, 0x8000000000000002);
	struct record got;
	struct store *st;
	uint64_t ticket;

	new_dir();
	st = open_ok();
	ck_assert_int_eq(store_next(st, &got), 0);
	ck_assert_int_eq(store_start(st), 0);
	ck_assert_uint_eq(store_push(st, &peer, RECORD_LAZY), 0);
	ticket = store_push(st, &room, RECORD_DURABLE);
	ck_assert_uint_gt(ticket, 0);
	wait_for(st, ticket);
	store_close(st);

	st = open_ok();
	ck_assert_int_eq(store_next(st, &got), 1);
	ck_assert_int_eq(got.kind, RECORD_ROOM);
	ck_assert(got.room == room.room);
	ck_assert_str_eq(got.r.id, "r");
	ck_assert(got.r.created && !got.r.hosted && !got.r.ended);
	ck_assert_int_eq(got.r.policy, POLICY_LOCKED);
	ck_assert(got.r.settings.allow_chat && !got.r.settings.allow_screen);
	ck_assert_int_eq(got.r.settings.succession, SUCCESSION_END);
	ck_assert(!memcmp(&got.r.host_key, &room.r.host_key, 32));
	ck_assert(got.r.spotlight == room.r.spotlight);
	ck_assert(got.r.router == room.r.router);
	ck_assert_uint_eq(got.r.key_epoch, 3);
	ck_assert_uint_eq(got.r.epoch_wanted, 4);
	ck_assert_int_eq(store_next(st, &got), 1);
	ck_assert_int_eq(got.kind, RECORD_PEER);
	ck_assert(got.id == peer.id);
	ck_assert_str_eq(got.peer.name, "N\xc3\xa4me");
	ck_assert_str_eq(got.peer.keys.proof, "s3");
	ck_assert_str_eq(got.peer.subject, "");
	ck_assert(!memcmp(&got.peer.token, &peer.peer.token, 32));
	ck_assert(got.peer.owner && got.peer.asked_unmute);
	ck_assert(!got.peer.waiting && !got.peer.joined);
	ck_assert_uint_eq(got.peer.sealed_epoch, 4);
	ck_assert_uint_eq(got.peer.hand, 7);
	ck_assert_uint_eq(got.peer.invite, 12);
	ck_assert_uint_eq(got.peer.blob_len, 4);
	ck_assert(!memcmp(got.peer.blob, "bl\0b", 4));
	ck_assert_int_eq(store_next(st, &got), 0);
	store_close(st);
	drop_dir();
}

TEST(store_room_del_takes_all_of_it)
{
	struct record room = sample_room(1, "r"), other = sample_room(2, "q");
	struct record peer = sample_peer(1, 5);
	struct record del = {.kind = RECORD_ROOM_DEL, .room = 1}, got;
	struct store *st;

	new_dir();
	st = open_ok();
	store_start(st);
	store_push(st, &room, RECORD_LAZY);
	store_push(st, &other, RECORD_LAZY);
	store_push(st, &peer, RECORD_LAZY);
	wait_for(st, store_push(st, &del, RECORD_COMMIT));
	store_close(st);
	st = open_ok();
	ck_assert_int_eq(store_next(st, &got), 1);
	ck_assert_str_eq(got.r.id, "q");
	ck_assert_int_eq(store_next(st, &got), 0);
	store_close(st);
	drop_dir();
}

static void write_file(const char *name, const void *data, size_t len)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, data, len), (ssize_t)len);
	close(fd);
}

static void refused(const char *because)
{
	char err[512] = "";
	struct store *st =
		store_open(&(struct store_conf){.dir = dir}, err, sizeof(err));

	ck_assert_ptr_null(st);
	ck_assert_msg(strstr(err, because) != NULL, "%s", err);
}

static void sql(const char *text)
{
	char path[128];
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s/journal.db", dir);
	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

TEST(store_leaves_files_alone_that_are_not_its_own)
{
	struct stat before, after;
	char path[128];

	new_dir();
	write_file("journal.db", "this is no database at all, is it?", 34);
	refused("not a database");
	drop_dir();

	new_dir();
	sql("CREATE TABLE theirs(x); PRAGMA application_id=7");
	snprintf(path, sizeof(path), "%s/journal.db", dir);
	ck_assert_int_eq(stat(path, &before), 0);
	refused("another program");
	ck_assert_int_eq(stat(path, &after), 0);
	ck_assert(before.st_mtim.tv_nsec == after.st_mtim.tv_nsec);
	drop_dir();

	new_dir();
	store_close(open_ok());
	sql("PRAGMA user_version=99");
	refused("run the newer one");
	sql("PRAGMA user_version=-1");
	refused("is damaged");
	drop_dir();
}

/* As the first version wrote it: what came later is missing and then 0. */
TEST(store_brings_an_older_file_up_to_date)
{
	struct record room = sample_room(1, "r"), peer = sample_peer(1, 5);
	struct record got;
	struct store *st;

	new_dir();
	st = open_ok();
	store_start(st);
	store_push(st, &room, RECORD_LAZY);
	store_push(st, &peer, RECORD_LAZY);
	store_close(st);
	sql("ALTER TABLE room DROP COLUMN epoch_wanted;"
	    "ALTER TABLE peer DROP COLUMN invite; PRAGMA user_version=1");
	st = open_ok();
	ck_assert_int_eq(store_next(st, &got), 1);
	ck_assert_uint_eq(got.r.key_epoch, 3);
	ck_assert_uint_eq(got.r.epoch_wanted, 0);
	ck_assert_int_eq(store_next(st, &got), 1);
	ck_assert_uint_eq(got.peer.blob_len, 4);
	ck_assert_uint_eq(got.peer.invite, 0);
	ck_assert_int_eq(store_next(st, &got), 0);
	store_close(st);
	drop_dir();
}

TEST(store_says_that_a_file_is_damaged)
{
	struct record peer;
	struct store *st;
	char path[128], junk[4096];
	int fd;

	new_dir();
	st = open_ok();
	store_start(st);
	for (uint64_t i = 1; i < 300; i++) {
		peer = sample_peer(1, i);
		store_push(st, &peer, RECORD_LAZY);
	}
	store_close(st);
	memset(junk, 0x5a, sizeof(junk));
	snprintf(path, sizeof(path), "%s/journal.db", dir);
	fd = open(path, O_WRONLY);
	for (off_t at = 8 * 4096; at < 24 * 4096; at += 4096)
		ck_assert_int_eq(pwrite(fd, junk, 4096, at), 4096);
	close(fd);
	refused("damaged");
	drop_dir();
}

TEST(store_admits_one_server)
{
	struct store *st;

	new_dir();
	st = open_ok();
	refused("locked");
	store_close(st);
	drop_dir();
}

/* A child pushes and is killed once it has said what was committed. */
static void child(int out)
{
	struct store *st = open_ok();
	struct record rec;
	uint64_t said;

	store_start(st);
	for (uint64_t i = 1;; i++) {
		rec = sample_peer(1, i);
		(void)store_push(st, &rec,
				 i % 3 ? RECORD_COMMIT : RECORD_DURABLE);
		said = store_committed(st);
		if (write(out, &said, sizeof(said)) != sizeof(said))
			_exit(1);
	}
}

TEST_SLOW(store_survives_kill_9_with_all_it_committed, 60)
{
	new_dir();
	store_close(open_ok());
	for (int round = 0; round < 40; round++) {
		uint64_t said = 0, n = 0;
		struct record rec;
		struct store *st;
		int fds[2], got;
		pid_t pid;

		ck_assert_int_eq(pipe(fds), 0);
		pid = fork();
		if (!pid) {
			close(fds[0]);
			child(fds[1]);
		}
		close(fds[1]);
		usleep((useconds_t)(5000 + round * 700));
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		while (read(fds[0], &said, sizeof(said)) == sizeof(said))
			;
		close(fds[0]);
		st = open_ok();
		while ((got = store_next(st, &rec)) > 0)
			ck_assert_uint_eq(rec.id, ++n); /* no hole */
		ck_assert_int_eq(got, 0);
		ck_assert_uint_ge(n, said);
		store_close(st);
		sql("DELETE FROM peer");
	}
	drop_dir();
}

TEST(secret_key_is_made_once)
{
	struct secret a, b;
	struct secret_hash ha, hb;
	char path[128], err[256];
	struct stat st;

	new_dir();
	ck_assert_int_eq(secret_load(&a, dir, err, sizeof(err)), 0);
	ck_assert_int_eq(secret_load(&b, dir, err, sizeof(err)), 0);
	ck_assert(!memcmp(&a, &b, sizeof(a)));
	snprintf(path, sizeof(path), "%s/secret.key", dir);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	secret_hash(&a, "token", &ha);
	b.key[0] ^= 1;
	secret_hash(&b, "token", &hb);
	ck_assert(memcmp(&ha, &hb, sizeof(ha)));
	chmod(path, 0644);
	ck_assert_int_lt(secret_load(&a, dir, err, sizeof(err)), 0);
	ck_assert(strstr(err, "chmod 600"));
	write_file("secret.key", "short", 5);
	chmod(path, 0600);
	ck_assert_int_lt(secret_load(&a, dir, err, sizeof(err)), 0);
	drop_dir();
}
