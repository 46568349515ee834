#include "signald/api/wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/test.h"

static json_t *parse(const char *text)
{
	const char *why;

	return wire_parse(text, strlen(text), &why);
}

static const char *why_not(const char *text, size_t len)
{
	const char *why = "";
	json_t *v = wire_parse(text, len, &why);

	ck_assert_msg(!v, "taken: %s", text);
	return why;
}

TEST(wire_takes_an_object)
{
	json_t *v = parse("{\"a\":1,\"b\":{\"c\":[true,null,\"x\"]}}");

	ck_assert_ptr_nonnull(v);
	json_decref(v);
}

TEST(wire_refuses_hostile_json)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{"", "not-json"},
		{"{", "not-json"},
		{"[]", "not-an-object"},
		{"{\"a\":1,\"a\":2}", "not-json"},
		{"{\"a\":{\"b\":1,\"b\":1}}", "not-json"},
		{"{\"a\":\"\\u0000\"}", "not-json"},
		{"{\"\\u0000\":1}", "not-json"},
		{"{\"a\":\"\\ud800\"}", "not-json"},
		{"{\"a\":\"\\udc00\\ud800\"}", "not-json"},
		{"{\"a\":\"\xff\"}", "not-json"},
		{"{\"a\":\"\xed\xa0\x80\"}", "not-json"},
		{"{\"a\":1e999}", "not-json"},
		{"{\"a\":99999999999999999999}", "not-json"},
		{"{\"a\":01}", "not-json"},
		{"{\"a\":NaN}", "not-json"},
		{"{\"a\":1}{\"b\":2}", "not-json"},
		{"{\"a\":1,}", "not-json"},
		{"{'a':1}", "not-json"},
		{"{\"a\":\"\n\"}", "not-json"},
		{"{\"a\":[[[[[[[[1]]]]]]]]}", "too-deep"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		ck_assert_str_eq(why_not(rows[i].text, strlen(rows[i].text)),
				 rows[i].why);
	ck_assert_str_eq(why_not("{\"a\":\"\0\"}", 9), "not-json");
}

TEST(wire_counts_depth_outside_of_strings)
{
	json_t *v = parse("{\"a\":\"[[[[[[[[[[[[\\\"[[[[[[\"}");

	ck_assert_ptr_nonnull(v);
	json_decref(v);
	v = parse("{\"a\":[[[[[[[1]]]]]]]}");
	ck_assert_ptr_nonnull(v);
	json_decref(v);
}

/* 64 Ki brackets would overflow the stack of a recursive parser. */
TEST(wire_refuses_a_tower_of_brackets)
{
	char *tower = malloc(WIRE_TEXT_MAX + 1);

	memset(tower, '[', WIRE_TEXT_MAX + 1);
	ck_assert_str_eq(why_not(tower, WIRE_TEXT_MAX), "too-deep");
	ck_assert_str_eq(why_not(tower, WIRE_TEXT_MAX + 1), "too-large");
	free(tower);
}

TEST(wire_reads_typed_fields)
{
	json_t *v = parse("{\"s\":\"abc\",\"n\":7,\"f\":3.0,\"b\":true,"
			  "\"z\":null,\"id\":\"00c0ffee00c0ffee\"}");
	struct wire w = wire_of(v);
	char s[4];

	wire_str(&w, "s", WIRE_MUST, s, sizeof(s));
	ck_assert_str_eq(s, "abc");
	ck_assert_int_eq(wire_int(&w, "n", WIRE_MUST, 0, 7, 0), 7);
	ck_assert_int_eq(wire_int(&w, "f", WIRE_MUST, 0, 7, 0), 3);
	ck_assert(wire_bool(&w, "b", WIRE_MUST, false));
	ck_assert_int_eq(wire_int(&w, "z", WIRE_MAY, 0, 9, 5), 5);
	ck_assert_uint_eq(wire_id(&w, "id", WIRE_MUST), 0x00c0ffee00c0ffeeull);
	ck_assert_ptr_null(w.bad);
	json_decref(v);
}

TEST(wire_names_the_field_that_does_not_fit)
{
	static const char *const texts[] = {
		"{\"x\":\"abcd\"}", "{\"x\":7}",  "{\"x\":{}}", "{}",
		"{\"x\":null}",	    "{\"x\":[]}",
	};
	char s[4];

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		json_t *v = parse(texts[i]);
		struct wire w = wire_of(v);

		wire_str(&w, "x", WIRE_MUST, s, sizeof(s));
		ck_assert_str_eq(w.bad, "x");
		ck_assert_str_eq(s, "");
		json_decref(v);
	}
}

