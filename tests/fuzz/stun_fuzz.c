/* STUN messages, and the ICE agent behind the parser. */
#include <stdlib.h>
#include <string.h>

#include "mediad/ice/icelite.h"
#include "tests/fuzz/fuzz.h"

static const char ufrag[] = "abcdefgh";
static const char pwd[] = "0123456789abcdefghijklmn";

static void agent(const struct stun *m)
{
	static const uint8_t secret[ICE_SECRET_LEN] = {1};
	uint8_t out[ICE_OUT_MAX];
	struct icelite ice;
	struct ice_out o;
	struct tuple t;

	memset(&t, 0, sizeof(t));
	if (icelite_init(&ice, ufrag, pwd, secret, 30000000))
		abort();
	icelite_input(&ice, m, &t, 1000, &o, out);
	FUZZ_CHECK(o.len <= sizeof(out));
	/* Without the password nothing changes, and no answer is larger. */
	if (o.drop == ICE_DROP_NONE)
		return;
	FUZZ_CHECK(ice.state == ICE_NEW && !o.events);
	if (o.drop != ICE_DROP_UNKNOWN_ATTR && o.drop != ICE_DROP_ROLE)
		FUZZ_CHECK(o.len <= m->len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct stun_key key;
	struct stun m;
	size_t n = 0;
	const uint8_t *local;

	stun_key_init(&key, pwd, strlen(pwd));
	if (stun_parse(&m, data, len))
		return 0;
	FUZZ_CHECK(m.len == len && m.n_unknown <= STUN_UNKNOWN_MAX);
	local = stun_local_ufrag(&m, &n);
	if (local)
		FUZZ_CHECK(local == m.username && n < m.username_len);
	stun_fingerprint_ok(&m);
	stun_integrity_ok(&m, &key);
	agent(&m);
	return 0;
}
