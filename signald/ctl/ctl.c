/*
 * chattrctl: one command to a running signald, over its admin socket.
 *
 *	chattrctl status
 *	chattrctl --json peers my-room
 *
 * The table below is the help; what a command does is signald's
 * (signald/api/admincmd.c). Exit status: 0 done, 1 refused, 2 wrong use,
 * 3 signald cannot be reached.
 */
#include "common/str.h"
#include "proto/admin.pb-c.h"
#include "proto/adminframe.h"
#include "signald/ctl/capture.h"
#include "signald/ctl/print.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static const struct {
	const char *name, *args, *what;
} commands[] = {
	{"status", "", "how the server is doing"},
	{"workers", "", "media workers and their load"},
	{"workers", "add", "one more"},
	{"workers", "restart", "each by a new process, calls move over"},
	{"workers", "drain WORKER", "its rooms move away, it takes no more"},
	{"workers", "resume WORKER", "it takes rooms again"},
	{"workers", "remove WORKER", "as drain, and it ends when empty"},
	{"rooms", "", "all rooms"},
	{"peers", "ROOM", "who is in a room or waits for it"},
	{"knocks", "ROOM", "who waits, with their words"},
	{"admit", "ROOM [PEER]", "let one in, or all who wait"},
	{"deny", "ROOM PEER", "turn away one who waits"},
	{"kick", "ROOM PEER [ban]", "put one out"},
	{"mute", "ROOM [PEER]", "mute one or all"},
	{"lock", "ROOM", "nobody new"},
	{"policy", "ROOM POLICY", "waiting, open or locked"},
	{"end", "ROOM", "end the meeting for all"},
	{"invites", "ROOM", "its invites"},
	{"invite", "ROOM [LABEL]", "make an invite, print its token"},
	{"revoke", "ROOM INVITE", "an invite is worth nothing any more"},
	{"audit", "ROOM", "who did what"},
	{"log", "LEVEL", "error, warn, info or debug"},
	{"upgrade", "", "new processes take over, no connection lost"},
	{"receivers", "[ROOM]", "each stream as each receiver gets it"},
	{"trace", "PEER", "what its client and the server say, as it comes"},
	{"dump", "ROOM", "all objects of its media"},
	{"record", "PEER PREFIX", "its last 60 s: PREFIX.pcapng, PREFIX.json"},
	{"simulate", "kill-worker WORKER",
	 "a drill, where server.drills is on"},
	{"simulate", "hang-worker WORKER", "it is stopped"},
	{"simulate", "kill-server", "media flows on, a new one takes over"},
	{"simulate", "drop-signaling", "every WebSocket ends"},
	{"top", "", "all of it, each second: workers, rooms, receivers"},
	{"help", "", "this list"},
};

/* The lines of one command, or of all of them. */
static void list_commands(FILE *out, const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!name || str_eq(name, commands[i].name))
			fprintf(out, "  %-10s %-18s  %s\n", commands[i].name,
				commands[i].args, commands[i].what);
}

static void usage(FILE *out)
{
	fputs("usage: chattrctl [-s SOCKET] [--json] COMMAND [ARGUMENT...]\n\n",
	      out);
	list_commands(out, NULL);
	fputs("\nWithout -s: $CHATTR_SERVER_RUN_DIR/admin, or "
	      "/run/chattr/admin.\n",
	      out);
}

/* ---- the socket -----------------------------------------------------------
 */

static int open_socket(const char *path)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd;

	if (str_copy(un.sun_path, sizeof(un.sun_path), path))
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&un, sizeof(un))) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

