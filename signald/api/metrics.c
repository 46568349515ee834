#include "signald/api/metrics.h"

#include <stdio.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "signald/api/hubstate.h"
#include "signald/net/conn.h"
#include "signald/net/net.h"

static void put(FILE *f, const char *name, const char *type, const char *help,
		uint64_t v)
{
	fprintf(f, "# HELP chattr_%s %s\n# TYPE chattr_%s %s\nchattr_%s %llu\n",
		name, help, name, type, name, (unsigned long long)v);
}

static void put_net(FILE *f, const struct net_stats *s)
{
	static const char *const ends[] = {
		[NET_END_CLIENT] = "client",	 [NET_END_LOST] = "lost",
		[NET_END_SLOW] = "slow",	 [NET_END_OURS] = "server",
		[NET_END_PROTOCOL] = "protocol",
	};

	put(f, "connections", "gauge", "Open connections", s->conns);
	put(f, "websockets", "gauge", "Open WebSockets", s->websockets);
	put(f, "accepted_total", "counter", "Connections accepted",
	    s->accepted);
	put(f, "refused_total", "counter", "Connections over the total cap",
	    s->refused_conns);
	put(f, "refused_address_total", "counter",
	    "Connections over an address's cap or rate", s->refused_addr);
	put(f, "tls_failed_total", "counter", "TLS handshakes that failed",
	    s->failed_tls);
	put(f, "http_requests_total", "counter", "HTTP requests",
	    s->http_requests);
	put(f, "http_errors_total", "counter", "HTTP answers of 400 and above",
	    s->http_errors);
	put(f, "late_total", "counter", "Connections that missed a deadline",
	    s->late);
	put(f, "messages_in_total", "counter", "WebSocket messages received",
	    s->ws_msgs_in);
	put(f, "messages_out_total", "counter", "WebSocket messages sent",
	    s->ws_msgs_out);
	put(f, "bytes_in_total", "counter", "Signaling bytes received",
	    s->bytes_in);
	put(f, "bytes_out_total", "counter", "Signaling bytes sent",
	    s->bytes_out);
	fputs("# HELP chattr_websocket_ends_total WebSockets by their end\n"
	      "# TYPE chattr_websocket_ends_total counter\n",
	      f);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		fprintf(f, "chattr_websocket_ends_total{by=\"%s\"} %llu\n",
			ends[i], (unsigned long long)s->ended[i]);
}

static void put_rooms(FILE *f, struct hub *hub)
{
	const struct graph *g = &hub->media->graph;
	uint64_t rooms = 0, members = 0, waiting = 0;
	const struct room *r;
	size_t pos = 0;

	while ((r = core_next_room(hub->core, &pos))) {
		if (r->ended)
			continue;
		rooms++;
		members += r->n_members;
		waiting += r->n_line;
	}
	put(f, "uptime_seconds", "gauge", "Since the server process began",
	    (hub_now(hub).us - hub->born_us) / 1000000);
	put(f, "journal_sick", "gauge", "1: the journal cannot write",
	    hub->sick);
	put(f, "journal_held", "gauge", "Effects that wait for the journal",
	    gate_held(hub->gate));
	put(f, "rooms", "gauge", "Rooms", rooms);
	put(f, "members", "gauge", "People in rooms", members);
	put(f, "waiting", "gauge", "People in waiting rooms", waiting);
	put(f, "transports", "gauge", "Transports", g->transports.n);
	put(f, "producers", "gauge", "Producers", g->producers.n);
	put(f, "consumers", "gauge", "Consumers", g->consumers.n);
	put(f, "requests_refused_total", "counter", "Client requests refused",
	    hub->refused);
}

#define FIELD(name, type, member, help)                                        \
	{                                                                      \
		name, type, help, offsetof(struct worker_load, member),        \
			sizeof(((struct worker_load *)0)->member)              \
	}

