#include "signald/api/wire.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/hex.h"
#include "common/str.h"

/*
 * jansson recurses per bracket and its own limit is 2048: count them first.
 * Brackets inside strings do not count.
 */
static bool too_deep(const char *s, size_t len)
{
	bool in_str = false;
	int depth = 0;

	for (size_t i = 0; i < len; i++) {
		if (in_str) {
			if (s[i] == '\\')
				i++;
			else if (s[i] == '"')
				in_str = false;
			continue;
		}
		if (s[i] == '"')
			in_str = true;
		else if ((s[i] == '{' || s[i] == '[') && ++depth > WIRE_DEPTH)
			return true;
		else if (s[i] == '}' || s[i] == ']')
			depth--;
	}
	return false;
}

json_t *wire_parse(const char *text, size_t len, const char **why)
{
	json_error_t err;
	json_t *v;

	*why = "too-large";
	if (len > WIRE_TEXT_MAX)
		return NULL;
	*why = "too-deep";
	if (too_deep(text, len))
		return NULL;
	/* Without JSON_ALLOW_NUL an escaped NUL is an error, too. */
	*why = "not-json";
	v = json_loadb(text, len, JSON_REJECT_DUPLICATES, &err);
	if (v && !json_is_object(v)) {
		json_decref(v);
		*why = "not-an-object";
		return NULL;
	}
	return v;
}

struct wire wire_of(const json_t *obj)
{
	struct wire w = {.obj = obj};

	if (obj && !json_is_object(obj))
		w = (struct wire){.bad = "data"};
	return w;
}

static void fail(struct wire *w, const char *name)
{
	if (!w->bad)
		w->bad = name;
}

/* The field, or NULL when it is absent or null. */
static const json_t *field(struct wire *w, const char *name, int must)
{
	const json_t *v = w->obj ? json_object_get(w->obj, name) : NULL;

	if (v && !json_is_null(v))
		return v;
	if (must)
		fail(w, name);
	return NULL;
}

const char *wire_text(struct wire *w, const char *name, int must, size_t max)
{
	const json_t *v = field(w, name, must);

	if (!v)
		return NULL;
	if (!json_is_string(v) || json_string_length(v) > max) {
		fail(w, name);
		return NULL;
	}
	return json_string_value(v);
}

void wire_str(struct wire *w, const char *name, int must, char *out, size_t cap)
{
	const char *s = wire_text(w, name, must, cap - 1);

	(void)str_copy(out, cap, s ? s : "");
}

int64_t wire_int(struct wire *w, const char *name, int must, int64_t min,
		 int64_t max, int64_t none)
{
	const json_t *v = field(w, name, must);
	int64_t n;

	if (!v)
		return none;
	/* 3.0 is how some serialisers write 3. */
	if (json_is_integer(v)) {
		n = json_integer_value(v);
	} else if (json_is_real(v) && fabs(json_real_value(v)) < 1e15 &&
		   floor(json_real_value(v)) == json_real_value(v)) {
		n = (int64_t)json_real_value(v);
	} else {
		fail(w, name);
		return none;
	}
	if (n < min || n > max) {
		fail(w, name);
		return none;
	}
	return n;
}

double wire_num(struct wire *w, const char *name, double none)
{
	const json_t *v = field(w, name, WIRE_MAY);

	if (v && !json_is_number(v))
		fail(w, name);
	return v ? json_number_value(v) : none;
}

bool wire_bool(struct wire *w, const char *name, int must, bool none)
{
	const json_t *v = field(w, name, must);

	if (v && !json_is_boolean(v))
		fail(w, name);
	return v ? json_is_true(v) : none;
}

uint64_t wire_id(struct wire *w, const char *name, int must)
{
	const char *s = wire_text(w, name, must, 64);
	uint64_t id;

	if (!s)
		return 0;
	return hex_to_id(&id, s) || !id ? WIRE_NO_ID : id;
}

struct wire wire_obj(struct wire *w, const char *name, int must)
{
	const json_t *v = field(w, name, must);

	if (v && !json_is_object(v)) {
		fail(w, name);
		v = NULL;
	}
	return (struct wire){.obj = v};
}

const json_t *wire_arr(struct wire *w, const char *name, int must, size_t max)
{
	const json_t *v = field(w, name, must);

	if (v && (!json_is_array(v) || json_array_size(v) > max)) {
		fail(w, name);
		v = NULL;
	}
	return v;
}

