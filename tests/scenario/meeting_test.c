/*
 * A whole signald (supervisor, server, workers) and clients that speak
 * its signaling; the requests are those that a browser sent in the captures
 * of tests/fixtures/mediasoup. Media itself is in the other scenarios.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/sys/clock.h"
#include "tests/lib/house.h"
#include "tests/lib/test.h"

static void assert_has_keys(const json_t *o, const json_t *of)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)of, key, v)
		ck_assert_msg(json_object_get(o, key) != NULL, "no %s", key);
}

TEST_SLOW(meeting_offers_what_is_produced, 40)
{
	json_t *like = house_fixture("server-newConsumer-video"), *a, *v, *r;
	char audio[17], video[17];
	struct guest ann, bob;
	struct house h;

	house_open(&h, "open");
	guest_arrive(&ann, &h, "Ann");
	guest_arrive(&bob, &h, "Bob");
	guest_produce(&ann, "client-produce-audio", NULL, audio);
	guest_produce(&ann, "client-produce-video", NULL, video);
	a = guest_offered(&bob);
	v = guest_offered(&bob);
	assert_has_keys(v, like);
	assert_has_keys(json_object_get(v, "rtpParameters"),
			json_object_get(like, "rtpParameters"));
	ck_assert_str_eq(guest_text(a, "producerId"), audio);
	ck_assert_str_eq(guest_text(v, "producerId"), video);
	ck_assert_str_eq(guest_text(v, "transportId"), bob.recv);
	ck_assert_str_eq(guest_text(v, "type"), "simulcast");
	r = guest_ok(wsclient_ask(bob.c, "getConsumerStats", "{s:s}",
				  "consumerId", guest_text(v, "id")));
	ck_assert_str_eq(
		guest_text(json_array_get(json_object_get(r, "data"), 0),
			   "type"),
		"outbound-rtp");
	/* Pausing and closing are told. */
	guest_ok(wsclient_ask(ann.c, "pauseProducer", "{s:s}", "producerId",
			      video));
	r = wsclient_wait(bob.c, "consumerPaused", WSCLIENT_SOON);
	ck_assert_str_eq(wsclient_str(r, "consumerId"), guest_text(v, "id"));
	guest_ok(wsclient_ask(ann.c, "closeProducer", "{s:s}", "producerId",
			      video));
	r = wsclient_wait(bob.c, "consumerClosed", WSCLIENT_SOON);
	ck_assert_str_eq(wsclient_str(r, "consumerId"), guest_text(v, "id"));
	/* What is another's is not there. */
	r = wsclient_ask(bob.c, "closeProducer", "{s:s}", "producerId", audio);
	ck_assert_str_eq(wsclient_refused(r), "not-found");
	house_close(&h);
}

static void assert_names(struct guest *g, const char *method, const char *field,
			 const char *id, const char *type,
			 const char *const names[])
{
	json_t *r = guest_ok(wsclient_ask(g->c, method, "{s:s}", field, id));
	const json_t *o = json_array_get(json_object_get(r, "data"), 0);

	ck_assert_str_eq(guest_text(o, "type"), type);
	for (; *names; names++)
		ck_assert_msg(json_object_get(o, *names) != NULL, "%s: no %s",
			      method, *names);
	json_decref(r);
}

