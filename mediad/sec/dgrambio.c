#include "mediad/sec/dgrambio.h"

#include <openssl/bio.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define IP_UDP_OVERHEAD 48 /* of IPv6 */

void dgrambio_init(struct dgrambio *q)
{
	q->in = NULL;
	q->in_len = 0;
	q->head = 0;
	q->n = 0;
	q->lost = 0;
	q->out = NULL;
}

void dgrambio_fini(struct dgrambio *q)
{
	free(q->out);
	q->out = NULL;
	q->n = 0;
}

void dgrambio_feed(struct dgrambio *q, const uint8_t *data, size_t len)
{
	q->in = data;
	q->in_len = len;
}

size_t dgrambio_take(struct dgrambio *q, uint8_t *buf, size_t cap)
{
	size_t len;

	if (!q->n || q->len[q->head] > cap)
		return 0;
	len = q->len[q->head];
	memcpy(buf, q->out[q->head], len);
	q->head = (q->head + 1) % DGRAMBIO_QUEUE;
	if (!--q->n)
		dgrambio_fini(q);
	return len;
}

static bool room(struct dgrambio *q)
{
	if (!q->out)
		q->out = malloc(DGRAMBIO_QUEUE * sizeof(*q->out));
	return q->out;
}

static int on_write(BIO *bio, const char *data, int len)
{
	struct dgrambio *q = BIO_get_data(bio);
	uint32_t at = (q->head + q->n) % DGRAMBIO_QUEUE;

	BIO_clear_retry_flags(bio);
	if (len <= 0)
		return 0;
	/* As on a wire: what does not fit is lost, and is sent again later. */
	if (len > DGRAMBIO_MTU || q->n == DGRAMBIO_QUEUE || !room(q)) {
		q->lost++;
		return len;
	}
	memcpy(q->out[at], data, (size_t)len);
	q->len[at] = (uint16_t)len;
	q->n++;
	return len;
}

static int on_read(BIO *bio, char *buf, int cap)
{
	struct dgrambio *q = BIO_get_data(bio);
	size_t n = q->in_len;

	BIO_clear_retry_flags(bio);
	if (!q->in) {
		BIO_set_retry_read(bio);
		return -1;
	}
	if (n > (size_t)cap)
		n = (size_t)cap;
	memcpy(buf, q->in, n);
	q->in = NULL;
	return (int)n;
}

static long on_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
	const struct dgrambio *q = BIO_get_data(bio);

	(void)num;
	(void)ptr;
	switch (cmd) {
	case BIO_CTRL_FLUSH:
	case BIO_CTRL_DUP:
		return 1;
	case BIO_CTRL_PENDING:
		return q->in ? (long)q->in_len : 0;
	case BIO_CTRL_DGRAM_QUERY_MTU:
	case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
		return DGRAMBIO_MTU;
	case BIO_CTRL_DGRAM_GET_MTU_OVERHEAD:
		return IP_UDP_OVERHEAD;
	default:
		return 0; /* no to all else, kernel TLS among it */
	}
}

struct bio_method_st *dgrambio_method(void)
{
	int type = BIO_get_new_index() | BIO_TYPE_SOURCE_SINK;
	BIO_METHOD *m = BIO_meth_new(type, "datagrams");

	if (m && BIO_meth_set_write(m, on_write) &&
	    BIO_meth_set_read(m, on_read) && BIO_meth_set_ctrl(m, on_ctrl))
		return m;
	BIO_meth_free(m);
	return NULL;
}

struct bio_st *dgrambio_bio(struct bio_method_st *m, struct dgrambio *q)
{
	BIO *bio = BIO_new(m);

	if (!bio)
		return NULL;
	BIO_set_data(bio, q);
	BIO_set_init(bio, 1);
	return bio;
}
