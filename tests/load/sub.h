/*
 * sub: what a simulated client does with what it receives: counts by SSRC,
 * RR, transport-wide feedback and NACK as a browser sends them. One packet in
 * `sample` is decrypted, checked against what was sent, and its latency taken
 * (kernel receive stamp minus the stamp in the payload); the rest is judged
 * by its clear header, so that hundreds fit on a core.
 */
#ifndef TESTS_LOAD_SUB_H
#define TESTS_LOAD_SUB_H

#include "common/hist.h"
#include "mediad/bwe/arrival.h"
#include "tests/load/leg.h"

#define SUB_WINDOW  1024
#define SUB_MISSING 64
#define SUB_SLOTS   1024 /* of the map by SSRC: a power of two */
#define SUB_STREAMS 256

/* Counters that only grow: a measurement is a difference. */
struct sub_count {
	uint64_t expected;
	uint64_t received; /* each packet once */
	uint64_t repaired; /* of these, by RTX */
	uint64_t twice;
	uint64_t bytes;
	uint64_t sampled;
	uint64_t bad; /* sampled and wrong, or not to be decrypted */
	uint64_t nacked;
};

struct sub_missing {
	uint32_t ext; /* 0: free */
	uint8_t tries;
	uint64_t due_us;
};

struct sub_stream {
	uint32_t ssrc;
	uint32_t rtx_ssrc;
	bool video;
	struct seq seq;
	uint32_t first; /* extended sequence number */
	uint64_t seen[SUB_WINDOW / 64];
	uint64_t received;
	uint64_t first_us; /* when its first packet came */
	uint64_t last_wall_us;
	uint64_t gap_us;      /* the longest time between two packets */
	uint64_t slot_gap_us; /* the same, since sub_slot_gap_us() */
	uint32_t lsr;
	uint64_t lsr_us;
	uint32_t rr_expected; /* at the last report */
	uint64_t rr_received;
	int n_missing;
	struct sub_missing missing[SUB_MISSING];
};

struct sub {
	struct leg *leg;
	uint32_t ssrc; /* ours, in reports */
	uint32_t sample;
	uint32_t turn;
	int n;
	struct sub_stream *s[SUB_STREAMS];
	uint16_t slots[SUB_SLOTS]; /* stream + 1, by either SSRC */
	struct arrival arrival;
	uint64_t report_us;
	uint64_t first_us;	  /* when the first packet at all came */
	uint64_t left_wall_us[2]; /* audio, video: before the rebuild */
	struct sub_count *count;
	struct hist *latency; /* NULL while nothing is measured */
};

void sub_init(struct sub *b, struct leg *leg, uint32_t sample,
	      struct sub_count *count);
void sub_fini(struct sub *b);

/* A consumer that signaling announced. */
void sub_add(struct sub *b, uint32_t ssrc, uint32_t rtx_ssrc, bool video);

/* The transport is another one: its streams are gone, silence goes on. */
void sub_reset(struct sub *b);

/* The longest silence of a stream since it was asked for last, or now. */
uint64_t sub_slot_gap_us(struct sub *b, uint64_t wall_us);
/* Silence counts from here on. */
void sub_heard(struct sub *b, uint64_t wall_us);

void sub_rtp(struct sub *b, uint8_t *data, size_t len, uint64_t wall_us,
	     uint64_t now_us);
void sub_rtcp(struct sub *b, const uint8_t *data, size_t len, uint64_t now_us);
void sub_tick(struct sub *b, uint64_t now_us);

#endif
