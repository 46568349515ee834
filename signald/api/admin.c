#include "signald/api/admin.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/list.h"
#include "common/log.h"
#include "common/sys/loop.h"
#include "proto/admin.pb-c.h"
#include "proto/adminframe.h"
#include "signald/api/admincmd.h"
#include "signald/api/adminout.h"
#include "signald/api/hubstate.h"
#include "signald/room/effects.h"

#define CONNS_MAX 16

struct admin_conn {
	struct list node;
	struct admin *admin;
	struct bufferevent *bev;
	uint64_t id;
	bool waits; /* for the rooms' answer */
};

struct admin {
	struct loop *loop;
	struct hub *hub;
	struct loop_fd *watch;
	int fd, lifeline;
	struct list conns;
	uint32_t n_conns;
	uint64_t last_id;
};

static void drop(struct admin_conn *c)
{
	c->admin->n_conns--;
	list_del(&c->node);
	bufferevent_free(c->bev);
	free(c);
}

static void send_out(struct admin_conn *c, struct adminout *o)
{
	size_t len;
	uint8_t *frame = adminout_pack(o, &len);

	c->waits = false;
	if (frame)
		bufferevent_write(c->bev, frame, len);
	free(frame);
}

static void run(struct admin_conn *c, const Admin__Request *req)
{
	struct adminout out;
	struct admincmd_call call = {
		.hub = c->admin->hub,
		.lifeline = c->admin->lifeline,
		.conn = c->id,
		.word = req->word,
		.n_words = req->n_word,
		.out = &out,
	};

	adminout_init(&out);
	/* An answer may come before admincmd_run() returns. */
	c->waits = true;
	if (req->version != ADMINFRAME_VERSION)
		adminout_error(&out, "this signald speaks version %d",
			       ADMINFRAME_VERSION);
	else if (admincmd_run(&call))
		goto later;
	send_out(c, &out);
later:
	adminout_fini(&out);
}

/* One frame; false: not whole yet, or the connection is gone. */
static bool take_frame(struct admin_conn *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	uint8_t head[ADMINFRAME_HEAD];
	Admin__Request *req;
	size_t len;

	if (c->waits || evbuffer_copyout(in, head, sizeof(head)) !=
				(ev_ssize_t)sizeof(head))
		return false;
	len = adminframe_len(head);
	if (len > ADMINFRAME_MAX_ASK) {
		drop(c);
		return false;
	}
	if (evbuffer_get_length(in) < sizeof(head) + len)
		return false;
	evbuffer_drain(in, sizeof(head));
	req = admin__request__unpack(NULL, len,
				     evbuffer_pullup(in, (ev_ssize_t)len));
	if (!req) {
		drop(c);
		return false;
	}
	evbuffer_drain(in, len);
	run(c, req);
	admin__request__free_unpacked(req, NULL);
	return true;
}

static void on_read(struct bufferevent *bev, void *arg)
{
	(void)bev;
	while (take_frame(arg))
		;
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	(void)bev;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		drop(arg);
}

static void on_accept(void *arg, unsigned int ready)
{
	struct admin *a = arg;
	struct admin_conn *c;
	int fd = accept4(a->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)ready;
	if (fd < 0)
		return;
	c = a->n_conns < CONNS_MAX ? calloc(1, sizeof(*c)) : NULL;
	if (c)
		c->bev = bufferevent_socket_new(loop_base(a->loop), fd,
						BEV_OPT_CLOSE_ON_FREE);
	if (!c || !c->bev) {
		free(c);
		close(fd);
		return;
	}
	c->admin = a;
	c->id = ++a->last_id;
	a->n_conns++;
	list_push(&a->conns, &c->node);
	bufferevent_setcb(c->bev, on_read, NULL, on_event, c);
	bufferevent_setwatermark(c->bev, EV_READ, 0, ADMINFRAME_MAX_ASK + 64);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}

struct admin *admin_new(struct loop *loop, struct hub *hub, int fd,
			int lifeline)
{
	struct admin *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	list_init(&a->conns);
	a->loop = loop;
	a->hub = hub;
	a->fd = fd;
	a->lifeline = lifeline;
	a->watch = loop_fd_new(loop, fd, LOOP_READ, on_accept, a);
	if (!a->watch) {
		free(a);
		return NULL;
	}
	hub->admin = a;
	return a;
}

void admin_free(struct admin *a)
{
	if (!a)
		return;
	while (!list_empty(&a->conns))
		drop(list_entry(a->conns.next, struct admin_conn, node));
	loop_fd_free(a->watch);
	close(a->fd);
	a->hub->admin = NULL;
	free(a);
}

static struct admin_conn *find(struct hub *hub, uint64_t id)
{
	if (!hub->admin)
		return NULL;
	list_for_each (it, &hub->admin->conns) {
		struct admin_conn *c = list_entry(it, struct admin_conn, node);

		if (c->id == id && c->waits)
			return c;
	}
	return NULL;
}

void admin_answer(struct hub *hub, uint64_t conn, const struct answer *answer)
{
	struct admin_conn *c = find(hub, conn);
	struct adminout out;

	if (!c)
		return;
	adminout_init(&out);
	admincmd_show(&out, answer);
	send_out(c, &out);
	adminout_fini(&out);
}

void admin_refuse(struct hub *hub, uint64_t conn, const struct refusal *why)
{
	struct admin_conn *c = find(hub, conn);
	struct adminout out;

	if (!c)
		return;
	adminout_init(&out);
	adminout_error(&out, "%s", refuse_reason(why->why));
	send_out(c, &out);
	adminout_fini(&out);
}
