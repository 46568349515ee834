/*
 * sysno: counts the system calls that this thread makes, each and every one,
 * by Syscall User Dispatch (Linux 5.11): the kernel hands them to a handler,
 * which counts one and then makes it.
 *
 *	if (!sysno_start()) {
 *		sysno_watch(true);
 *		work();
 *		sysno_watch(false);
 *		n = sysno_calls();
 *	}
 */
#ifndef TESTS_LIB_SYSNO_H
#define TESTS_LIB_SYSNO_H

#include <stdbool.h>
#include <stdint.h>

/* 0, or -errno where the kernel or a sanitizer does not let us. */
int sysno_start(void);

/* Before sysno_start() it does nothing. */
void sysno_watch(bool on);

uint64_t sysno_calls(void);

#endif
