/*
 * leg: one WebRTC transport of a simulated client: a socket of its own, ICE
 * as the controlling side, DTLS as the client, SRTP.
 *
 * leg_recv() handles STUN and DTLS itself and hands RTP and RTCP up as they
 * came, still protected, with the kernel's receive stamp.
 */
#ifndef TESTS_LOAD_LEG_H
#define TESTS_LOAD_LEG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"
#include "mediad/sec/dtls.h"
#include "mediad/sec/srtp.h"
#include "mediad/wire/stun.h"

#define LEG_BATCH 64
#define LEG_BUF	  2048

/* What the transports of a process share. */
struct leg_env {
	struct cert *cert;
	struct dtls_ctx *dtls;
	struct srtp_env *srtp;
};

int leg_env_init(struct leg_env *e);

/* What signaling said about the other side. */
struct leg_remote {
	struct addr addr;
	char ufrag[64];
	char pwd[64];
	struct cert_fp fps[DTLS_FPS_MAX];
	size_t n_fps;
};

enum leg_state {
	LEG_NONE,
	LEG_ICE,
	LEG_DTLS,
	LEG_UP,
	LEG_FAILED,
};

struct leg {
	const struct leg_env *env;
	enum leg_state state;
	int fd;
	struct leg_remote remote;
	char ufrag[9];
	struct stun_key remote_key;
	uint8_t tid[STUN_TID_LEN];
	uint64_t tiebreaker;
	uint64_t check_us; /* the next check is due */
	struct dtls *dtls;
	struct srtp_session *srtp;
	uint64_t drops;	     /* the socket's buffer was full */
	uint32_t drops_seen; /* the kernel's counter */
	bool dark;	     /* without network: nothing comes or goes */
};

struct leg_pkt {
	uint8_t *data;
	size_t len;
	uint64_t wall_us; /* kernel receive stamp */
	bool rtcp;
};

struct leg_batch {
	struct leg_pkt pkt[LEG_BATCH];
	uint8_t buf[LEG_BATCH][LEG_BUF];
};

int leg_open(struct leg *l, const struct leg_env *env,
	     const struct leg_remote *remote, uint64_t now_us);
void leg_close(struct leg *l);

/* As after a change of network: another port, the same session. 0 or -errno. */
int leg_move(struct leg *l, uint64_t now_us);

/* Media packets of one read; *more: the socket may hold further ones. */
int leg_recv(struct leg *l, struct leg_batch *b, uint64_t now_us, bool *more);
void leg_tick(struct leg *l, uint64_t now_us);

void leg_send(struct leg *l, const void *data, size_t len);
void leg_send_rtcp(struct leg *l, const uint8_t *data, size_t len);

/* Many at once: protected packets of one burst. */
struct leg_burst {
	int n;
	uint16_t len[LEG_BATCH];
	uint8_t buf[LEG_BATCH][LEG_BUF];
};
void leg_send_burst(struct leg *l, struct leg_burst *b);

#endif
