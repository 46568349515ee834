/* Against what mediasoup 3.27.1 itself computed (tests/fixtures/mediasoup). */
#include "signald/media/ortc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "signald/api/rtpjson.h"
#include "signald/media/h264level.h"
#include "tests/lib/test.h"

#define DIR "tests/fixtures/mediasoup/"

static json_t *load(const char *path)
{
	json_error_t err;
	json_t *v = json_load_file(path, 0, &err);

	ck_assert_msg(v != NULL, "%s: %s (run from the top folder)", path,
		      err.text);
	return v;
}

/* Takes over `got`. */
static void assert_same(json_t *got, const json_t *want)
{
	char *a, *b;

	if (json_equal(got, want)) {
		json_decref(got);
		return;
	}
	a = json_dumps(got, JSON_SORT_KEYS | JSON_INDENT(1));
	b = json_dumps(want, JSON_SORT_KEYS | JSON_INDENT(1));
	ck_abort_msg("got %s\nwanted %s", a, b);
}

/* The demo server's list, from which the vectors were made. */
static void demo_caps(struct rtp_caps *caps)
{
	struct rtp_codec list[] = {
		{.mime = RTP_MIME_OPUS, .clock_rate = 48000, .channels = 2},
		{.mime = RTP_MIME_VP8, .kind = RTP_VIDEO, .clock_rate = 90000},
		{.mime = RTP_MIME_VP9, .kind = RTP_VIDEO, .clock_rate = 90000},
		{.mime = RTP_MIME_H264, .kind = RTP_VIDEO, .clock_rate = 90000},
		{.mime = RTP_MIME_H264, .kind = RTP_VIDEO, .clock_rate = 90000},
	};

	for (int i = 1; i < 5; i++)
		rtpdesc_set_num(&list[i], "x-google-start-bitrate", 1000);
	rtpdesc_set_num(&list[2], "profile-id", 2);
	for (int i = 3; i < 5; i++)
		rtpdesc_set_num(&list[i], "packetization-mode", 1);
	rtpdesc_set_str(&list[3], "profile-level-id", "4d0032");
	rtpdesc_set_str(&list[4], "profile-level-id", "42e01f");
	ck_assert_int_eq(ortc_router_caps(caps, list, 5), 0);
}

/* But for the dependency descriptor, which mediasoup keeps to itself. */
TEST(ortc_router_caps_match_mediasoup)
{
	json_t *v = load(DIR "ortc-vector-audio.json");
	json_t *want = json_object_get(v, "routerRtpCapabilities");
	struct rtp_caps caps;
	json_t *e;
	size_t i;

	json_array_foreach(
		json_object_get(want, "headerExtensions"), i,
		e) if (json_integer_value(json_object_get(e, "preferredId")) ==
		       7)
		json_object_set_new(e, "direction", json_string("sendrecv"));
	demo_caps(&caps);
	assert_same(rtpjson_caps(&caps), want);
	json_decref(v);
}

static bool offers(const struct rtp_params *p, enum rtp_ext_uri uri)
{
	for (int i = 0; i < p->n_exts; i++)
		if (p->exts[i].uri == uri)
			return true;
	return false;
}

TEST(ortc_hands_on_the_dependency_descriptor_of_av1_alone)
{
	struct rtp_params p = {.n_codecs = 1, .n_encodings = 1, .mid = "0"};
	struct rtp_params out;
	struct ortc_mapping map;
	struct rtp_caps router;

	ck_assert_int_eq(ortc_default_caps(&router), 0);
	p.codecs[0] = (struct rtp_codec){.mime = RTP_MIME_AV1,
					 .kind = RTP_VIDEO,
					 .clock_rate = 90000,
					 .pt = 45};
	ck_assert_int_eq(ortc_mapping(&map, &p, &router, 1), 0);
	ck_assert_int_eq(ortc_consumable(&out, RTP_VIDEO, &p, &router, &map),
			 0);
	ck_assert(!offers(&out, RTP_EXT_DEPENDENCY));
	p.exts[p.n_exts++] = (struct rtp_ext){
		.uri = RTP_EXT_DEPENDENCY, .kind = RTP_VIDEO, .id = 13};
	ck_assert_int_eq(ortc_consumable(&out, RTP_VIDEO, &p, &router, &map),
			 0);
	ck_assert(offers(&out, RTP_EXT_DEPENDENCY));
	p.codecs[0].mime = RTP_MIME_VP8;
	ck_assert_int_eq(ortc_mapping(&map, &p, &router, 1), 0);
	ck_assert_int_eq(ortc_consumable(&out, RTP_VIDEO, &p, &router, &map),
			 0);
	ck_assert(!offers(&out, RTP_EXT_DEPENDENCY));
}

