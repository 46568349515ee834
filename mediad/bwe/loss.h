/*
 * loss: the rate by loss. Loss that comes with the rate is taken for a full
 * queue; loss that is there whatever we send (radio, the sender's uplink is
 * not counted here at all) is not.
 */
#ifndef MEDIAD_BWE_LOSS_H
#define MEDIAD_BWE_LOSS_H

#include <stdbool.h>
#include <stdint.h>

struct loss {
	uint32_t cap_bps;     /* UINT32_MAX: none */
	double now;	      /* share of the last window */
	double usual;	      /* over ten seconds or so */
	uint32_t lost, total; /* of the open window */
	uint64_t from_us;
	uint64_t cut_us;
};

void loss_init(struct loss *l);

struct loss_input {
	uint32_t lost, total; /* packets newly reported on */
	uint32_t bps;	      /* the estimate without loss */
	uint32_t acked_bps;   /* what arrives; 0: unknown */
	uint64_t queue_us;
	bool draining; /* the loss is answered already */
};

void loss_update(struct loss *l, const struct loss_input *in, uint64_t now_us);

#endif