bool wire_has(const struct wire *w, const char *name)
{
	const json_t *v = w->obj ? json_object_get(w->obj, name) : NULL;

	return v && !json_is_null(v);
}

static bool is_scalar(const json_t *v)
{
	return json_is_string(v) || json_is_number(v) || json_is_boolean(v);
}

void wire_app_data(struct wire *w, char out[WIRE_APP_DATA], char *source,
		   size_t cap)
{
	struct wire app = wire_obj(w, "appData", WIRE_MAY);
	const char *key;
	const json_t *v;
	size_t n;

	(void)str_copy(out, WIRE_APP_DATA, "{}");
	(void)str_copy(source, cap, "");
	if (!app.obj)
		return;
	/* The iterator changes nothing but is not declared so. */
	json_object_foreach((json_t *)(uintptr_t)app.obj, key,
			    v) if (!is_scalar(v)) fail(w, "appData");
	n = json_dumpb(app.obj, out, WIRE_APP_DATA - 1, JSON_COMPACT);
	if (n == 0 || n >= WIRE_APP_DATA) {
		(void)str_copy(out, WIRE_APP_DATA, "{}");
		fail(w, "appData");
		return;
	}
	out[n] = '\0';
	wire_str(&app, "source", WIRE_MAY, source, cap);
	if (app.bad)
		fail(w, "appData");
}

json_t *wire_put(json_t *o, const char *name, json_t *v)
{
	if (!o || !v || json_object_set_new(o, name, v)) {
		/* set_new() frees v also when it fails. */
		if (!o)
			json_decref(v);
		json_decref(o);
		return NULL;
	}
	return o;
}

json_t *wire_put_str(json_t *o, const char *name, const char *s)
{
	return wire_put(o, name, json_string(s));
}

json_t *wire_put_int(json_t *o, const char *name, int64_t v)
{
	return wire_put(o, name, json_integer(v));
}

json_t *wire_put_bool(json_t *o, const char *name, bool v)
{
	return wire_put(o, name, json_boolean(v));
}

json_t *wire_id_json(uint64_t id)
{
	char hex[HEX_ID_LEN + 1];

	hex_id(hex, id);
	return json_string(hex);
}

json_t *wire_put_id(json_t *o, const char *name, uint64_t id)
{
	return wire_put(o, name, wire_id_json(id));
}

json_t *wire_put_text(json_t *o, const char *name, const char *json)
{
	return wire_put(o, name, json_loads(json, JSON_DECODE_ANY, NULL));
}

json_t *wire_add(json_t *a, json_t *v)
{
	if (!a || !v || json_array_append_new(a, v)) {
		if (!a)
			json_decref(v);
		json_decref(a);
		return NULL;
	}
	return a;
}

char *wire_dump(json_t *v, size_t *len)
{
	char *s = v ? json_dumps(v, JSON_COMPACT) : NULL;

	json_decref(v);
	*len = s ? strlen(s) : 0;
	return s;
}

int wire_frame(struct wire_msg *msg, const json_t *obj)
{
	struct wire w = wire_of(obj);
	const char *method;

	*msg = (struct wire_msg){.method = ""};
	msg->id = (uint32_t)wire_int(&w, "id", WIRE_MAY, 0, UINT32_MAX, 0);
	msg->data = json_object_get(obj, "data");
	if (json_is_null(msg->data))
		msg->data = NULL;
	if (wire_bool(&w, "request", WIRE_MAY, false))
		msg->kind = WIRE_REQUEST;
	else if (wire_bool(&w, "response", WIRE_MAY, false))
		msg->kind = WIRE_RESPONSE;
	else if (wire_bool(&w, "notification", WIRE_MAY, false))
		msg->kind = WIRE_NOTIFICATION;
	else
		return -EBADMSG;
	if (msg->kind != WIRE_NOTIFICATION && !wire_has(&w, "id"))
		fail(&w, "id");
	if (msg->kind == WIRE_RESPONSE) {
		msg->ok = wire_bool(&w, "ok", WIRE_MAY, false);
		return w.bad ? -EBADMSG : 0;
	}
	method = wire_text(&w, "method", WIRE_MUST, 64);
	if (method)
		msg->method = method;
	if (msg->data && !json_is_object(msg->data))
		fail(&w, "data");
	return w.bad ? -EBADMSG : 0;
}