static json_t *mapping_json(const struct ortc_mapping *m)
{
	json_t *codecs = json_array();
	json_t *encodings = json_array();
	json_t *o = json_object();

	for (int i = 0; i < m->n_codecs; i++)
		json_array_append_new(
			codecs,
			json_pack("{si si}", "payloadType", m->codecs[i].pt,
				  "mappedPayloadType", m->codecs[i].mapped_pt));
	for (int i = 0; i < m->n_encodings; i++) {
		json_t *e = json_pack("{sI}", "mappedSsrc",
				      (json_int_t)m->encodings[i].mapped_ssrc);

		if (m->encodings[i].ssrc)
			json_object_set_new(e, "ssrc",
					    json_integer(m->encodings[i].ssrc));
		if (m->encodings[i].rid[0])
			json_object_set_new(e, "rid",
					    json_string(m->encodings[i].rid));
		json_array_append_new(encodings, e);
	}
	json_object_set_new(o, "codecs", codecs);
	json_object_set_new(o, "encodings", encodings);
	return o;
}

static uint32_t ssrc_of(const json_t *params, const char *key)
{
	const json_t *e =
		json_array_get(json_object_get(params, "encodings"), 0);

	return (uint32_t)json_integer_value(json_object_get(e, key));
}

/* All steps of one vector, with the random numbers that mediasoup drew. */
static void check_vector(const char *path, enum rtp_kind kind,
			 enum rtp_type want_type)
{
	json_t *v = load(path);
	json_t *want_map = json_object_get(v, "rtpMapping");
	json_t *want = json_object_get(v, "consumerRtpParameters_enableRtx");
	struct wire w = wire_of(json_object_get(v, "producerRtpParameters"));
	struct rtp_params params, tmpl, out;
	struct rtp_caps router, peer;
	struct ortc_mapping map;
	enum rtp_type type;

	demo_caps(&router);
	ck_assert_int_eq(rtpjson_read_params(&params, &w, kind), 0);
	assert_same(rtpjson_params(&params),
		    json_object_get(v, "producerRtpParameters"));
	ck_assert_int_eq(ortc_check_producer(kind, &params, &type), 0);
	ck_assert_int_eq(type, want_type);
	ck_assert_int_eq(ortc_mapping(&map, &params, &router,
				      ssrc_of(want_map, "mappedSsrc")),
			 0);
	assert_same(mapping_json(&map), want_map);
	ck_assert_int_eq(ortc_consumable(&tmpl, kind, &params, &router, &map),
			 0);
	assert_same(rtpjson_params(&tmpl),
		    json_object_get(v, "consumableRtpParameters"));
	w = wire_of(json_object_get(v, "consumerRtpCapabilities"));
	ck_assert_int_eq(rtpjson_read_caps(&peer, &w), 0);
	assert_same(rtpjson_caps(&peer),
		    json_object_get(v, "consumerRtpCapabilities"));
	ck_assert(ortc_can_consume(&tmpl, &peer));
	ck_assert_int_eq(
		ortc_consumer(&out, &tmpl, &peer, true, ssrc_of(want, "ssrc")),
		0);
	assert_same(rtpjson_params(&out), want);
	json_decref(v);
}

TEST(ortc_audio_vector)
{
	check_vector(DIR "ortc-vector-audio.json", RTP_AUDIO, RTP_SIMPLE);
}

TEST(ortc_video_vector)
{
	check_vector(DIR "ortc-vector-video.json", RTP_VIDEO, RTP_SIMULCAST);
}

/* The captured server sent this to B for A's camera. */
TEST(ortc_new_consumer_on_the_wire)
{
	json_t *cap = load(DIR "server-newConsumer-video.json");
	json_t *want = json_object_get(
		json_object_get(json_object_get(cap, "request"), "data"),
		"rtpParameters");
	json_t *vec = load(DIR "ortc-vector-video.json");
	struct wire w = wire_of(json_object_get(vec, "producerRtpParameters"));
	struct rtp_params params, tmpl, out;
	struct rtp_caps router, peer;
	struct ortc_mapping map;

	demo_caps(&router);
	ck_assert_int_eq(rtpjson_read_params(&params, &w, RTP_VIDEO), 0);
	ck_assert_int_eq(ortc_mapping(&map, &params, &router, 100000000), 0);
	(void)ortc_consumable(&tmpl, RTP_VIDEO, &params, &router, &map);
	w = wire_of(json_object_get(vec, "consumerRtpCapabilities"));
	ck_assert_int_eq(rtpjson_read_caps(&peer, &w), 0);
	ck_assert_int_eq(
		ortc_consumer(&out, &tmpl, &peer, true, ssrc_of(want, "ssrc")),
		0);
	/* Set by the transport, from other producers of the capture. */
	str_copy(out.mid, sizeof(out.mid), "1");
	str_copy(out.cname, sizeof(out.cname), "QG6mOml1E1XTAw7Q");
	str_copy(out.msid, sizeof(out.msid),
		 json_string_value(json_object_get(want, "msid")));
	assert_same(rtpjson_params(&out), want);
	json_decref(cap);
	json_decref(vec);
}

