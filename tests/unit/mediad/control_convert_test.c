#include "mediad/control/convert.h"

#include <errno.h>
#include <string.h>

#include "tests/lib/test.h"

/* A message that is right; each test breaks one thing in it. */
struct good {
	Media__Produce produce;
	Media__Consume consume;
	Media__RtpParameters rtp;
	Media__RtpCodec codec[2];
	Media__RtpCodec *codecs[2];
	Media__RtpEncoding enc[3];
	Media__RtpEncoding *encs[3];
	Media__RtpHeaderExtension ext;
	Media__RtpHeaderExtension *exts[1];
	char rid[3][4];
	char mid[4];
};

static void good(struct good *g)
{
	media__produce__init(&g->produce);
	media__consume__init(&g->consume);
	media__rtp_parameters__init(&g->rtp);
	media__rtp_header_extension__init(&g->ext);
	for (int i = 0; i < 2; i++) {
		media__rtp_codec__init(&g->codec[i]);
		g->codec[i].codec = MEDIA__CODEC__VP8;
		g->codec[i].payload_type = 96 + (uint32_t)i;
		g->codec[i].clock_rate = 90000;
		g->codecs[i] = &g->codec[i];
	}
	for (int i = 0; i < 3; i++) {
		media__rtp_encoding__init(&g->enc[i]);
		memcpy(g->rid[i], "r0", 3);
		g->rid[i][1] = (char)('0' + i);
		g->enc[i].rid = g->rid[i];
		g->encs[i] = &g->enc[i];
	}
	memcpy(g->mid, "0", 2);
	g->ext.type = EXT_MID;
	g->ext.id = 9;
	g->exts[0] = &g->ext;
	g->rtp.mid = g->mid;
	g->rtp.codecs = g->codecs;
	g->rtp.n_codecs = 1;
	g->rtp.encodings = g->encs;
	g->rtp.n_encodings = 3;
	g->rtp.extensions = g->exts;
	g->rtp.n_extensions = 1;
	g->produce.id = 1;
	g->produce.kind = MEDIA__MEDIA_KIND__VIDEO;
	g->produce.type = MEDIA__STREAM_TYPE__SIMULCAST;
	g->produce.rtp = &g->rtp;
	g->consume.id = 2;
	g->consume.rtp = &g->rtp;
}

static const char *refused(const struct good *g)
{
	struct producer_opts o;
	const char *why = "";

	ck_assert_int_eq(convert_produce(&g->produce, &o, &why), -EINVAL);
	return why;
}

TEST(convert_takes_a_simulcast_producer)
{
	struct producer_opts o;
	const char *why = NULL;
	struct good g;

	good(&g);
	ck_assert_int_eq(convert_produce(&g.produce, &o, &why), 0);
	ck_assert_int_eq(o.type, PRODUCER_SIMULCAST);
	ck_assert_int_eq(o.kind, MEDIA_VIDEO);
	ck_assert_int_eq(o.rtp.n_encodings, 3);
	ck_assert_str_eq(o.rtp.encodings[2].rid, "r2");
	ck_assert_int_eq(o.rtp.encodings[0].temporal, 1);
	ck_assert_int_eq(o.rtp.ext[EXT_MID], 9);
	ck_assert_int_eq(o.rtp.codecs[0].codec, CODEC_VP8);
}

TEST(convert_refuses_what_would_be_indexed_with)
{
	struct good g;

	good(&g);
	g.rtp.n_codecs = 0;
	ck_assert_str_eq(refused(&g), "codecs");
	g.rtp.n_codecs = RTPMAP_CODECS + 1;
	ck_assert_str_eq(refused(&g), "codecs");
	good(&g);
	g.rtp.n_encodings = RTPMAP_ENCODINGS + 1;
	ck_assert_str_eq(refused(&g), "encodings");
	good(&g);
	g.ext.type = EXT_N;
	ck_assert_str_eq(refused(&g), "header-extension");
	g.ext.type = 0;
	ck_assert_str_eq(refused(&g), "header-extension");
	good(&g);
	g.ext.id = 256;
	ck_assert_str_eq(refused(&g), "header-extension");
	good(&g);
	g.codec[0].payload_type = 128;
	ck_assert_str_eq(refused(&g), "payload-type");
	g.codec[0].payload_type = 72; /* RTCP would be taken for it */
	ck_assert_str_eq(refused(&g), "payload-type");
	good(&g);
	g.codec[0].codec = (Media__Codec)99;
	ck_assert_str_eq(refused(&g), "codec");
	good(&g);
	g.produce.kind = (Media__MediaKind)7;
	ck_assert_str_eq(refused(&g), "kind");
	good(&g);
	g.produce.type = (Media__StreamType)7;
	ck_assert_str_eq(refused(&g), "type");
}