static int read_all(int fd, uint8_t *buf, size_t len)
{
	while (len) {
		ssize_t n = read(fd, buf, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -ECONNRESET;
		buf += n;
		len -= (size_t)n;
	}
	return 0;
}

static int write_all(int fd, const uint8_t *buf, size_t len)
{
	while (len) {
		ssize_t n = send(fd, buf, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		buf += n;
		len -= (size_t)n;
	}
	return 0;
}

static int read_reply(int fd, Admin__Reply **reply)
{
	uint8_t head[ADMINFRAME_HEAD], *buf;
	size_t len;
	int err = read_all(fd, head, sizeof(head));

	if (err)
		return err;
	len = adminframe_len(head);
	if (len > ADMINFRAME_MAX_ANSWER)
		return -EMSGSIZE;
	buf = malloc(len + 1);
	if (!buf)
		return -ENOMEM;
	err = read_all(fd, buf, len);
	if (!err)
		*reply = admin__reply__unpack(NULL, len, buf);
	free(buf);
	if (err)
		return err;
	return *reply ? 0 : -EBADMSG;
}

/* One question, one answer; 0 or -errno. */
static int ask(int fd, char **word, size_t n, Admin__Reply **reply)
{
	Admin__Request req = ADMIN__REQUEST__INIT;
	uint8_t *frame;
	size_t len;
	int err;

	req.version = ADMINFRAME_VERSION;
	req.word = word;
	req.n_word = n;
	frame = adminframe_pack(&req.base, &len);
	if (!frame)
		return -ENOMEM;
	err = write_all(fd, frame, len);
	free(frame);
	return err ? err : read_reply(fd, reply);
}

/* ---- commands -------------------------------------------------------------
 */

static int unreachable(int err)
{
	fprintf(stderr, "chattrctl: signald: %s\n", strerror(-err));
	return 3;
}

static int one(int fd, char **word, size_t n, bool json)
{
	Admin__Reply *reply = NULL;
	int err = ask(fd, word, n, &reply);
	int status = 0;

	if (err)
		return unreachable(err);
	if (!reply->ok) {
		fprintf(stderr, "chattrctl: %s\n",
			reply->error ? reply->error : "refused");
		status = 1;
	} else if (json) {
		print_json(stdout, reply);
	} else {
		print_text(reply);
	}
	admin__reply__free_unpacked(reply, NULL);
	return status;
}

/* Until signald or the reader goes away. */
static int top(int fd, bool json)
{
	char status[] = "status", workers[] = "workers", rooms[] = "rooms",
	     receivers[] = "receivers";
	char *views[] = {status, workers, rooms, receivers};
	int rc = 0;

	while (!rc) {
		if (!json && isatty(STDOUT_FILENO))
			fputs("\033[H\033[2J", stdout);
		for (size_t i = 0; !rc && i < 4; i++) {
			rc = one(fd, &views[i], 1, json);
			if (!json)
				putchar('\n');
		}
		if (fflush(stdout))
			break;
		nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
	}
	return rc;
}

/* What is new of one peer's events; 0 or an exit status. */
static int trace_step(int fd, char *peer, char *since, bool json)
{
	char events[] = "events";
	char *words[] = {events, peer, since};
	Admin__Reply *reply = NULL;
	int err = ask(fd, words, 3, &reply), rc = 0;

	if (err)
		return unreachable(err);
	if (!reply->ok) {
		fprintf(stderr, "chattrctl: %s\n",
			reply->error ? reply->error : "refused");
		rc = 1;
	} else if (reply->n_row) {
		json ? print_json(stdout, reply) : print_rows(reply);
		str_copy(since, 24, reply->row[reply->n_row - 1]->cell[0]);
	}
	admin__reply__free_unpacked(reply, NULL);
	return rc;
}

/* Until the peer, signald or the reader goes away. */
static int trace(int fd, char *peer, bool json)
{
	char since[24] = "0";
	int rc;

	while (!(rc = trace_step(fd, peer, since, json)) && !fflush(stdout))
		nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
	return rc;
}

/* The flight recorder of one peer's transports goes to files. */
static int record(int fd, char **word)
{
	Admin__Reply *reply = NULL;
	int err = ask(fd, word, 2, &reply), rc = 1;

	if (err)
		return unreachable(err);
	if (!reply->ok)
		fprintf(stderr, "chattrctl: %s\n",
			reply->error ? reply->error : "refused");
	else if ((err = capture_write(reply, word[2])))
		fprintf(stderr, "chattrctl: %s: %s\n", word[2], strerror(-err));
	else
		rc = 0;
	if (!rc)
		printf("%zu records\n", reply->n_row);
	admin__reply__free_unpacked(reply, NULL);
	return rc;
}

/*
 * Do these words fit a row's arguments? Capitals stand for any word, small
 * letters for themselves, brackets for what may be left out.
 */
static bool fits(const char *args, char **word, size_t n)
{
	while (*args) {
		size_t len = strcspn(args, " ");
		bool may_lack = args[0] == '[';
		const char *want = args + may_lack;
		size_t want_len = len - 2 * may_lack;

		if (!n)
			return may_lack;
		if (islower((unsigned char)want[0]) &&
		    (strlen(*word) != want_len ||
		     memcmp(*word, want, want_len) != 0))
			return false;
		word++;
		n--;
		args += len;
		args += *args == ' ';
	}
	return !n;
}

/* 0, or 2 after saying what is wrong with the words. */
static int check_use(char **word, size_t n)
{
	bool known = false;

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (!str_eq(commands[i].name, word[0]))
			continue;
		if (fits(commands[i].args, word + 1, n - 1))
			return 0;
		known = true;
	}
	if (known) {
		fprintf(stderr, "chattrctl: %s is used so:\n", word[0]);
		list_commands(stderr, word[0]);
	} else {
		fprintf(stderr,
			"chattrctl: no command is named %s; chattrctl help "
			"lists them\n",
			word[0]);
	}
	return 2;
}

static void default_socket(char *out, size_t cap)
{
	const char *dir = getenv("CHATTR_SERVER_RUN_DIR");

	out[0] = '\0';
	(void)str_addf(out, cap, "%s/admin", dir ? dir : "/run/chattr");
}

static int run(const char *path, char **word, size_t n, bool json)
{
	int fd = open_socket(path), rc;

	if (fd < 0) {
		fprintf(stderr, "chattrctl: no signald at %s: %s\n", path,
			strerror(-fd));
		return 3;
	}
	if (str_eq(word[0], "top"))
		rc = top(fd, json);
	else if (str_eq(word[0], "trace"))
		rc = trace(fd, word[1], json);
	else if (str_eq(word[0], "record"))
		rc = record(fd, word);
	else
		rc = one(fd, word, n, json);
	close(fd);
	return rc;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"socket", required_argument, NULL, 's'},
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	bool json = false;
	int opt;

	default_socket(path, sizeof(path));
	while ((opt = getopt_long(argc, argv, "+s:jh", options, NULL)) != -1)
		switch (opt) {
		case 's':
			if (str_copy(path, sizeof(path), optarg))
				return unreachable(-ENAMETOOLONG);
			break;
		case 'j':
			json = true;
			break;
		default:
			usage(opt == 'h' ? stdout : stderr);
			return opt == 'h' ? 0 : 2;
		}
	argv += optind;
	argc -= optind;
	if (!argc) {
		usage(stderr);
		return 2;
	}
	if (check_use(argv, (size_t)argc))
		return 2;
	if (str_eq(argv[0], "help")) {
		usage(stdout);
		return 0;
	}
	return run(path, argv, (size_t)argc, json);
}
