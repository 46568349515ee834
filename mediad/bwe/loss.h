/*
 * loss: the rate by loss. Loss that goes when we send less is a full queue's
 * or a policer's; loss that stays (radio) is not ours. So more loss than
 * usual is put to the test once: the rate goes down to what arrives, and
 * when the loss stays, it counts as usual and the rate is given back. Loss
 * beside a long queue needs no test.
 */
#ifndef MEDIAD_BWE_LOSS_H
#define MEDIAD_BWE_LOSS_H

#include <stdbool.h>
#include <stdint.h>

struct loss {
	uint32_t cap_bps;     /* UINT32_MAX: none */
	double now;	      /* share of the last window */
	double usual;	      /* what is there whatever we send */
	double tested;	      /* the share that is put to the test; 0: none */
	bool outage;	      /* the last window was one */
	uint32_t n;	      /* packets of the last window */
	uint32_t lost, total; /* of the open window */
	uint64_t from_us;
	uint64_t cut_us;
};

struct loss_input {
	uint32_t lost, total; /* packets newly reported on */
	uint32_t bps;	      /* the estimate without loss */
	uint32_t sent_bps;    /* what left */
	uint32_t acked_bps;   /* what arrives; 0: unknown */
	uint64_t queue_us;
	bool draining; /* the loss is answered already */
};

void loss_init(struct loss *l);
void loss_update(struct loss *l, const struct loss_input *in, uint64_t now_us);

/* Ends a test that gets no answer, because too little is sent. */
void loss_tick(struct loss *l, uint64_t now_us);

#endif
