#include "mediad/wire/stun.h"

#include <string.h>

#include "tests/lib/bytes.h"
#include "tests/lib/test.h"

/* RFC 5769 sections 2.1 to 2.4. */
#define REQUEST                                                                \
	"00010058 2112a442 b7e7a701bc34d686fa87dfae"                           \
	"80220010 5354554e207465737420636c69656e74"                            \
	"00240004 6e0001ff 80290008 932ff9b151263b36"                          \
	"00060009 6576746a3a68367659202020"                                    \
	"00080014 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2"                    \
	"80280004 e57a3bcf"
#define RESPONSE_V4                                                            \
	"0101003c 2112a442 b7e7a701bc34d686fa87dfae"                           \
	"8022000b 7465737420766563746f7220 00200008 0001a147e112a643"          \
	"00080014 2b91f599fd9e90c38c7489f92af9ba53f06be7d7"                    \
	"80280004 c07d4c96"
#define RESPONSE_V6                                                            \
	"01010048 2112a442 b7e7a701bc34d686fa87dfae"                           \
	"8022000b 7465737420766563746f7220"                                    \
	"00200014 0002a1470113a9faa5d3f179bc25f4b5bed2b9d9"                    \
	"00080014 a382954e4be67bf11784c97c8292c275bfe3ed41"                    \
	"80280004 c8fb0b4c"
#define PASSWORD "VOkJxbRl1RmTxUk/WvJxBt"

static const uint8_t tid[STUN_TID_LEN] = {0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34,
					  0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae};

static struct stun_key key_of(const char *password)
{
	struct stun_key k;

	stun_key_init(&k, password, strlen(password));
	return k;
}

TEST(stun_rfc5769_request)
{
	struct stun_key good = key_of(PASSWORD), bad = key_of("wrong");
	uint8_t buf[128];
	struct stun m;
	size_t len = bytes_of(buf, sizeof(buf), REQUEST);
	size_t ufrag_len;

	ck_assert_int_eq(stun_parse(&m, buf, len), 0);
	ck_assert_int_eq(m.method, STUN_BINDING);
	ck_assert_int_eq(m.cls, STUN_REQUEST);
	ck_assert_mem_eq(m.tid, tid, sizeof(tid));
	ck_assert_uint_eq(m.username_len, 9);
	ck_assert_mem_eq(m.username, "evtj:h6vY", 9);
	ck_assert_ptr_eq(stun_local_ufrag(&m, &ufrag_len), m.username);
	ck_assert_uint_eq(ufrag_len, 4);
	ck_assert(m.has_priority && m.priority == 0x6e0001ff);
	ck_assert(m.has_controlled && !m.has_controlling);
	ck_assert_uint_eq(m.tiebreaker, 0x932ff9b151263b36);
	ck_assert(stun_integrity_ok(&m, &good));
	ck_assert(!stun_integrity_ok(&m, &bad));
	ck_assert(stun_fingerprint_ok(&m));
	ck_assert_uint_eq(m.n_unknown, 0);
}

TEST(stun_rfc5769_responses)
{
	static const uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, 0x12, 0x34,
				       0x56, 0x78, 0x00, 0x11, 0x22, 0x33,
				       0x44, 0x55, 0x66, 0x77};
	struct stun_key key = key_of(PASSWORD);
	uint8_t buf[128];
	struct stun m;
	size_t len = bytes_of(buf, sizeof(buf), RESPONSE_V4);

	ck_assert_int_eq(stun_parse(&m, buf, len), 0);
	ck_assert_int_eq(m.cls, STUN_SUCCESS);
	ck_assert(stun_integrity_ok(&m, &key) && stun_fingerprint_ok(&m));
	ck_assert(m.has_mapped && !m.mapped.v6 && m.mapped.port == 32853);
	ck_assert_mem_eq(m.mapped.ip, "\xc0\x00\x02\x01", 4);

	len = bytes_of(buf, sizeof(buf), RESPONSE_V6);
	ck_assert_int_eq(stun_parse(&m, buf, len), 0);
	ck_assert(stun_integrity_ok(&m, &key) && stun_fingerprint_ok(&m));
	ck_assert(m.has_mapped && m.mapped.v6 && m.mapped.port == 32853);
	ck_assert_mem_eq(m.mapped.ip, v6, 16);
}

