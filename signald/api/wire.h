/*
 * wire: JSON text to typed values and back, strictly.
 *
 * wire_parse() refuses what no honest client sends: duplicate keys, more
 * than WIRE_DEPTH levels, NUL, lone surrogates, bad UTF-8, more than one
 * value, numbers out of range. What is left is a jansson tree which never
 * leaves this folder: fields are read one by one into typed values through a
 * cursor with a sticky error, fields nobody asks for are ignored.
 *
 *	struct wire w = wire_of(data);
 *	wire_str(&w, "displayName", WIRE_MUST, name, sizeof(name));
 *	spatial = wire_int(&w, "spatialLayer", 0, 0, 7, -1);
 *	if (w.bad)
 *		return refuse(400, w.bad);
 *
 * A wrong type or a value out of range is an error also in an optional
 * field; null counts as absent.
 */
#ifndef SIGNALD_API_WIRE_H
#define SIGNALD_API_WIRE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_DEPTH    8
#define WIRE_TEXT_MAX (64 * 1024)

/* A free object of the client's, re-encoded: flat, scalars only. */
#define WIRE_APP_DATA 1024

enum {
	WIRE_MAY = 0,
	WIRE_MUST = 1,
};

/*
 * The tree of one JSON object, to be freed with json_decref(), or NULL with
 * a word in *why: "not-json", "too-deep", "too-large", "not-an-object".
 */
json_t *wire_parse(const char *text, size_t len, const char **why);

struct wire {
	const json_t *obj; /* borrowed; NULL reads as an empty object */
	const char *bad;   /* name of the first field that did not fit */
};

struct wire wire_of(const json_t *obj);

/* Terminated text of at most cap - 1 bytes; absent: "". */
void wire_str(struct wire *w, const char *name, int must, char *out,
	      size_t cap);
/* Borrowed from the tree; NULL when absent. At most max bytes. */
const char *wire_text(struct wire *w, const char *name, int must, size_t max);
int64_t wire_int(struct wire *w, const char *name, int must, int64_t min,
		 int64_t max, int64_t none);
double wire_num(struct wire *w, const char *name, double none);
bool wire_bool(struct wire *w, const char *name, int must, bool none);
/* 16 hex digits; absent: 0. Anything else that is a text: WIRE_NO_ID. */
#define WIRE_NO_ID UINT64_MAX
uint64_t wire_id(struct wire *w, const char *name, int must);
/* A nested object or array; an empty cursor or NULL when absent. */
struct wire wire_obj(struct wire *w, const char *name, int must);
const json_t *wire_arr(struct wire *w, const char *name, int must, size_t max);

bool wire_has(const struct wire *w, const char *name);

/*
 * appData: re-encoded into out (WIRE_APP_DATA) as one flat object; absent:
 * "{}". `source` gets its field of that name, "" if none.
 */
void wire_app_data(struct wire *w, char out[WIRE_APP_DATA], char *source,
		   size_t cap);

/* ---- writing: NULL is out of memory and stays so through all calls ---- */

/* o[name] = v (stolen); returns o, or NULL after freeing both. */
json_t *wire_put(json_t *o, const char *name, json_t *v);
json_t *wire_put_str(json_t *o, const char *name, const char *s);
json_t *wire_put_int(json_t *o, const char *name, int64_t v);
json_t *wire_put_bool(json_t *o, const char *name, bool v);
json_t *wire_put_id(json_t *o, const char *name, uint64_t id);
/* JSON text of ours, such as kept appData. */
json_t *wire_put_text(json_t *o, const char *name, const char *json);
/* Appends v (stolen) to a. */
json_t *wire_add(json_t *a, json_t *v);
json_t *wire_id_json(uint64_t id);

/* Compact text to be freed with free(), its length in *len; frees v. */
char *wire_dump(json_t *v, size_t *len);

/* ---- protoo framing ---- */

enum wire_kind {
	WIRE_REQUEST,
	WIRE_RESPONSE,
	WIRE_NOTIFICATION,
};

struct wire_msg {
	enum wire_kind kind;
	uint32_t id;	    /* of a request or response */
	const char *method; /* borrowed from the tree; "" in a response */
	bool ok;	    /* of a response */
	const json_t *data; /* borrowed; NULL when absent */
};

/*
 * Reads the frame of a parsed object. 0 or -EBADMSG; for a request that is
 * wrong apart from its id, msg->id holds it so that it can be answered.
 */
int wire_frame(struct wire_msg *msg, const json_t *obj);

#endif
