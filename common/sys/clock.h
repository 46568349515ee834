/*
 * clock: the only file that reads the time. Monotonic microseconds for
 * everything that measures, wall milliseconds for what people read.
 */
#ifndef COMMON_SYS_CLOCK_H
#define COMMON_SYS_CLOCK_H

#include <stdint.h>

uint64_t clock_us(void);      /* CLOCK_MONOTONIC */
uint64_t clock_wall_us(void); /* CLOCK_REALTIME, since 1970 */
uint64_t clock_cpu_us(void);  /* CPU time of this thread */

#endif
