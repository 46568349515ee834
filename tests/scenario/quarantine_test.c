/* A room whose traffic kills workers loses them, and the others do not. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/blackbox.h"
#include "mediad/wire/stun.h"
#include "signald/quarantine.h"
#include "tests/lib/house.h"
#include "tests/lib/test.h"

/* The black box of the worker that has seen a datagram. */
static struct blackbox *find_box(const struct house *h)
{
	char dir[64], path[400], link[128];
	struct dirent *e;
	DIR *d;

	snprintf(dir, sizeof(dir), "/proc/%d/fd", h->pid);
	d = opendir(dir);
	ck_assert_ptr_nonnull(d);
	while ((e = readdir(d))) {
		struct blackbox *b;
		ssize_t n;
		int fd;

		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		n = readlink(path, link, sizeof(link) - 1);
		link[n > 0 ? n : 0] = '\0';
		if (!strstr(link, "memfd:blackbox"))
			continue;
		fd = open(path, O_RDWR);
		b = mmap(NULL, sizeof(*b), PROT_READ | PROT_WRITE, MAP_SHARED,
			 fd, 0);
		close(fd);
		ck_assert_ptr_ne(b, MAP_FAILED);
		if (b->n) {
			closedir(d);
			return b;
		}
		munmap(b, sizeof(*b));
	}
	closedir(d);
	return NULL;
}

/* A browser's first check of a transport. */
static void knock(const json_t *transport)
{
	const json_t *ice = json_object_get(transport, "iceParameters");
	const json_t *to =
		json_array_get(json_object_get(transport, "iceCandidates"), 0);
	const char *pwd = guest_text(ice, "password");
	uint8_t buf[512], tid[STUN_TID_LEN] = {1};
	struct wr w = wr_of(buf, sizeof(buf));
	struct sockaddr_storage ss;
	struct stun_key key;
	struct addr at;
	char user[80];
	ssize_t n;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	snprintf(user, sizeof(user), "%s:abcd",
		 guest_text(ice, "usernameFragment"));
	stun_key_init(&key, pwd, strlen(pwd));
	stun_begin(&w, STUN_BINDING, STUN_REQUEST, tid);
	stun_put(&w, STUN_USERNAME, user, strlen(user));
	stun_put_u32(&w, STUN_PRIORITY, 1);
	stun_put_u64(&w, STUN_ICE_CONTROLLING, 7);
	n = stun_end(&w, &key, true);
	ck_assert_int_gt(n, 0);
	addr_parse(&at, guest_text(to, "ip"),
		   (uint16_t)json_integer_value(json_object_get(to, "port")));
	ck_assert_int_eq(sendto(fd, buf, (size_t)n, 0, (struct sockaddr *)&ss,
				addr_to_sa(&at, &ss)),
			 n);
	close(fd);
}

static const json_t *more(struct guest *g)
{
	json_t *r = guest_insist(g, "createWebRtcTransport",
				 json_pack("{s:b}", "consuming", 1));

	return json_object_get(wsclient_keep(r), "data");
}

/* The worker crashes at work for the room that its last datagram is of. */
static void crash(const struct house *h)
{
	struct blackbox *b = NULL;
	pid_t worker = house_role(h, "mediad");

	for (int i = 0; i < 200 && !(b = find_box(h)); i++)
		usleep(10000);
	ck_assert_ptr_nonnull(b);
	kill(worker, SIGSTOP);
	usleep(20000);
	ck_assert_uint_ne(blackbox_last(b)->room, 0);
	b->room = blackbox_last(b)->room;
	munmap(b, sizeof(*b));
	/* Delivered before its next instruction. */
	kill(worker, SIGSEGV);
	kill(worker, SIGCONT);
}

/* The file that is left; its name in `path`. */
static int count_files(const struct house *h, char path[256])
{
	char dir[128];
	struct dirent *e;
	int n = 0;
	DIR *d;

	snprintf(dir, sizeof(dir), "%s/state/quarantine", h->dir);
	d = opendir(dir);
	while (d && (e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, 256, "%s/%.100s", dir, e->d_name);
		n++;
	}
	if (d)
		closedir(d);
	return n;
}

TEST_SLOW(quarantine_after_the_second_crash, 60)
{
	char path[256], magic[16] = "";
	struct guest ann, other;
	struct house h;
	json_t *r, *v;
	FILE *f;

	house_open(&h, "open");
	guest_arrive(&ann, &h, "Ann");
	knock(more(&ann));
	crash(&h);
	v = wsclient_wait(ann.c, "rebuild", 5000);
	ck_assert_ptr_nonnull(v);
	ck_assert_int_eq(count_files(&h, path), 0);
	/* Its media comes back, and kills again. */
	knock(json_array_get(
		json_object_get(json_object_get(v, "data"), "transports"), 0));
	crash(&h);
	v = wsclient_wait(ann.c, "mediaHalted", 5000);
	ck_assert_ptr_nonnull(v);
	r = wsclient_ask(ann.c, "createWebRtcTransport", "{s:b}", "consuming",
			 1);
	ck_assert_str_eq(wsclient_refused(r), "media-halted");
	ck_assert_int_eq(count_files(&h, path), 1);
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fread(magic, 1, 16, f), 16);
	ck_assert_mem_eq(magic, QUARANTINE_MAGIC, 16);
	fclose(f);
	/* Another room is served. */
	memset(&other, 0, sizeof(other));
	other.c = wsclient_connect(h.port, "elsewhere", "");
	guest_ok(wsclient_ask(other.c, "enter", "{s:s}", "displayName", "Bob"));
	more(&other);
	house_close(&h);
}
