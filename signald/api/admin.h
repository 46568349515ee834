/*
 * admin: the socket that chattrctl talks to. Who can open it (mode 0600 in a
 * 0700 folder) may do all. One request at a time a connection; the commands
 * are admincmd.c's table, the answers tables of text.
 *
 * Owned by the server role; hub->admin points to it while it lives.
 */
#ifndef SIGNALD_API_ADMIN_H
#define SIGNALD_API_ADMIN_H

#include <stdint.h>

struct admin;
struct adminout;
struct answer;
struct hub;
struct loop;
struct refusal;

/* In an event's `req`: answer the admin, not a client. */
#define ADMIN_REQ (1ull << 62)

/*
 * Adopts a listening socket. lifeline: where the supervisor listens. NULL:
 * no memory.
 */
struct admin *admin_new(struct loop *loop, struct hub *hub, int fd,
			int lifeline);
void admin_free(struct admin *a);

/* What the rooms say to a request of ours; from fx.c alone. */
void admin_answer(struct hub *hub, uint64_t conn, const struct answer *answer);
void admin_refuse(struct hub *hub, uint64_t conn, const struct refusal *why);

#endif
