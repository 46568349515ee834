/*
 * convert: messages of media.proto into the structs of sfu and sec, and all
 * validation of what comes in with them. Every number that the worker
 * indexes with, every length, every combination is checked here, and here
 * alone.
 *
 * Each returns 0, or -EINVAL with *why naming the part that is wrong.
 */
#ifndef MEDIAD_CONTROL_CONVERT_H
#define MEDIAD_CONTROL_CONVERT_H

#include <stddef.h>

#include "mediad/sec/cert.h"
#include "mediad/sfu/consumer.h"
#include "mediad/sfu/producer.h"
#include "proto/media.pb-c.h"

#define CONVERT_LABEL_MAX 4096

int convert_produce(const Media__Produce *m, struct producer_opts *o,
		    const char **why);

/* The random first numbers are left to the caller. */
int convert_consume(const Media__Consume *m, struct consumer_opts *o,
		    const char **why);

/* At most `cap` fingerprints; *n of them. */
int convert_fingerprints(const Media__ConnectTransport *m, struct cert_fp *fps,
			 size_t cap, size_t *n, const char **why);

/* A layer of a request, -1 (the highest) to max - 1. */
int8_t convert_layer(int32_t layer, int max);

#endif
