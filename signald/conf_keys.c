#include "signald/conf_keys.h"

#include "signald/conf.h"

#define AT(section, field) offsetof(struct conf, section.field)

#define TEXT(s, f, preset)                                                     \
	{                                                                      \
#s, #f, CONF_TEXT, AT(s, f), preset, 0, 0, NULL                \
	}
#define TEXTS(s, f)                                                            \
	{                                                                      \
#s, #f, CONF_TEXTS, AT(s, f), "", 0, 0, NULL                   \
	}
#define BOOL(s, f, preset)                                                     \
	{                                                                      \
#s, #f, CONF_BOOL, AT(s, f), preset, 0, 0, NULL                \
	}
#define UINT(s, f, preset, min, max)                                           \
	{                                                                      \
#s, #f, CONF_UINT, AT(s, f), preset, min, max, NULL            \
	}
#define WORD(s, f, preset, words)                                              \
	{                                                                      \
#s, #f, CONF_WORD, AT(s, f), preset, 0, 0, words               \
	}
#define RATE(f, burst_preset, rate_preset)                                     \
	{"limits",     #f "_burst", CONF_REAL, AT(limits, f.burst),            \
	 burst_preset, 1,	    1e6,       NULL},                          \
	{                                                                      \
		"limits", #f "_rate", CONF_REAL, AT(limits, f.rate),           \
			rate_preset, 0, 1e6, NULL                              \
	}

const struct conf_key conf_keys[] = {
	TEXT(server, user, "chattr"),
	TEXT(server, run_dir, ""),
	TEXT(server, state_dir, ""),
	WORD(server, log_level, "info", "error warn info debug"),
	BOOL(server, log_json, "false"),
	UINT(server, drain_s, "0", 0, 86400),
	BOOL(server, drills, "false"),

	TEXTS(listen, address),
	UINT(listen, port, "4443", 1, 65535),
	BOOL(listen, tls, "true"),
	TEXT(listen, cert, ""),
	TEXT(listen, key, ""),
	TEXTS(listen, names),
	TEXTS(listen, origins),
	TEXTS(listen, proxies),
	TEXT(listen, metrics_address, ""),
	UINT(listen, metrics_port, "9443", 1, 65535),
	TEXT(listen, web_root, ""),
	UINT(listen, conns, "20000", 10, 1000000),
	UINT(listen, conns_per_addr, "500", 1, 1000000),
	UINT(listen, handshake_ms, "10000", 100, 60000),
	UINT(listen, header_ms, "10000", 100, 60000),
	UINT(listen, idle_ms, "30000", 100, 600000),
	UINT(listen, ping_ms, "20000", 100, 600000),
	UINT(listen, lost_ms, "30000", 200, 600000),
	UINT(listen, out_bytes, "262144", 65536, 16777216),

	UINT(media, workers, "0", 0, 64),
	BOOL(media, pin, "true"),
	TEXT(media, program, ""),
	TEXT(media, address, ""),
	UINT(media, port, "20000", 0, 65000),
	TEXTS(media, announce),
	UINT(media, buffer_kib, "4096", 64, 262144),
	UINT(media, max_bitrate_kbps, "4000", 100, 100000),
	UINT(media, start_bitrate_kbps, "800", 30, 100000),
	UINT(media, capacity, "1000", 1, 100000),

	WORD(rooms, policy, "waiting", "waiting open locked"),
	UINT(rooms, rooms, "10000", 1, 1000000),
	UINT(rooms, seats, "100", 1, 1000),
	UINT(rooms, knocks, "50", 1, 1000),
	UINT(rooms, knocks_per_addr, "20", 1, 1000),
	UINT(rooms, invites, "50", 1, 1000),
	UINT(rooms, invite_ttl_s, "86400", 60, 31536000),
	UINT(rooms, grace_s, "60", 1, 3600),
	UINT(rooms, away_grace_s, "10", 1, 3600),
	UINT(rooms, host_grace_s, "15", 0, 3600),
	WORD(rooms, succession, "promote-oldest", "promote-oldest lock end"),
	UINT(rooms, linger_s, "60", 0, 86400),
	UINT(rooms, created_ttl_s, "86400", 60, 31536000),
	UINT(rooms, deny_s, "30", 0, 86400),
	UINT(rooms, chat_messages, "500", 0, 10000),
	UINT(rooms, chat_kib, "1024", 0, 65536),
	UINT(rooms, transports, "4", 2, 16),
	UINT(rooms, producers, "8", 1, 64),
	UINT(rooms, consumers, "500", 1, 10000),

	RATE(join, "3", "0.2"),
	RATE(chat, "10", "5"),
	RATE(produce, "8", "4"),
	RATE(consume, "1000", "200"),
	RATE(invite, "10", "1"),
	RATE(other, "50", "20"),
	RATE(addr_conn, "100", "20"),
	RATE(addr_knock, "30", "1"),
	RATE(room, "300", "150"),
	RATE(newcomer, "2000", "1000"),
	UINT(limits, addr_failures_per_min, "10", 1, 100000),

	TEXT(signin, issuer, ""),
	TEXT(signin, client_id, ""),
	TEXT(signin, client_secret, ""),
	TEXT(signin, label, ""),
	WORD(signin, required, "no", "no create join"),
	UINT(signin, ttl_s, "43200", 60, 2592000),
};

const size_t conf_keys_n = sizeof(conf_keys) / sizeof(conf_keys[0]);
