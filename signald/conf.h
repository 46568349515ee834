/*
 * conf: signald's configuration: one file (libconfuse), then environment
 * overrides CHATTR_<SECTION>_<KEY>, then checks. Read-only afterwards.
 *
 * conf/signald.conf explains every key. An unknown key, a value out of range
 * or an unknown CHATTR_ variable is an error that names its place.
 *
 *	struct conf *conf = conf_load("/etc/chattr/signald.conf", err, cap);
 *
 * Adding a key is a field here, a row in conf.c and a paragraph in
 * conf/signald.conf (a test compares the three).
 */
#ifndef SIGNALD_CONF_H
#define SIGNALD_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conf_list {
	char **v;
	size_t n;
};

struct conf_server {
	char *user;	 /* roles run as it when started by root */
	char *run_dir;	 /* 0700: bus and admin sockets */
	char *state_dir; /* 0700: journal, certificate, keys */
	char *log_level; /* error warn info debug */
	bool log_json;
	uint32_t drain_s; /* meetings may go on so long after SIGTERM */
	bool drills;
};

struct conf_listen {
	struct conf_list address; /* empty: all, IPv4 and IPv6 */
	uint32_t port;
	bool tls;
	char *cert, *key;	  /* PEM; empty: self-signed in state_dir */
	struct conf_list names;	  /* for the self-signed certificate */
	struct conf_list origins; /* allowed besides the own host */
	struct conf_list proxies; /* networks whose address header counts */
	char *metrics_address;	  /* empty: none */
	uint32_t metrics_port;
	char *web_root; /* the web client; empty: beside the program */
	uint32_t conns, conns_per_addr;
	uint32_t handshake_ms, header_ms, idle_ms;
	uint32_t ping_ms, lost_ms;
	uint32_t out_bytes;
};

struct conf_media {
	uint32_t workers; /* 0: one a CPU */
	bool pin;
	char *program; /* mediad; empty: beside signald */
	char *address; /* empty: all */
	uint32_t port; /* worker i: port + i, UDP and TCP; 0: any free */
	struct conf_list announce; /* candidates; empty: all interfaces */
	uint32_t buffer_kib;	   /* socket buffers, each way */
	uint32_t max_bitrate_kbps; /* a sending transport's */
	uint32_t start_bitrate_kbps;
	uint32_t capacity; /* consumers a worker before rooms spread */
};

struct conf_rooms {
	char *policy;	 /* waiting open locked: default of typed rooms */
	uint32_t rooms;	 /* at once */
	uint32_t seats;	 /* a room */
	uint32_t knocks; /* a room */
	uint32_t knocks_per_addr;
	uint32_t invites; /* live ones a room */
	uint32_t invite_ttl_s;
	uint32_t grace_s;      /* resume */
	uint32_t away_grace_s; /* after the beacon */
	uint32_t host_grace_s;
	char *succession;	/* promote-oldest lock end */
	uint32_t linger_s;	/* typed room after the last member */
	uint32_t created_ttl_s; /* created room, renewed by use */
	uint32_t deny_s;	/* cool-down after a deny */
	uint32_t chat_messages, chat_kib;
	uint32_t transports, producers, consumers; /* a peer */
};

/* A token bucket: burst, and tokens a second. */
struct conf_rate {
	double burst, rate;
};

struct conf_limits {
	struct conf_rate join, chat, produce, consume, invite, other;
	struct conf_rate addr_conn, addr_knock;
	struct conf_rate room, newcomer; /* what all are told; all joins */
	uint32_t addr_failures_per_min;	 /* resume and invite tries */
};

struct conf_signin {
	char *issuer; /* empty: no sign-in */
	char *client_id, *client_secret;
	char *label;	/* "Continue with ..." */
	char *required; /* no create join */
	uint32_t ttl_s;
};

struct conf {
	char *path;	     /* the file; NULL: defaults only */
	struct conf *before; /* freed with it: its texts may be borrowed */
	struct conf_server server;
	struct conf_listen listen;
	struct conf_media media;
	struct conf_rooms rooms;
	struct conf_limits limits;
	struct conf_signin signin;
};

/*
 * path NULL: no file, defaults and environment. NULL on failure with the
 * reason in err, e.g. "signald.conf:12: no such option 'prot'".
 */
struct conf *conf_load(const char *path, char *err, size_t cap);
void conf_free(struct conf *c);

#endif
