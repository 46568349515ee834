/*
 * api: the functions named in dispatch.c's table, one api_ file a topic.
 * parse reads typed fields, begin and end do one request (see dispatch.h).
 */
#ifndef SIGNALD_API_API_H
#define SIGNALD_API_API_H

#include "signald/api/dispatch.h"

struct http_req;
struct conn;

/* api_enter.c */
void api_enter_begin(struct api_req *r);
bool api_enter_implicit(struct session *s, uint32_t req);
void api_enter_join(struct api_req *r);
struct seat *api_enter_seat(struct hub *hub, const struct peer *p);
void api_enter_rejoin(struct hub *hub, const struct peer *p, struct seat *s);
void api_enter_leave(struct api_req *r);
void api_enter_knock(struct api_req *r);

/* api_transport.c */
void api_transport_caps(struct api_req *r);
void api_transport_create(struct api_req *r);
void api_transport_created(struct hub *hub, const struct media_out *reply);
void api_transport_connect(struct api_req *r);
void api_transport_restart(struct api_req *r);
void api_transport_restarted(struct hub *hub, const struct media_out *reply);
void api_transport_close(struct api_req *r);
json_t *api_transport_json(uint64_t id, const Media__TransportInfo *info);

/* api_produce.c */
void api_produce_begin(struct api_req *r);
void api_produce_end(struct hub *hub, const struct media_out *reply);
void api_produce_close(struct api_req *r);
void api_produce_pause(struct api_req *r);
void api_produce_resume(struct api_req *r);

/* api_consume.c */
void api_consume_pause(struct api_req *r);
void api_consume_resume(struct api_req *r);
void api_consume_layers(struct api_req *r);
void api_consume_priority(struct api_req *r);
void api_consume_viewport(struct api_req *r);
void api_consume_key_frame(struct api_req *r);
json_t *api_consume_offer(const struct consumer *c);

/* api_stats.c */
void api_stats_transport(struct api_req *r);
void api_stats_transport_end(struct hub *hub, const struct media_out *reply);
void api_stats_producer(struct api_req *r);
void api_stats_producer_end(struct hub *hub, const struct media_out *reply);
void api_stats_consumer(struct api_req *r);
void api_stats_consumer_end(struct hub *hub, const struct media_out *reply);
void api_stats_report(struct api_req *r);

/* api_room.c */
void api_room_name(struct api_req *r);
void api_room_hand(struct api_req *r);
void api_room_react(struct api_req *r);
void api_room_policy(struct api_req *r);
void api_room_settings(struct api_req *r);
void api_room_read_settings(struct wire *w, struct event_settings *out);

/* api_chat.c */
void api_chat_keys(struct api_req *r);
void api_chat_send(struct api_req *r);
void api_chat_delete(struct api_req *r);
void api_chat_seal(struct api_req *r);
void api_chat_history(struct api_req *r);

/* api_invite.c */
void api_invite_create(struct api_req *r);
void api_invite_revoke(struct api_req *r);

/* api_moderate.c */
void api_moderate_peer(struct api_req *r);
void api_moderate_deny(struct api_req *r);
void api_moderate_mute(struct api_req *r);
void api_moderate_kick(struct api_req *r);
void api_moderate_role(struct api_req *r);
void api_moderate_spotlight(struct api_req *r);

/* api_http.c */
void api_http_request(struct hub *hub, struct conn *c,
		      const struct http_req *req);
/* Takes body over. */
void api_http_reply(struct conn *c, int status, json_t *body);
void api_http_say(struct conn *c, int status, const char *reason,
		  uint64_t retry_ms);
/* The answer of a request that the rooms got from HTTP. */
void api_http_answer(struct hub *hub, uint64_t conn, const struct answer *a);
void api_http_refuse(struct hub *hub, uint64_t conn, const struct refusal *f);

/* Marks the `req` of an event that came by HTTP. */
#define API_HTTP_REQ (1ull << 63)

#endif