static struct rtp_codec h264(const char *plid, int mode, int asym)
{
	struct rtp_codec c = {.mime = RTP_MIME_H264,
			      .kind = RTP_VIDEO,
			      .pt = 96,
			      .clock_rate = 90000};

	if (plid)
		rtpdesc_set_str(&c, "profile-level-id", plid);
	if (mode >= 0)
		rtpdesc_set_num(&c, "packetization-mode", mode);
	if (asym >= 0)
		rtpdesc_set_num(&c, "level-asymmetry-allowed", asym);
	return c;
}

TEST(ortc_h264_matches_profile_and_mode)
{
	struct rtp_codec cb = h264("42e01f", 1, 1);
	struct rtp_codec cb40 = h264("42c028", 1, 1); /* same by its bits */
	struct rtp_codec none = h264(NULL, 1, 1);     /* means 42e01f */
	struct rtp_codec main31 = h264("4d001f", 1, 1);
	struct rtp_codec mode0 = h264("42e01f", -1, 1);

	ck_assert(ortc_same_codec(&cb, &cb40, true));
	ck_assert(ortc_same_codec(&cb, &none, true));
	ck_assert(!ortc_same_codec(&cb, &main31, true));
	ck_assert(!ortc_same_codec(&cb, &mode0, true));
	ck_assert(ortc_same_codec(&cb, &main31, false));
}

TEST(ortc_vp9_matches_profile)
{
	struct rtp_codec p0 = {
		.mime = RTP_MIME_VP9, .kind = RTP_VIDEO, .clock_rate = 90000};
	struct rtp_codec p0_said = p0, p2 = p0;

	rtpdesc_set_str(&p0_said, "profile-id", "0");
	rtpdesc_set_num(&p2, "profile-id", 2);
	ck_assert(ortc_same_codec(&p0, &p0_said, true));
	ck_assert(!ortc_same_codec(&p0, &p2, true));
}

TEST(ortc_h264_level_is_answered)
{
	static const struct {
		const char *local, *remote;
		bool asym;
		const char *want;
	} rows[] = {
		{"42e01f", "42e028", false, "42e01f"},
		{"42e028", "42e01f", false, "42e01f"},
		{"42e028", "42e01f", true, "42e028"},
		{"42c028", "42e01f", true, "42e028"}, /* canonical */
		{"4d0032", "4d001f", false, "4d001f"},
		{"640c1f", "640c2a", false, "640c1f"},
		{"64001f", "640034", true, "64001f"},
		{"42f00b", "42e01f", false, "42f00b"}, /* level 1b */
		{"42e00b", "42f00b", false, "42f00b"},
		{"42e00a", "42f00b", false, "42e00a"},
	};
	char out[H264LEVEL_LEN + 1];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		ck_assert_int_eq(h264level_answer(out, rows[i].local,
						  rows[i].remote, rows[i].asym),
				 0);
		ck_assert_str_eq(out, rows[i].want);
	}
	ck_assert_int_eq(h264level_answer(out, "42e01f", "4d001f", true),
			 -EINVAL);
	ck_assert_int_eq(h264level_answer(out, "junk", "42e01f", true),
			 -EINVAL);
}

TEST(ortc_mapping_writes_the_h264_level)
{
	struct rtp_params p = {.n_codecs = 1, .n_encodings = 1};
	struct rtp_caps router;
	struct ortc_mapping map;

	demo_caps(&router);
	p.codecs[0] = h264("42c028", 1, 0);
	ck_assert_int_eq(ortc_mapping(&map, &p, &router, 100000000), 0);
	ck_assert_int_eq(map.codecs[0].mapped_pt, 107);
	ck_assert_str_eq(rtpdesc_param_str(&p.codecs[0], "profile-level-id"),
			 "42e01f");
}

