#include "mediad/path/drop.h"

static const char *const names[DROP_RX] = {
	[DROP_DEMUX] = "demux",
	[DROP_STUN] = "stun",
	[DROP_STUN_STRANGE] = "stun-strange",
	[DROP_STUN_AUTH] = "stun-auth",
	[DROP_TUPLE] = "tuple",
	[DROP_DTLS] = "dtls",
	[DROP_NO_KEYS] = "no-keys",
	[DROP_SRTP_SHORT] = "srtp-short",
	[DROP_SRTP_REPLAY] = "srtp-replay",
	[DROP_SRTP_FORGED] = "srtp-forged",
	[DROP_SRTP_FULL] = "srtp-full",
	[DROP_RTCP] = "rtcp",
	[DROP_SEND_PATH] = "send-path",
	[DROP_SEND_SEAL] = "send-seal",
	[DROP_PIPE_FULL] = "pipe-full",
	[DROP_PIPE_STRANGE] = "pipe-strange",
	[DROP_PIPE_BROKEN] = "pipe-broken",
};

const char *drop_name(enum drop d)
{
	if (d < DROP_RX)
		return names[d];
	return d < DROP_COUNT ? transport_drop_name(d - DROP_RX) : "?";
}
