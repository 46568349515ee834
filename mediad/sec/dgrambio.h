/*
 * dgrambio: an OpenSSL BIO in memory where one write is one datagram.
 *
 * OpenSSL 3.0 has no memory BIO that keeps datagrams apart. This one reads
 * one borrowed datagram and queues what is written. It belongs to the dtls
 * association; the BIO borrows it.
 *
 *	bio = dgrambio_bio(method, &q);		SSL_set_bio(ssl, bio, bio)
 *	dgrambio_feed(&q, data, len);
 *	SSL_do_handshake(ssl);
 *	while ((n = dgrambio_take(&q, buf, cap)) > 0)
 */
#ifndef MEDIAD_SEC_DGRAMBIO_H
#define MEDIAD_SEC_DGRAMBIO_H

#include <stddef.h>
#include <stdint.h>

#define DGRAMBIO_QUEUE 16   /* datagrams: more than a flight of any side */
#define DGRAMBIO_MTU   1200 /* bytes of one */

struct bio_st;
struct bio_method_st;

struct dgrambio {
	const uint8_t *in; /* borrowed until it is read; NULL: none */
	size_t in_len;
	uint32_t head; /* first queued */
	uint32_t n;    /* queued */
	uint32_t lost; /* written when the queue was full */
	uint16_t len[DGRAMBIO_QUEUE];
	/* Memory is held while something is queued: most of the time not. */
	uint8_t (*out)[DGRAMBIO_MTU];
};

/* The method is made once a process and freed with BIO_meth_free(). */
struct bio_method_st *dgrambio_method(void);
struct bio_st *dgrambio_bio(struct bio_method_st *m, struct dgrambio *q);

void dgrambio_init(struct dgrambio *q);
void dgrambio_fini(struct dgrambio *q);

/* The next datagram to be read; one that was not read yet is forgotten. */
void dgrambio_feed(struct dgrambio *q, const uint8_t *data, size_t len);

/* The oldest queued datagram, its length; 0: none, or cap is too small. */
size_t dgrambio_take(struct dgrambio *q, uint8_t *buf, size_t cap);

#endif