/* mediasoup's names, as its documentation lists them, and ours. */
TEST_SLOW(meeting_statistics_have_the_names_of_mediasoup, 40)
{
	static const char *const transport[] = {"timestamp",
						"transportId",
						"iceRole",
						"iceState",
						"dtlsState",
						"bytesReceived",
						"recvBitrate",
						"bytesSent",
						"sendBitrate",
						"rtpBytesReceived",
						"rtpRecvBitrate",
						"rtpBytesSent",
						"rtpSendBitrate",
						"rtxBytesReceived",
						"rtxRecvBitrate",
						"rtxBytesSent",
						"rtxSendBitrate",
						"probationBytesSent",
						"maxIncomingBitrate",
						NULL};
	static const char *const stream[] = {"timestamp",
					     "ssrc",
					     "kind",
					     "mimeType",
					     "packetsLost",
					     "fractionLost",
					     "jitter",
					     "packetsDiscarded",
					     "packetsRetransmitted",
					     "packetsRepaired",
					     "nackCount",
					     "nackPacketCount",
					     "pliCount",
					     "firCount",
					     "score",
					     "packetCount",
					     "byteCount",
					     "bitrate",
					     NULL};
	static const char *const inbound[] = {"rtxPacketsDiscarded",
					      "bitrateByLayer", NULL};
	static const char *const outbound[] = {
		"rtxSsrc",	    "spatialLayer", "temporalLayer",
		"allocatedBitrate", "limitReason",  NULL};
	char id[17], seen[17];
	struct guest ann, bob;
	struct house h;

	house_open(&h, "open");
	guest_arrive(&ann, &h, "Ann");
	guest_arrive(&bob, &h, "Bob");
	guest_produce(&ann, "client-produce-video", NULL, id);
	snprintf(seen, sizeof(seen), "%s",
		 guest_text(guest_offered(&bob), "id"));
	guest_produce(&ann, "client-produce-audio", NULL, id);
	assert_names(&ann, "getTransportStats", "transportId", ann.send,
		     "webrtc-transport", transport);
	assert_names(&bob, "getConsumerStats", "consumerId", seen,
		     "outbound-rtp", stream);
	assert_names(&bob, "getConsumerStats", "consumerId", seen,
		     "outbound-rtp", outbound);
	assert_names(&ann, "getProducerStats", "producerId", id, "inbound-rtp",
		     stream);
	assert_names(&ann, "getProducerStats", "producerId", id, "inbound-rtp",
		     inbound);
	house_close(&h);
}

/* chattr: 30 consumes at once got 20 answers, so a full room stalled. */
TEST_SLOW(chattr_thirty_streams_at_once_are_all_offered, 40)
{
	struct guest guests[4], late;
	char id[17];
	struct house h;

	house_open(&h, "open");
	for (int i = 0; i < 4; i++) {
		guest_arrive(&guests[i], &h, "Guest");
		for (int k = 0; k < 8; k++)
			guest_produce(&guests[i], "client-produce-audio", NULL,
				      id);
	}
	guest_arrive(&late, &h, "Late");
	for (int i = 0; i < 32; i++)
		ck_assert_str_eq(guest_text(guest_offered(&late), "kind"),
				 "audio");
	house_close(&h);
}

/* chattr: 88 transports opened in 4 s by one user. */
TEST_SLOW(chattr_transports_of_one_user_are_few, 40)
{
	struct guest ann;
	struct house h;
	json_t *r;
	int made = 0;

	house_open(&h, "open");
	guest_arrive(&ann, &h, "Ann");
	for (int i = 0; i < 88; i++) {
		r = wsclient_ask(ann.c, "createWebRtcTransport", "{s:b}",
				 "producing", 1);
		made += !*wsclient_refused(r);
		json_decref(r);
	}
	ck_assert_int_eq(made, 2); /* two were there */
	house_close(&h);
}

static json_t *come_back(struct guest *g, const struct house *h,
			 const char *producer, const char *consumer)
{
	json_t *have = json_pack("{s:[s,s], s:[], s:[]}", "transports", g->send,
				 g->recv, "producers", "consumers");

	if (producer)
		json_array_append_new(json_object_get(have, "producers"),
				      json_string(producer));
	if (consumer)
		json_array_append_new(json_object_get(have, "consumers"),
				      json_string(consumer));
	wsclient_hang_up(g->c);
	for (int i = 0; i < 500 && !wsclient_try(h->port); i++)
		usleep(10000);
	g->c = wsclient_connect(h->port, "room", "");
	return guest_ok(wsclient_ask_as(
		g->c, ++g->req, "enter",
		json_pack("{s:s, s:i, s:i, s:o}", "resumeToken",
			  wsclient_str(g->entered, "resumeToken"), "epoch", 0,
			  "lastSeq", 0, "have", have)));
}

static void assert_nothing_lost(const json_t *entered)
{
	const json_t *lost =
		json_object_get(json_object_get(entered, "data"), "lost");
	const char *key;
	json_t *v;

	ck_assert_ptr_nonnull(lost);
	json_object_foreach((json_t *)(uintptr_t)lost, key, v)
		ck_assert_msg(json_array_size(v) == 0, "lost %s", key);
}