/* Padding is blanks in the vectors and zeros in ours: put it by hand. */
static void put_padded(struct wr *w, uint16_t attr, const char *val)
{
	size_t len = strlen(val);

	wr_u16(w, attr);
	wr_u16(w, (uint16_t)len);
	wr_bytes(w, val, len);
	wr_bytes(w, "   ", -len & 3);
}

TEST(stun_rfc5769_built_byte_for_byte)
{
	struct stun_key key = key_of(PASSWORD);
	uint8_t want[128], got[128];
	struct wr w = wr_of(got, sizeof(got));
	struct addr a;
	size_t len = bytes_of(want, sizeof(want), REQUEST);

	stun_begin(&w, STUN_BINDING, STUN_REQUEST, tid);
	put_padded(&w, STUN_SOFTWARE, "STUN test client");
	stun_put_u32(&w, STUN_PRIORITY, 0x6e0001ff);
	stun_put_u64(&w, STUN_ICE_CONTROLLED, 0x932ff9b151263b36);
	put_padded(&w, STUN_USERNAME, "evtj:h6vY");
	ck_assert_int_eq(stun_end(&w, &key, true), (int)len);
	ck_assert_mem_eq(got, want, len);

	len = bytes_of(want, sizeof(want), RESPONSE_V6);
	ck_assert_int_eq(
		addr_parse(&a, "2001:db8:1234:5678:11:2233:4455:6677", 32853),
		0);
	w = wr_of(got, sizeof(got));
	stun_begin(&w, STUN_BINDING, STUN_SUCCESS, tid);
	put_padded(&w, STUN_SOFTWARE, "test vector");
	stun_put_xor_mapped(&w, &a);
	ck_assert_int_eq(stun_end(&w, &key, true), (int)len);
	ck_assert_mem_eq(got, want, len);
}

TEST(stun_crc32_check_value)
{
	ck_assert_uint_eq(stun_crc32("123456789", 9), 0xcbf43926);
}

TEST(stun_hmac_of_a_long_key)
{
	/* RFC 2202 test case 6. */
	uint8_t key[80], want[20], mac[20];
	struct stun_key k;
	const char *text =
		"Test Using Larger Than Block-Size Key - Hash Key First";

	memset(key, 0xaa, sizeof(key));
	bytes_of(want, 20, "aa4ae5e15272d00e95705637ce8a3b55ed402112");
	stun_key_init(&k, key, sizeof(key));
	stun_key_mac(&k, text, strlen(text), mac);
	ck_assert_mem_eq(mac, want, 20);
}

TEST(stun_every_cut_is_refused)
{
	uint8_t buf[128];
	struct stun m;
	size_t len = bytes_of(buf, sizeof(buf), REQUEST);

	for (size_t n = 0; n < len; n++)
		ck_assert_int_lt(stun_parse(&m, buf, n), 0);
}

TEST(stun_length_fields)
{
	static const uint16_t bad[] = {0, 1, 0x57, 0x59, 0x5c, 0xfffe, 0xffff};
	static const uint16_t val[] = {1, 3, 5, 0xfffe, 0xffff};
	uint8_t buf[128];
	struct stun m;
	size_t len = bytes_of(buf, sizeof(buf), REQUEST);

	for (size_t i = 0; i < 7; i++) {
		buf[2] = (uint8_t)(bad[i] >> 8);
		buf[3] = (uint8_t)bad[i];
		ck_assert_int_lt(stun_parse(&m, buf, len), 0);
	}
	/* PRIORITY stands at 40: no other length than 4 will do. */
	for (size_t i = 0; i < 5; i++) {
		bytes_of(buf, sizeof(buf), REQUEST);
		buf[42] = (uint8_t)(val[i] >> 8);
		buf[43] = (uint8_t)val[i];
		ck_assert_int_lt(stun_parse(&m, buf, len), 0);
	}
}