TEST(ortc_refuses_what_does_not_fit)
{
	struct rtp_params p = {.n_codecs = 1, .n_encodings = 1};
	struct rtp_caps router;
	struct ortc_mapping map;
	enum rtp_type type;

	demo_caps(&router);
	p.codecs[0] = (struct rtp_codec){
		.mime = RTP_MIME_AV1, .kind = RTP_VIDEO, .clock_rate = 90000};
	ck_assert_int_eq(ortc_mapping(&map, &p, &router, 1), -ENOTSUP);
	/* One stream that has neither SSRC, RID nor MID. */
	ck_assert_int_eq(ortc_check_producer(RTP_VIDEO, &p, &type), -EINVAL);
	p.encodings[0].ssrc = 7;
	ck_assert_int_eq(ortc_check_producer(RTP_VIDEO, &p, &type), 0);
	ck_assert_int_eq(ortc_check_producer(RTP_AUDIO, &p, &type), -EINVAL);
	/* Simulcast of AV1, a stream twice. */
	p.n_encodings = 2;
	p.encodings[1].ssrc = 8;
	ck_assert_int_eq(ortc_check_producer(RTP_VIDEO, &p, &type), -ENOTSUP);
	p.encodings[1].ssrc = 7;
	ck_assert_int_eq(ortc_check_producer(RTP_VIDEO, &p, &type), -EINVAL);
	/* RTX of a codec that is not there. */
	p.codecs[0].mime = RTP_MIME_VP8;
	p.codecs[0].pt = 96;
	p.codecs[1] = (struct rtp_codec){
		.mime = RTP_MIME_RTX, .kind = RTP_VIDEO, .clock_rate = 90000};
	rtpdesc_set_num(&p.codecs[1], "apt", 99);
	p.n_codecs = 2;
	ck_assert_int_eq(ortc_mapping(&map, &p, &router, 1), -EINVAL);
}

TEST(ortc_svc_is_told_by_its_mode)
{
	struct rtp_params p = {.n_codecs = 1, .n_encodings = 1, .mid = "0"};
	enum rtp_type type;
	int s, t;

	p.codecs[0] =
		(struct rtp_codec){.mime = RTP_MIME_VP9, .kind = RTP_VIDEO};
	str_copy(p.encodings[0].scalability, RTP_SCALABILITY_CAP, "L3T3_KEY");
	ck_assert_int_eq(ortc_check_producer(RTP_VIDEO, &p, &type), 0);
	ck_assert_int_eq(type, RTP_SVC);
	rtpdesc_layers("S2T1", &s, &t);
	ck_assert_int_eq(s, 2);
	ck_assert_int_eq(t, 1);
	rtpdesc_layers("L0T3", &s, &t);
	ck_assert_int_eq(s * 10 + t, 11);
	rtpdesc_layers("L12T10", &s, &t);
	ck_assert_int_eq(s * 100 + t, 1210);
}

TEST(ortc_without_rtx_no_nack)
{
	json_t *v = load(DIR "ortc-vector-video.json");
	struct wire w = wire_of(json_object_get(v, "producerRtpParameters"));
	struct rtp_params params, tmpl, out;
	struct rtp_caps router, peer;
	struct ortc_mapping map;

	demo_caps(&router);
	rtpjson_read_params(&params, &w, RTP_VIDEO);
	ortc_mapping(&map, &params, &router, 100000000);
	ortc_consumable(&tmpl, RTP_VIDEO, &params, &router, &map);
	w = wire_of(json_object_get(v, "consumerRtpCapabilities"));
	rtpjson_read_caps(&peer, &w);
	ck_assert_int_eq(ortc_consumer(&out, &tmpl, &peer, false, 5), 0);
	ck_assert_int_eq(out.n_codecs, 1);
	ck_assert(!rtpdesc_fb_has(&out.codecs[0], RTP_FB_NACK));
	ck_assert(rtpdesc_fb_has(&out.codecs[0], RTP_FB_PLI));
	ck_assert_uint_eq(out.encodings[0].rtx_ssrc, 0);
	/* Who takes only audio cannot consume it. */
	peer.n_codecs = 1;
	ck_assert(!ortc_can_consume(&tmpl, &peer));
	ck_assert_int_eq(ortc_consumer(&out, &tmpl, &peer, true, 5), -ENOTSUP);
	json_decref(v);
}

TEST(ortc_default_caps_hold_five_codecs)
{
	struct rtp_caps caps;

	ck_assert_int_eq(ortc_default_caps(&caps), 0);
	ck_assert_int_eq(caps.n_codecs, 9);
	ck_assert_int_eq(caps.codecs[0].pt, 100);
	ck_assert_int_eq(caps.codecs[8].pt, 108);
}
