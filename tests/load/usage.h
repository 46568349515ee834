/*
 * usage: what processes cost: CPU time from schedstat in ns over all their
 * threads, resident memory, and the receive drops of a UDP port. And the
 * spinners that keep idle cores awake: a halted core's wake-up would be
 * booked on whoever runs next.
 */
#ifndef TESTS_LOAD_USAGE_H
#define TESTS_LOAD_USAGE_H

#include <stdint.h>
#include <sys/types.h>

uint64_t usage_cpu_ns(pid_t pid);
uint64_t usage_rss_bytes(pid_t pid);
uint64_t usage_udp_drops(uint16_t port);

/* Pins a process with all its threads to one core. 0 or -errno. */
int usage_pin(pid_t pid, int cpu);

/* A SCHED_IDLE busy loop on each core, until this process ends. */
void usage_spin(void);

#endif
