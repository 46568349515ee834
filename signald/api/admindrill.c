#include "signald/api/admindrill.h"

#include <signal.h>
#include <string.h>

#include "common/log.h"
#include "common/str.h"
#include "proto/lifeline.h"
#include "signald/api/admincmd.h"
#include "signald/api/adminout.h"
#include "signald/api/hubstate.h"
#include "signald/conf.h"
#include "signald/net/net.h"

bool admindrill_tell(struct admincmd_call *c, const struct lifeline_msg *m)
{
	int err = lifeline_send(c->lifeline, m, NULL, 0);

	if (err)
		adminout_error(c->out, "%s", strerror(-err));
	return false;
}

bool admindrill_worker(struct admincmd_call *c, const char *arg,
		       struct lifeline_msg *m)
{
	const struct worker *w;
	uint64_t index;

	if (str_u64(arg, WORKERS_MAX - 1, &index)) {
		adminout_error(c->out, "not a worker");
		return false;
	}
	w = &c->hub->media->workers.w[index];
	if (w->state == WORKER_ABSENT) {
		adminout_error(c->out, "no-worker");
		return false;
	}
	m->u.worker.index = (uint32_t)index;
	m->u.worker.generation = w->generation;
	return true;
}

static void signal_worker(struct admincmd_call *c, int signo)
{
	struct lifeline_msg m = {.type = LIFELINE_KILL};

	if (c->n_words != 3) {
		adminout_error(c->out, "which worker?");
		return;
	}
	if (!admindrill_worker(c, c->word[2], &m))
		return;
	m.u.worker.state = (uint32_t)signo;
	admindrill_tell(c, &m);
}

static void kill_worker(struct admincmd_call *c)
{
	signal_worker(c, SIGKILL);
}

static void hang_worker(struct admincmd_call *c)
{
	signal_worker(c, SIGSTOP);
}

/* The asker's connection ends with it. */
static void kill_server(struct admincmd_call *c)
{
	(void)c;
	raise(SIGKILL);
}

static void drop_signaling(struct admincmd_call *c)
{
	adminout_count(c->out, "dropped", net_drop_all(c->hub->net));
}

static const struct {
	const char *name;
	void (*run)(struct admincmd_call *c);
} drills[] = {
	{"kill-worker", kill_worker},
	{"hang-worker", hang_worker},
	{"kill-server", kill_server},
	{"drop-signaling", drop_signaling},
};

bool admindrill_run(struct admincmd_call *c)
{
	if (!c->hub->conf->server.drills) {
		adminout_error(c->out, "server.drills is off");
		return false;
	}
	for (size_t i = 0; i < sizeof(drills) / sizeof(drills[0]); i++) {
		if (!str_eq(drills[i].name, c->word[1]))
			continue;
		log_warn("admin", "drill", "what=%s", drills[i].name);
		drills[i].run(c);
		return false;
	}
	adminout_error(c->out, "kill-worker WORKER, hang-worker WORKER, "
			       "kill-server or drop-signaling");
	return false;
}