TEST(wire_numbers_keep_their_range)
{
	json_t *v =
		parse("{\"neg\":-1,\"half\":1.5,\"big\":1e300,\"s\":\"1\"}");
	static const char *const names[] = {"neg", "half", "big", "s"};

	for (size_t i = 0; i < 4; i++) {
		struct wire w = wire_of(v);

		ck_assert_int_eq(wire_int(&w, names[i], 0, 0, 255, 9), 9);
		ck_assert_str_eq(w.bad, names[i]);
	}
	json_decref(v);
}

/* Names that mean something to JavaScript's objects mean nothing here. */
TEST(wire_knows_no_prototypes)
{
	json_t *v = parse("{\"__proto__\":{\"x\":1},\"constructor\":1}");
	struct wire w = wire_of(v);

	ck_assert(!wire_has(&w, "x"));
	json_decref(v);
}

static const char *app_data(const char *text, char out[WIRE_APP_DATA],
			    char source[16])
{
	json_t *v = parse(text);
	struct wire w = wire_of(v);

	wire_app_data(&w, out, source, 16);
	json_decref(v);
	return w.bad;
}

TEST(wire_app_data_is_flat_and_small)
{
	char out[WIRE_APP_DATA], source[16], big[2200];

	ck_assert_ptr_null(app_data("{\"appData\":{\"source\":\"mic\",\"n\":1,"
				    "\"b\":false}}",
				    out, source));
	ck_assert_str_eq(out, "{\"source\":\"mic\",\"n\":1,\"b\":false}");
	ck_assert_str_eq(source, "mic");
	ck_assert_ptr_null(app_data("{}", out, source));
	ck_assert_str_eq(out, "{}");
	ck_assert_ptr_nonnull(
		app_data("{\"appData\":{\"a\":{}}}", out, source));
	ck_assert_ptr_nonnull(
		app_data("{\"appData\":{\"a\":null}}", out, source));
	ck_assert_ptr_nonnull(
		app_data("{\"appData\":{\"source\":1}}", out, source));
	snprintf(big, sizeof(big), "{\"appData\":{\"a\":\"%01100d\"}}", 0);
	ck_assert_ptr_nonnull(app_data(big, out, source));
	ck_assert_str_eq(out, "{}");
}

TEST(wire_frames)
{
	static const struct {
		const char *text;
		int err;
		enum wire_kind kind;
		uint32_t id;
	} rows[] = {
		{"{\"request\":true,\"id\":5,\"method\":\"m\"}", 0,
		 WIRE_REQUEST, 5},
		{"{\"request\":true,\"id\":5,\"method\":\"m\",\"data\":{}}", 0,
		 WIRE_REQUEST, 5},
		{"{\"response\":true,\"id\":6,\"ok\":true,\"data\":{}}", 0,
		 WIRE_RESPONSE, 6},
		{"{\"notification\":true,\"method\":\"m\"}", 0,
		 WIRE_NOTIFICATION, 0},
		{"{\"request\":true,\"id\":5,\"method\":7}", -EBADMSG,
		 WIRE_REQUEST, 5},
		{"{\"request\":true,\"id\":5,\"method\":\"m\",\"data\":[]}",
		 -EBADMSG, WIRE_REQUEST, 5},
		{"{\"request\":true,\"method\":\"m\"}", -EBADMSG, WIRE_REQUEST,
		 0},
		{"{\"request\":true,\"id\":-1,\"method\":\"m\"}", -EBADMSG,
		 WIRE_REQUEST, 0},
		{"{\"request\":1,\"id\":5,\"method\":\"m\"}", -EBADMSG,
		 WIRE_REQUEST, 5},
		{"{}", -EBADMSG, WIRE_REQUEST, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		json_t *v = parse(rows[i].text);
		struct wire_msg msg;

		ck_assert_int_eq(wire_frame(&msg, v), rows[i].err);
		ck_assert_uint_eq(msg.id, rows[i].id);
		if (!rows[i].err)
			ck_assert_int_eq(msg.kind, rows[i].kind);
		json_decref(v);
	}
}

TEST(wire_writes_without_leaks_on_nothing)
{
	json_t *o = wire_put(NULL, "a", json_integer(1));
	size_t len;
	char *s;

	ck_assert_ptr_null(o);
	o = wire_put_id(json_object(), "id", 0xabc);
	s = wire_dump(o, &len);
	ck_assert_str_eq(s, "{\"id\":\"0000000000000abc\"}");
	ck_assert_uint_eq(len, strlen(s));
	free(s);
}