static const struct {
	const char *name, *type, *help;
	size_t at, size;
} fields[] = {
	FIELD("worker_packets_in_total", "counter", packets_in,
	      "Media packets received"),
	FIELD("worker_packets_out_total", "counter", packets_out,
	      "Media packets sent"),
	FIELD("worker_bytes_in_total", "counter", bytes_in,
	      "Media bytes received"),
	FIELD("worker_bytes_out_total", "counter", bytes_out,
	      "Media bytes sent"),
	FIELD("worker_cpu_microseconds_total", "counter", cpu_us,
	      "CPU time of the media thread"),
	FIELD("worker_transports", "gauge", transports, "Transports"),
	FIELD("worker_producers", "gauge", producers, "Producers"),
	FIELD("worker_consumers", "gauge", consumers, "Consumers"),
	FIELD("worker_pool_used", "gauge", pool_used, "Packet buffers in use"),
	FIELD("worker_pool_size", "gauge", pool_size, "Packet buffers"),
	FIELD("worker_forward_p50_microseconds", "gauge", forward_p50_us,
	      "From the kernel's receive stamp to the send, median"),
	FIELD("worker_forward_p99_microseconds", "gauge", forward_p99_us,
	      "The same, 99 of 100"),
};

static uint64_t field_of(const struct worker_load *l, size_t i)
{
	const char *at = (const char *)l + fields[i].at;
	uint64_t v64;
	uint32_t v32;

	if (fields[i].size == sizeof(v32)) {
		memcpy(&v32, at, sizeof(v32));
		return v32;
	}
	memcpy(&v64, at, sizeof(v64));
	return v64;
}

static void put_drops(FILE *f, const struct workers *ws)
{
	fputs("# HELP chattr_worker_drops_total Datagrams not forwarded\n"
	      "# TYPE chattr_worker_drops_total counter\n",
	      f);
	for (size_t i = 0; i < WORKERS_MAX; i++)
		for (size_t k = 0; k < ws->w[i].load.n_drops; k++)
			fprintf(f,
				"chattr_worker_drops_total{worker=\"%zu\","
				"reason=\"%s\"} %llu\n",
				i, ws->w[i].load.drops[k].reason,
				(unsigned long long)ws->w[i]
					.load.drops[k]
					.count);
}

static void put_workers(FILE *f, const struct workers *ws)
{
	fputs("# HELP chattr_worker_up Takes rooms\n"
	      "# TYPE chattr_worker_up gauge\n",
	      f);
	for (size_t i = 0; i < WORKERS_MAX; i++)
		if (ws->w[i].state != WORKER_ABSENT)
			fprintf(f, "chattr_worker_up{worker=\"%zu\"} %d\n", i,
				ws->w[i].state == WORKER_UP);
	fputs("# HELP chattr_worker_generation How often it was born\n"
	      "# TYPE chattr_worker_generation gauge\n",
	      f);
	for (size_t i = 0; i < WORKERS_MAX; i++)
		if (ws->w[i].state != WORKER_ABSENT)
			fprintf(f,
				"chattr_worker_generation{worker=\"%zu\"} "
				"%u\n",
				i, ws->w[i].generation);
	for (size_t k = 0; k < sizeof(fields) / sizeof(fields[0]); k++) {
		fprintf(f, "# HELP chattr_%s %s\n# TYPE chattr_%s %s\n",
			fields[k].name, fields[k].help, fields[k].name,
			fields[k].type);
		for (size_t i = 0; i < WORKERS_MAX; i++)
			if (ws->w[i].load.at_us)
				fprintf(f, "chattr_%s{worker=\"%zu\"} %llu\n",
					fields[k].name, i,
					(unsigned long long)field_of(
						&ws->w[i].load, k));
	}
	put_drops(f, ws);
}

void metrics_reply(struct hub *hub, struct conn *c)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (!f) {
		(void)conn_reply(c, 503, "{}", 2);
		return;
	}
	put_rooms(f, hub);
	put_net(f, net_stats(hub->net));
	put_workers(f, &hub->media->workers);
	fclose(f);
	(void)conn_reply_as(c, 200, "text/plain; version=0.0.4", text, len);
	free(text);
}
