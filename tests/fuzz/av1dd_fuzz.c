/*
 * Dependency descriptors one after another on one stream: each is a length
 * byte and that many bytes. A bad one never changes the structure.
 */
#include <string.h>

#include "mediad/wire/av1dd.h"
#include "tests/fuzz/fuzz.h"

static void one(struct av1dd_structure *s, const uint8_t *p, size_t len)
{
	static struct av1dd_structure before;
	struct av1dd d;

	before = *s;
	if (av1dd_parse(&d, s, p, len)) {
		FUZZ_CHECK(!memcmp(&before, s, sizeof(*s)));
		return;
	}
	FUZZ_CHECK(s->valid && s->n_templates >= 1 && s->n_targets >= 1);
	FUZZ_CHECK(s->n_templates <= AV1DD_TEMPLATES);
	FUZZ_CHECK(s->n_targets <= AV1DD_TARGETS);
	FUZZ_CHECK(s->n_chains <= s->n_targets);
	FUZZ_CHECK(d.sid <= s->max_sid && d.tid <= s->max_tid);
	FUZZ_CHECK(d.n_fdiffs <= AV1DD_FDIFFS);
	for (int t = 0; t < s->n_targets; t++) {
		FUZZ_CHECK(d.dti[t] <= AV1DD_REQUIRED);
		if (s->n_chains)
			FUZZ_CHECK(s->target_chain[t] < s->n_chains);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct av1dd_structure s;
	struct av1dd_payload a;

	memset(&s, 0, sizeof(s));
	av1dd_payload(&a, data, len);
	while (len) {
		size_t n = *data++;

		len--;
		n = n < len ? n : len;
		one(&s, data, n);
		data += n;
		len -= n;
	}
	return 0;
}