TEST_SLOW(meeting_survives_the_death_of_the_server, 60)
{
	char video[17], more[17], consumer[17];
	struct guest ann, bob;
	struct house h;
	pid_t worker;
	json_t *v;

	house_open(&h, "open");
	guest_arrive(&ann, &h, "Ann");
	guest_arrive(&bob, &h, "Bob");
	guest_produce(&ann, "client-produce-video", NULL, video);
	snprintf(consumer, sizeof(consumer), "%s",
		 guest_text(guest_offered(&bob), "id"));
	worker = house_role(&h, "mediad");
	for (int round = 0; round < 3; round++) {
		kill(house_role(&h, "server"), SIGKILL);
		assert_nothing_lost(come_back(&ann, &h, video, NULL));
		assert_nothing_lost(come_back(&bob, &h, NULL, consumer));
	}
	ck_assert_int_eq(house_role(&h, "mediad"), worker);
	guest_ok(wsclient_ask(ann.c, "pauseProducer", "{s:s}", "producerId",
			      video));
	v = wsclient_wait(bob.c, "consumerPaused", WSCLIENT_SOON);
	ck_assert_str_eq(wsclient_str(v, "consumerId"), consumer);
	/* And it goes on: a mid that was never used. */
	guest_produce(&ann, "client-produce-audio", NULL, more);
	v = guest_offered(&bob);
	ck_assert_str_eq(guest_text(v, "producerId"), more);
	ck_assert_int_gt(
		atoi(guest_text(json_object_get(v, "rtpParameters"), "mid")),
		999);
	house_close(&h);
}

/* What replaces a transport of the guest, out of `rebuild`. */
static void follow(struct guest *g, char id[17])
{
	json_t *v;

	while ((v = wsclient_wait(g->c, "rebuild", WSCLIENT_SOON))) {
		const json_t *t = json_array_get(
			json_object_get(json_object_get(v, "data"),
					"transports"),
			0);

		if (strcmp(guest_text(t, "replaces"), id) != 0)
			continue;
		snprintf(id, 17, "%s", guest_text(t, "id"));
		return;
	}
	ck_abort_msg("no rebuild");
}

TEST_SLOW(meeting_is_rebuilt_when_its_worker_dies, 60)
{
	char video[17], again[17], consumer[17];
	struct guest ann, bob;
	struct house h;
	json_t *v;

	house_open(&h, "open");
	guest_arrive(&ann, &h, "Ann");
	guest_arrive(&bob, &h, "Bob");
	guest_produce(&ann, "client-produce-video", NULL, video);
	snprintf(consumer, sizeof(consumer), "%s",
		 guest_text(guest_offered(&bob), "id"));
	/* And again: what replaces is replaced in its turn. */
	for (int round = 0; round < 2; round++) {
		kill(house_role(&h, "mediad"), SIGKILL);
		follow(&ann, ann.send);
		follow(&bob, bob.send);
		follow(&bob, bob.recv);
		guest_produce(&ann, "client-produce-video", video, again);
		ck_assert_str_eq(again, video);
		v = guest_offered(&bob);
		ck_assert_str_eq(guest_text(v, "id"), consumer);
		ck_assert_str_eq(guest_text(v, "producerId"), video);
		ck_assert_str_eq(guest_text(v, "transportId"), bob.recv);
	}
	house_close(&h);
}

/* The client closes a transport that it has left. */
static void give_up(struct guest *g, const char *id)
{
	json_decref(guest_ok(wsclient_ask(g->c, "closeTransport", "{s:s}",
					  "transportId", id)));
}

static void await_closed(struct guest *g, const char *id, int ms)
{
	json_t *v = wsclient_wait(g->c, "transportClosed", ms);

	ck_assert_msg(v != NULL, "no transportClosed");
	ck_assert_str_eq(wsclient_str(v, "transportId"), id);
}

static void await_end(pid_t pid)
{
	for (int i = 0; i < 300 && !kill(pid, 0); i++)
		usleep(10000);
	ck_assert_msg(kill(pid, 0) != 0, "the old worker lives on");
}

static void take_successor(struct guest *g, const json_t *v)
{
	const json_t *t = json_array_get(
		json_object_get(json_object_get(v, "data"), "transports"), 0);

	snprintf(strcmp(guest_text(t, "replaces"), g->send) ? g->recv : g->send,
		 17, "%s", guest_text(t, "id"));
}

/*
 * Until both transports have a successor and, with one, a stream is offered
 * again, in any order. False: a stream of his was closed first.
 */
static bool is_rebuilt(struct guest *g, json_t **offer)
{
	int left = offer ? 3 : 2;
	json_t *v;

	while (left && (v = wsclient_next(g->c, WSCLIENT_SOON))) {
		const char *what = guest_text(v, "method");

		if (strcmp(what, "consumerClosed") == 0)
			return false;
		if (strcmp(what, "rebuild") == 0) {
			take_successor(g, v);
			left--;
		} else if (offer && strcmp(what, "newConsumer") == 0) {
			*offer = guest_accept(g, v);
			left--;
		}
	}
	ck_assert_msg(!left, "no rebuild");
	return true;
}

