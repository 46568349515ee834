/* Chat: ciphertext in, ciphertext out; only the clients hold keys. */
#include <stdlib.h>

#include "signald/api/api.h"

#define BOXES_MAX 1000
#define BOX_SIZE  2048

void api_chat_keys(struct api_req *r)
{
	struct chat_keys *k = &r->e.keys;

	k->sign = wire_text(&r->w, "sign", WIRE_MUST, KEY_TEXT_SIZE - 1);
	k->seal = wire_text(&r->w, "seal", WIRE_MUST, KEY_TEXT_SIZE - 1);
	k->proof = wire_text(&r->w, "proof", WIRE_MUST, KEY_TEXT_SIZE - 1);
}

void api_chat_send(struct api_req *r)
{
	r->e.chat.client_id =
		wire_text(&r->w, "clientId", WIRE_MUST, CLIENT_ID_SIZE - 1);
	r->e.chat.to = wire_text(&r->w, "to", WIRE_MAY, PEER_ID_SIZE - 1);
	/* Longer than CHAT_MAX is for the core to refuse by its name. */
	r->e.chat.ciphertext =
		wire_text(&r->w, "ciphertext", WIRE_MUST, WIRE_TEXT_MAX);
}

void api_chat_delete(struct api_req *r)
{
	r->e.number =
		(uint64_t)wire_int(&r->w, "id", WIRE_MUST, 0, INT64_MAX, 0);
}

void api_chat_seal(struct api_req *r)
{
	const json_t *list = wire_arr(&r->w, "boxes", WIRE_MUST, BOXES_MAX);
	size_t n = list ? json_array_size(list) : 0;
	struct event_box *boxes = calloc(n + 1, sizeof(*boxes));

	r->heap = boxes;
	r->e.seal.epoch =
		(uint32_t)wire_int(&r->w, "epoch", WIRE_MUST, 0, UINT32_MAX, 0);
	for (size_t i = 0; boxes && i < n; i++) {
		struct wire b = wire_of(json_array_get(list, i));

		boxes[i].to = wire_text(&b, "to", WIRE_MUST, PEER_ID_SIZE - 1);
		boxes[i].box = wire_text(&b, "box", WIRE_MUST, BOX_SIZE);
		if (b.bad)
			r->w.bad = "boxes";
	}
	r->e.seal.n = boxes ? (uint32_t)n : 0;
	r->e.seal.boxes = boxes;
}

void api_chat_history(struct api_req *r)
{
	r->e.history.before =
		(uint64_t)wire_int(&r->w, "before", WIRE_MAY, 0, INT64_MAX, 0);
	r->e.history.limit =
		(uint32_t)wire_int(&r->w, "limit", WIRE_MAY, 1, 500, 100);
}
