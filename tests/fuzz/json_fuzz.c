/*
 * A message of a browser: the first byte chooses what is read out of it. What
 * is taken is written again and must then be taken again, the same.
 */
#include <stdlib.h>
#include <string.h>

#include "signald/api/rtpjson.h"
#include "signald/api/wire.h"
#include "signald/media/ortc.h"
#include "tests/fuzz/fuzz.h"

static void again(const char *text, size_t len)
{
	const char *why;
	json_t *v = wire_parse(text, len, &why);

	/* Escapes may have grown it. */
	FUZZ_CHECK(v || len > WIRE_TEXT_MAX);
	json_decref(v);
}

static void frame(const json_t *v)
{
	struct wire_msg msg;
	size_t len;
	char *text;

	(void)wire_frame(&msg, v);
	text = wire_dump(json_deep_copy(v), &len);
	again(text, len);
	free(text);
}

static void caps(const json_t *v)
{
	struct wire w = wire_of(v);
	struct rtp_caps a, b;
	json_t *o;

	if (rtpjson_read_caps(&a, &w))
		return;
	o = rtpjson_caps(&a);
	w = wire_of(o);
	FUZZ_CHECK(!rtpjson_read_caps(&b, &w));
	FUZZ_CHECK(a.n_codecs == b.n_codecs && a.n_exts == b.n_exts);
	json_decref(o);
}

/* All of ORTC behind it, as a producer and towards a consumer. */
static void params(const json_t *v, enum rtp_kind kind)
{
	struct wire w = wire_of(v);
	struct rtp_params p, tmpl, out;
	struct ortc_mapping map;
	struct rtp_caps router;
	enum rtp_type type;

	if (rtpjson_read_params(&p, &w, kind))
		return;
	ortc_default_caps(&router);
	if (ortc_check_producer(kind, &p, &type) ||
	    ortc_mapping(&map, &p, &router, ORTC_SSRC_MAX) ||
	    ortc_consumable(&tmpl, kind, &p, &router, &map))
		return;
	json_decref(rtpjson_params(&tmpl));
	FUZZ_CHECK(ortc_can_consume(&tmpl, &router) ==
		   !ortc_consumer(&out, &tmpl, &router, true, ORTC_SSRC_MAX));
	json_decref(rtpjson_params(&out));
}

static void fields(const json_t *v)
{
	char app[WIRE_APP_DATA], source[16], name[32];
	struct wire w = wire_of(v);

	wire_app_data(&w, app, source, sizeof(source));
	wire_str(&w, "s", WIRE_MAY, name, sizeof(name));
	(void)wire_id(&w, "id", WIRE_MUST);
	(void)wire_int(&w, "n", WIRE_MUST, -5, 5, 0);
	(void)wire_num(&w, "n", 0);
	(void)wire_obj(&w, "o", WIRE_MAY);
	(void)wire_arr(&w, "a", WIRE_MAY, 3);
	again(app, strlen(app));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *why;
	json_t *v;

	if (!len)
		return 0;
	v = wire_parse((const char *)data + 1, len - 1, &why);
	if (!v)
		return 0;
	switch (data[0] % 5) {
	case 0:
		frame(v);
		break;
	case 1:
		caps(v);
		break;
	case 2:
		params(v, RTP_VIDEO);
		break;
	case 3:
		params(v, RTP_AUDIO);
		break;
	default:
		fields(v);
	}
	json_decref(v);
	return 0;
}