/* One a worker: they see each other, and one's death is not the other's. */
TEST_SLOW(meeting_spreads_over_two_workers, 60)
{
	char video[2][17], seen[2][17], again[17];
	struct guest g[2];
	struct house h;
	int lost, lives;
	json_t *v;

	house_open_wide(&h, "open", 2, 1);
	guest_arrive(&g[0], &h, "Ann");
	guest_arrive(&g[1], &h, "Bob");
	for (int i = 0; i < 2; i++) {
		guest_produce(&g[i], "client-produce-video", NULL, video[i]);
		v = guest_offered(&g[!i]);
		ck_assert_str_eq(guest_text(v, "producerId"), video[i]);
		snprintf(seen[!i], 17, "%s", guest_text(v, "id"));
	}
	/* Their workers have them: the producers' stand-ins are there. */
	for (int i = 0; i < 2; i++)
		json_decref(
			guest_ok(wsclient_ask(g[i].c, "getConsumerStats",
					      "{s:s}", "consumerId", seen[i])));
	kill(house_role(&h, "mediad -i 0"), SIGKILL);
	/* What comes from the worker that lives is offered by itself. */
	lost = !is_rebuilt(&g[0], &v);
	lives = !lost;
	ck_assert(lost == is_rebuilt(&g[1], &v));
	ck_assert_ptr_null(wsclient_wait(g[lives].c, "rebuild", 500));
	ck_assert_str_eq(guest_text(v, "producerId"), video[lives]);
	ck_assert_str_eq(guest_text(v, "id"), seen[lost]);
	guest_produce(&g[lost], "client-produce-video", video[lost], again);
	ck_assert_str_eq(again, video[lost]);
	v = guest_offered(&g[lives]);
	ck_assert_str_eq(guest_text(v, "producerId"), video[lost]);
	guest_ok(wsclient_ask(g[lives].c, "pauseProducer", "{s:s}",
			      "producerId", video[lives]));
	v = wsclient_wait(g[lost].c, "consumerPaused", WSCLIENT_SOON);
	ck_assert_str_eq(wsclient_str(v, "consumerId"), seen[lost]);
	house_close(&h);
}

/* A new server finds both parts and what leads from one to the other. */
TEST_SLOW(meeting_on_two_workers_survives_the_server, 60)
{
	char video[17], seen[17];
	struct guest ann, bob;
	struct house h;
	json_t *v;

	house_open_wide(&h, "open", 2, 1);
	guest_arrive(&ann, &h, "Ann");
	guest_arrive(&bob, &h, "Bob");
	guest_produce(&ann, "client-produce-video", NULL, video);
	snprintf(seen, 17, "%s", guest_text(guest_offered(&bob), "id"));
	for (int round = 0; round < 2; round++) {
		kill(house_role(&h, "server"), SIGKILL);
		assert_nothing_lost(come_back(&ann, &h, video, NULL));
		assert_nothing_lost(come_back(&bob, &h, NULL, seen));
	}
	json_decref(guest_ok(wsclient_ask(bob.c, "getConsumerStats", "{s:s}",
					  "consumerId", seen)));
	guest_ok(wsclient_ask(ann.c, "closeProducer", "{s:s}", "producerId",
			      video));
	v = wsclient_wait(bob.c, "consumerClosed", WSCLIENT_SOON);
	ck_assert_str_eq(wsclient_str(v, "consumerId"), seen);
	house_close(&h);
}

