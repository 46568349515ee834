#include "tests/lib/vclock.h"

#include <sys/time.h>
#include <time.h>

static uint64_t now;

void vclock_set(uint64_t now_us)
{
	now = now_us;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec ts;

	(void)zone;
	if (now) {
		tv->tv_sec = (time_t)(now / 1000000);
		tv->tv_usec = (suseconds_t)(now % 1000000);
		return 0;
	}
	clock_gettime(CLOCK_REALTIME, &ts);
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}
