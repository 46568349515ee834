/*
 * bwe: the send-side bandwidth estimate of one receiving transport, from
 * transport-wide feedback: delay (trend, aimd) joined with loss, probing,
 * and REMB as the fall-back.
 *
 * Owned by a transport, made with its first video consumer. Time comes in;
 * padding wanted for probes comes out through bwe_probe().
 */
#ifndef MEDIAD_BWE_BWE_H
#define MEDIAD_BWE_BWE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mediad/bwe/sentlog.h"

#define BWE_MIN_BPS 30000
#define BWE_MAX_BPS 100000000

struct bwe;
struct rtcp;

struct bwe *bwe_new(uint32_t initial_bps, uint16_t first_seq, uint64_t now_us);
void bwe_free(struct bwe *b);

/* The number the next packet carries. */
uint16_t bwe_next_seq(const struct bwe *b);

/* A packet with that number left; len with UDP and IP. */
void bwe_on_sent(struct bwe *b, uint16_t len, enum sentlog_kind kind,
		 uint64_t now_us);

/* When it really left, told after the turn in which it was booked. */
void bwe_on_left(struct bwe *b, uint16_t seq, uint64_t sent_us);

/*
 * A transport-wide feedback packet. True when the estimate changed by more
 * than a percent. A malformed one is counted and ignored.
 */
bool bwe_on_feedback(struct bwe *b, const struct rtcp *p, uint64_t now_us);

/* REMB from a receiver: used when no transport-wide feedback comes. */
bool bwe_on_remb(struct bwe *b, uint32_t bps, uint64_t now_us);

/* Loss and RTT of a receiver report, used likewise. */
void bwe_on_rr(struct bwe *b, uint8_t fraction_lost, uint64_t rtt_us,
	       uint64_t now_us);

/* What we would send if we could, bits a second. */
void bwe_set_desired(struct bwe *b, uint32_t bps);

/* Keeps time; true when the estimate changed. */
bool bwe_tick(struct bwe *b, uint64_t now_us);
uint64_t bwe_deadline(const struct bwe *b);

/* Bytes of padding to send now for a probe, 0: none. */
uint32_t bwe_probe(struct bwe *b, uint64_t now_us);

/* Reports have come for a second: the estimate is more than a guess. */
bool bwe_settled(const struct bwe *b, uint64_t now_us);

/*
 * What the way to the receiver takes; and what may be sent at the moment,
 * which is less while a queue drains.
 */
uint32_t bwe_estimate(const struct bwe *b);
uint32_t bwe_pace(const struct bwe *b);
double bwe_loss(const struct bwe *b);

#endif
