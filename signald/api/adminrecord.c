#include "signald/api/adminrecord.h"

#include <sys/mman.h>

#include "common/hex.h"
#include "common/recorder.h"
#include "common/sys/clock.h"
#include "proto/lifeline.h"
#include "signald/api/admincmd.h"
#include "signald/api/adminout.h"
#include "signald/api/hubstate.h"
#include "signald/media/graph.h"

#define ROWS_MAX   40000 /* the newest ones: an answer has 16 MiB at most */
#define TRANSPORTS 8	 /* under a move each has a successor */

static const char *const kinds[RECORDER_KINDS] = {
	[RECORDER_RTP_IN] = "rtpIn",	  [RECORDER_RTP_OUT] = "rtpOut",
	[RECORDER_RTCP_IN] = "rtcpIn",	  [RECORDER_RTCP_OUT] = "rtcpOut",
	[RECORDER_ICE] = "ice",		  [RECORDER_DTLS] = "dtls",
	[RECORDER_ESTIMATE] = "estimate",
};

/* As the worker numbers them. */
static const char *const ice_states[] = {"new", "connected", "completed",
					 "disconnected"};
static const char *const dtls_states[] = {"new", "connecting", "connected",
					  "closed", "failed"};

/* ---- whose ----------------------------------------------------------------
 */

struct whose {
	uint64_t id[TRANSPORTS];
	size_t n;
	uint64_t since_us;
	int64_t wall_us; /* to add to a record's time */
};

static uint64_t id_of(const struct whose *w, const struct recorder_entry *e)
{
	if (e->at_us < w->since_us)
		return 0;
	for (size_t i = 0; i < w->n; i++)
		if ((uint32_t)w->id[i] == e->transport)
			return w->id[i];
	return 0;
}

/* ---- records --------------------------------------------------------------
 */

static const char *state_of(const struct recorder_entry *e)
{
	uint8_t s = e->data[0];

	if (e->kind == RECORDER_ICE)
		return s < sizeof(ice_states) / sizeof(*ice_states)
			       ? ice_states[s]
			       : "";
	return s < sizeof(dtls_states) / sizeof(*dtls_states) ? dtls_states[s]
							      : "";
}

/* One record and those that go on with it; *pos is behind the first one. */
static void put(struct adminout *o, const struct whose *w,
		const struct recorder *r, uint64_t *pos,
		const struct recorder_entry *e, uint64_t id)
{
	char hex[2 * RECORDER_RTCP + 1] = "", text[HEX_ID_LEN + 1];
	const uint8_t *d = e->data;
	struct recorder_entry more;
	uint64_t next = *pos;
	size_t len = e->kept;

	hex_of(hex, d, len);
	while (len < RECORDER_RTCP && recorder_next(r, &next, &more) &&
	       next == *pos + 1 && more.kind == RECORDER_MORE &&
	       more.transport == e->transport) {
		if (len + more.kept > RECORDER_RTCP)
			break;
		hex_of(hex + 2 * len, more.data, more.kept);
		len += more.kept;
		*pos = next;
	}
	hex_id(text, id);
	adminout_row(o);
	adminout_number(o, (uint64_t)((int64_t)e->at_us + w->wall_us));
	adminout_text(o, text);
	adminout_text(o, kinds[e->kind]);
	adminout_number(o, e->kind == RECORDER_ESTIMATE
				   ? (uint64_t)d[0] << 24 | d[1] << 16 |
					     d[2] << 8 | d[3]
				   : e->len);
	adminout_text(o, e->kind == RECORDER_ICE || e->kind == RECORDER_DTLS
				 ? state_of(e)
			 : e->kind == RECORDER_ESTIMATE ? ""
							: hex);
}

/* How many there are from record 0 on, but the first `skip`; or puts them. */
static uint64_t walk(struct adminout *o, const struct whose *w,
		     const struct recorder *r, uint64_t skip)
{
	struct recorder_entry e;
	uint64_t pos = 0, n = 0, id;

	while (recorder_next(r, &pos, &e)) {
		if (e.kind == RECORDER_MORE || e.kind >= RECORDER_KINDS ||
		    !(id = id_of(w, &e)))
			continue;
		if (o && n >= skip && n - skip < ROWS_MAX)
			put(o, w, r, &pos, &e, id);
		n++;
	}
	return n;
}

bool adminrecord_run(struct admincmd_call *c)
{
	const struct seat *s = graph_seat(&c->hub->media->graph,
					  admincmd_peer(c->hub, c->word[1]));
	uint64_t now_us = clock_us();
	struct whose w = {.since_us = now_us > RECORDER_SPAN_US
					      ? now_us - RECORDER_SPAN_US
					      : 0,
			  .wall_us =
				  (int64_t)clock_wall_us() - (int64_t)now_us};
	struct adminout *o = c->out;

	if (!s) {
		adminout_error(o, "no-peer");
		return false;
	}
	list_for_each (it, &s->transports)
		if (w.n < TRANSPORTS)
			w.id[w.n++] =
				list_entry(it, struct transport, node)->id;
	adminout_column(o, "atUs", true);
	adminout_column(o, "transport", false);
	adminout_column(o, "kind", false);
	adminout_column(o, "value", true); /* bytes, or b/s of an estimate */
	adminout_column(o, "data", false); /* hex, or a state's name */
	for (size_t i = 0; i < WORKERS_MAX; i++) {
		const struct recorder *r = c->hub->recorder[i];
		uint64_t n = r ? walk(NULL, &w, r, 0) : 0;

		if (n)
			walk(o, &w, r, n > ROWS_MAX ? n - ROWS_MAX : 0);
	}
	return false;
}

/* ---- memory ---------------------------------------------------------------
 */

static void unmap(struct hub *hub, uint32_t index)
{
	if (hub->recorder[index])
		munmap(hub->recorder[index], sizeof(struct recorder));
	hub->recorder[index] = NULL;
}

void adminrecord_map(struct hub *hub, uint32_t index, int fd)
{
	if (index >= WORKERS_MAX)
		return;
	unmap(hub, index);
	hub->recorder[index] = lifeline_recorder(fd, false);
}

void adminrecord_unmap_all(struct hub *hub)
{
	for (uint32_t i = 0; i < WORKERS_MAX; i++)
		unmap(hub, i);
}
