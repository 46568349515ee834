#include "mediad/bwe/trend.h"

#include <math.h>
#include <string.h>

#define BURST_US     5000
#define SMOOTHING    0.9
#define GAIN	     4.0
#define DELTAS_MAX   60
#define THRESHOLD    12.5
#define THRESHOLD_LO 6.0
#define THRESHOLD_HI 600.0
#define ADAPT_UP     0.0087
#define ADAPT_DOWN   0.039
#define SPIKE	     15.0
#define OVER_MS	     10.0
#define GAP_US	     2000000 /* after such a pause all starts anew */
#define PERIOD_US    10000000
#define NEVER	     INT64_MAX

void trend_init(struct trend *t)
{
	memset(t, 0, sizeof(*t));
	t->threshold = THRESHOLD;
	t->base_us[0] = NEVER;
	t->base_us[1] = NEVER;
	t->low_us = NEVER;
	t->least_us = NEVER;
}

/* Least squares over the points there are. */
static double slope_of(const struct trend *t)
{
	double mx = 0, my = 0, num = 0, den = 0;

	for (int i = 0; i < TREND_POINTS; i++) {
		mx += t->points[i].x / TREND_POINTS;
		my += t->points[i].y / TREND_POINTS;
	}
	for (int i = 0; i < TREND_POINTS; i++) {
		double dx = t->points[i].x - mx;

		num += dx * (t->points[i].y - my);
		den += dx * dx;
	}
	return den > 0 ? num / den : 0;
}

static void adapt(struct trend *t, double trend, double now_ms)
{
	double off = fabs(trend) - t->threshold;
	double k = off < 0 ? ADAPT_DOWN : ADAPT_UP;
	double dt = now_ms - t->at_ms;

	t->at_ms = now_ms;
	if (off > SPIKE)
		return;
	if (dt > 100)
		dt = 100;
	t->threshold += k * off * dt;
	if (t->threshold < THRESHOLD_LO)
		t->threshold = THRESHOLD_LO;
	if (t->threshold > THRESHOLD_HI)
		t->threshold = THRESHOLD_HI;
}

static void detect(struct trend *t, double sent_ms, double now_ms)
{
	uint32_t n = t->n < DELTAS_MAX ? t->n : DELTAS_MAX;
	double trend = n * t->slope * GAIN;

	if (trend > t->threshold) {
		t->over_ms += t->over_n ? sent_ms : sent_ms / 2;
		t->over_n++;
		if (t->over_ms > OVER_MS && t->over_n > 1 &&
		    t->slope >= t->last_slope) {
			t->over_ms = 0;
			t->over_n = 0;
			t->state = TREND_OVER;
		}
	} else {
		t->over_ms = 0;
		t->over_n = 0;
		t->state = trend < -t->threshold ? TREND_UNDER : TREND_NORMAL;
	}
	t->last_slope = t->slope;
	adapt(t, trend, now_ms);
}

static void on_group(struct trend *t)
{
	double sent_ms = (double)(t->now.last_us - t->before.last_us) / 1000;
	double recv_ms = (double)(t->now.recv_us - t->before.recv_us) / 1000;
	double x;

	if (!t->n)
		t->zero_us = t->before.recv_us;
	x = (double)(t->now.recv_us - t->zero_us) / 1000;
	t->sum += recv_ms - sent_ms;
	t->smooth = SMOOTHING * t->smooth + (1 - SMOOTHING) * t->sum;
	t->points[t->n % TREND_POINTS] = (struct trend_point){x, t->smooth};
	t->n++;
	if (t->n >= TREND_POINTS)
		t->slope = slope_of(t);
	detect(t, sent_ms, x);
}

static void restart(struct trend *t)
{
	t->n = 0;
	t->sum = 0;
	t->smooth = 0;
	t->slope = 0;
	t->before.set = false;
	t->now.set = false;
	t->state = TREND_NORMAL;
	t->at_ms = 0;
}

void trend_on_packet(struct trend *t, uint64_t sent_us, int64_t recv_us)
{
	int64_t delay = recv_us - (int64_t)sent_us;
	struct trend_group *g = &t->now;

	if (delay < t->low_us)
		t->low_us = delay;
	if (delay < t->least_us)
		t->least_us = delay;
	if (g->set && sent_us < g->first_us)
		return;
	if (g->set && sent_us - g->last_us > GAP_US)
		restart(t);
	if (!g->set) {
		*g = (struct trend_group){sent_us, sent_us, recv_us, true};
		return;
	}
	/* What left together, or came in one burst, is one group. */
	if (sent_us - g->first_us <= BURST_US ||
	    (recv_us - g->recv_us <= BURST_US &&
	     recv_us - g->recv_us < (int64_t)(sent_us - g->last_us) &&
	     sent_us - g->first_us < 100000)) {
		g->last_us = sent_us;
		if (recv_us > g->recv_us)
			g->recv_us = recv_us;
		return;
	}
	if (t->before.set)
		on_group(t);
	t->before = *g;
	*g = (struct trend_group){sent_us, sent_us, recv_us, true};
}

void trend_on_report(struct trend *t, uint64_t now_us)
{
	if (t->period_us + PERIOD_US < now_us) {
		t->period_us = now_us;
		t->base_us[1] = t->base_us[0];
		t->base_us[0] = t->least_us;
	}
	if (t->least_us < t->base_us[0])
		t->base_us[0] = t->least_us;
	t->least_us = NEVER;
}

void trend_fresh(struct trend *t)
{
	t->low_us = NEVER;
}

static int64_t base_of(const struct trend *t)
{
	return t->base_us[0] < t->base_us[1] ? t->base_us[0] : t->base_us[1];
}

uint64_t trend_queue_us(const struct trend *t)
{
	int64_t base = base_of(t);

	if (t->low_us == NEVER || base == NEVER || t->low_us <= base)
		return 0;
	return (uint64_t)(t->low_us - base);
}

int64_t trend_ready_us(const struct trend *t, uint64_t sent_us)
{
	int64_t base = base_of(t);

	return base == NEVER ? NEVER : (int64_t)sent_us + base;
}

void trend_rebase(struct trend *t)
{
	t->base_us[0] = t->low_us;
	t->base_us[1] = NEVER;
}