TEST(stun_one_bit_off_is_noticed)
{
	struct stun_key key = key_of(PASSWORD);
	uint8_t buf[128];
	struct stun m;
	size_t len = bytes_of(buf, sizeof(buf), REQUEST);

	for (size_t bit = 0; bit < len * 8; bit++) {
		buf[bit / 8] ^= 1u << bit % 8;
		if (stun_parse(&m, buf, len) == 0)
			ck_assert(!stun_integrity_ok(&m, &key) ||
				  !stun_fingerprint_ok(&m) ||
				  !m.fingerprint_off);
		buf[bit / 8] ^= 1u << bit % 8;
	}
}

TEST(stun_attributes_behind_integrity_are_ignored)
{
	struct stun_key key = key_of(PASSWORD);
	uint8_t buf[160];
	struct wr w = wr_of(buf, sizeof(buf));
	struct stun m;
	int len;

	stun_begin(&w, STUN_BINDING, STUN_REQUEST, tid);
	stun_put(&w, STUN_USERNAME, "ab:cd", 5);
	ck_assert_int_gt(stun_end(&w, &key, false), 0);
	stun_put(&w, STUN_USE_CANDIDATE, NULL, 0);
	stun_put(&w, 0x7777, NULL, 0);
	len = stun_end(&w, NULL, true);
	ck_assert_int_gt(len, 0);
	ck_assert_int_eq(stun_parse(&m, buf, (size_t)len), 0);
	ck_assert(!m.use_candidate);
	ck_assert_uint_eq(m.n_unknown, 0);
	ck_assert(stun_integrity_ok(&m, &key) && stun_fingerprint_ok(&m));
}

TEST(stun_unknown_attributes_are_kept_and_bounded)
{
	uint8_t buf[160];
	struct wr w = wr_of(buf, sizeof(buf));
	struct stun m;

	stun_begin(&w, STUN_BINDING, STUN_REQUEST, tid);
	stun_put(&w, 0x8777, NULL, 0);
	for (uint16_t i = 0; i < 12; i++)
		stun_put(&w, 0x7000 + i, NULL, 0);
	ck_assert_int_gt(stun_end(&w, NULL, false), 0);
	ck_assert_int_eq(stun_parse(&m, buf, wr_len(&w)), 0);
	ck_assert_uint_eq(m.n_unknown, STUN_UNKNOWN_MAX);
	ck_assert_uint_eq(m.unknown[0], 0x7000);
}

TEST(stun_both_nomination_attributes)
{
	static const uint16_t attr[] = {STUN_NOMINATION, STUN_NOMINATION_DRAFT};
	uint8_t buf[64];
	struct stun m;

	for (int i = 0; i < 2; i++) {
		struct wr w = wr_of(buf, sizeof(buf));

		stun_begin(&w, STUN_BINDING, STUN_REQUEST, tid);
		stun_put_u32(&w, attr[i], 7);
		ck_assert_int_gt(stun_end(&w, NULL, false), 0);
		ck_assert_int_eq(stun_parse(&m, buf, wr_len(&w)), 0);
		ck_assert(m.has_nomination && m.nomination == 7);
		ck_assert_uint_eq(m.n_unknown, 0);
	}
}

TEST(stun_error_round_trip)
{
	uint8_t buf[64];
	struct wr w = wr_of(buf, sizeof(buf));
	struct stun m;

	stun_begin(&w, STUN_BINDING, STUN_ERROR, tid);
	stun_put_error(&w, 487);
	ck_assert_int_eq(stun_end(&w, NULL, true), 36);
	ck_assert_int_eq(stun_parse(&m, buf, 36), 0);
	ck_assert_int_eq(m.cls, STUN_ERROR);
	ck_assert_uint_eq(m.error_code, 487);
}

TEST(stun_building_into_too_little)
{
	struct stun_key key = key_of(PASSWORD);
	uint8_t buf[64];

	for (size_t cap = 0; cap < 52; cap++) {
		struct wr w = wr_of(buf, cap);

		stun_begin(&w, STUN_BINDING, STUN_SUCCESS, tid);
		ck_assert_int_lt(stun_end(&w, &key, true), 0);
	}
}