TEST(convert_refuses_what_does_not_fit_together)
{
	char mid[] = "a/b";
	struct good g;

	good(&g);
	g.produce.type = MEDIA__STREAM_TYPE__SIMPLE;
	ck_assert_str_eq(refused(&g), "type");
	good(&g);
	g.codec[0].codec = MEDIA__CODEC__AV1;
	ck_assert_str_eq(refused(&g), "simulcast-codec");
	good(&g);
	g.codec[0].codec = MEDIA__CODEC__OPUS;
	ck_assert_str_eq(refused(&g), "kind");
	good(&g);
	g.rid[1][1] = '0';
	ck_assert_str_eq(refused(&g), "encoding-twice");
	good(&g);
	g.enc[1].rid = NULL;
	ck_assert_str_eq(refused(&g), "encoding-unnamed");
	good(&g);
	g.rtp.mid = mid;
	ck_assert_str_eq(refused(&g), "mid");
	good(&g);
	g.rtp.n_codecs = 2;
	g.codec[1].payload_type = g.codec[0].payload_type;
	ck_assert_str_eq(refused(&g), "payload-type");
	good(&g);
	g.produce.label.len = CONVERT_LABEL_MAX + 1;
	ck_assert_str_eq(refused(&g), "label");
	good(&g);
	g.codec[0].clock_rate = 0;
	ck_assert_str_eq(refused(&g), "clock-rate");
}

TEST(convert_checks_a_consumer)
{
	struct consumer_opts o;
	const char *why = NULL;
	struct good g;

	good(&g);
	ck_assert_int_eq(convert_consume(&g.consume, &o, &why), -EINVAL);
	ck_assert_str_eq(why, "encodings");
	g.rtp.n_encodings = 1;
	g.enc[0].ssrc = 5;
	ck_assert_int_eq(convert_consume(&g.consume, &o, &why), 0);
	ck_assert_int_eq(o.preferred.s, -1);
	ck_assert_int_eq(o.priority, 1);
	g.consume.priority = 256;
	ck_assert_int_eq(convert_consume(&g.consume, &o, &why), -EINVAL);
	ck_assert_int_eq(convert_layer(INT32_MAX, 3), 2);
	ck_assert_int_eq(convert_layer(INT32_MIN, 3), -1);
}

TEST(convert_checks_fingerprints)
{
	Media__ConnectTransport m = MEDIA__CONNECT_TRANSPORT__INIT;
	Media__Fingerprint f = MEDIA__FINGERPRINT__INIT;
	Media__Fingerprint *list[9] = {&f, &f, &f, &f, &f, &f, &f, &f, &f};
	char alg[] = "sha-256";
	char val[3 * 32] = "";
	struct cert_fp fps[8];
	const char *why;
	size_t n;

	for (int i = 0; i < 32; i++)
		memcpy(val + 3 * i, i < 31 ? "AB:" : "AB", i < 31 ? 3 : 3);
	f.algorithm = alg;
	f.value = val;
	m.fingerprints = list;
	/* An empty list once killed a worker of another kind. */
	ck_assert_int_eq(convert_fingerprints(&m, fps, 8, &n, &why), -EINVAL);
	m.n_fingerprints = 9;
	ck_assert_int_eq(convert_fingerprints(&m, fps, 8, &n, &why), -EINVAL);
	m.n_fingerprints = 1;
	ck_assert_int_eq(convert_fingerprints(&m, fps, 8, &n, &why), 0);
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(fps[0].alg, CERT_SHA256);
	val[0] = 'X';
	ck_assert_int_eq(convert_fingerprints(&m, fps, 8, &n, &why), -EINVAL);
}