/* Another process carries the call, with the same producers and consumers. */
TEST_SLOW(meeting_moves_when_workers_restart, 60)
{
	char video[17], again[17], consumer[17];
	struct guest ann, bob, old_ann, old_bob;
	struct house h;
	pid_t worker;
	json_t *v;

	house_open(&h, "open");
	guest_arrive(&ann, &h, "Ann");
	guest_arrive(&bob, &h, "Bob");
	guest_produce(&ann, "client-produce-video", NULL, video);
	snprintf(consumer, sizeof(consumer), "%s",
		 guest_text(guest_offered(&bob), "id"));
	guest_ok(wsclient_ask(bob.c, "pauseConsumer", "{s:s}", "consumerId",
			      consumer));
	worker = house_role(&h, "mediad");
	old_ann = ann;
	old_bob = bob;
	house_command(&h, "workers restart");
	follow(&ann, ann.send);
	follow(&ann, ann.recv);
	follow(&bob, bob.send);
	follow(&bob, bob.recv);
	/* The old ones can still be asked about. */
	json_decref(guest_ok(wsclient_ask(bob.c, "restartIce", "{s:s}",
					  "transportId", old_bob.recv)));
	guest_produce(&ann, "client-produce-video", video, again);
	ck_assert_str_eq(again, video);
	v = guest_offered(&bob);
	ck_assert_str_eq(guest_text(v, "id"), consumer);
	ck_assert_str_eq(guest_text(v, "transportId"), bob.recv);
	ck_assert_int_eq(kill(worker, 0), 0);
	give_up(&ann, old_ann.recv);
	give_up(&bob, old_bob.recv);
	await_closed(&ann, old_ann.send, 2000);
	await_closed(&bob, old_bob.send, 2000);
	await_end(worker);
	/* It goes on there. */
	guest_ok(wsclient_ask(ann.c, "pauseProducer", "{s:s}", "producerId",
			      video));
	v = wsclient_wait(bob.c, "consumerPaused", 1000);
	ck_assert_str_eq(wsclient_str(v, "consumerId"), consumer);
	house_close(&h);
}

/* A publisher comes to the worker of his viewer, who keeps what he sees. */
TEST_SLOW(meeting_on_two_workers_moves_together, 60)
{
	char video[17], again[17], seen[17];
	struct guest ann, bob, old;
	struct house h;
	json_t *v;

	house_open_wide(&h, "open", 2, 1);
	guest_arrive(&ann, &h, "Ann"); /* on the first worker */
	guest_arrive(&bob, &h, "Bob");
	guest_produce(&ann, "client-produce-video", NULL, video);
	snprintf(seen, 17, "%s", guest_text(guest_offered(&bob), "id"));
	old = ann;
	house_command(&h, "workers drain 0");
	ck_assert(is_rebuilt(&ann, NULL));
	guest_produce(&ann, "client-produce-video", video, again);
	ck_assert_str_eq(again, video);
	give_up(&ann, old.recv);
	json_decref(guest_ok(wsclient_ask(bob.c, "getConsumerStats", "{s:s}",
					  "consumerId", seen)));
	guest_ok(wsclient_ask(ann.c, "pauseProducer", "{s:s}", "producerId",
			      video));
	/* Nothing was closed for him, nor offered again. */
	while ((v = wsclient_next(bob.c, WSCLIENT_SOON))) {
		const char *what = guest_text(v, "method");

		ck_assert_str_ne(what, "consumerClosed");
		ck_assert_str_ne(what, "newConsumer");
		if (strcmp(what, "consumerPaused") == 0)
			break;
		json_decref(v);
	}
	ck_assert_str_eq(wsclient_str(v, "consumerId"), seen);
	house_close(&h);
}

/* Who never follows is left behind after ten seconds. */
TEST_SLOW(meeting_moves_without_those_who_do_not_follow, 60)
{
	struct guest ann;
	struct house h;
	pid_t worker;
	json_t *v;

	house_open(&h, "open");
	guest_arrive(&ann, &h, "Ann");
	worker = house_role(&h, "mediad");
	house_command(&h, "workers restart");
	v = wsclient_wait(ann.c, "rebuild", 5000);
	ck_assert_ptr_nonnull(v);
	ck_assert_str_eq(wsclient_str(v, "reason"), "move");
	ck_assert_ptr_null(wsclient_wait(ann.c, "transportClosed", 8000));
	await_closed(&ann, ann.send, 4000);
	await_closed(&ann, ann.recv, 1000);
	await_end(worker);
	house_close(&h);
}

/* A request that was answered into a broken connection creates nothing twice.
 */
TEST_SLOW(meeting_repeats_create_nothing_twice, 40)
{
	struct guest ann;
	struct house h;
	char video[17];
	json_t *data, *r;
	uint32_t req;

	house_open(&h, "open");
	guest_arrive(&ann, &h, "Ann");
	guest_produce(&ann, "client-produce-video", NULL, video);
	req = ann.req;
	r = come_back(&ann, &h, video, NULL);
	assert_nothing_lost(r);
	data = house_fixture("client-produce-video");
	json_object_set_new(data, "transportId", json_string(ann.send));
	r = guest_ok(wsclient_ask_as(ann.c, req, "produce", data));
	ck_assert_str_eq(wsclient_str(r, "id"), video);
	house_close(&h);
}
