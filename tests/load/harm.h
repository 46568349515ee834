/*
 * harm: what happens to the clients of a run while it is measured, and a
 * trail of it: lines "gap WALL_MS US", the longest silence that any stream
 * had in the 100 ms before, less the time for which this process itself had no
 * CPU, and "mark WALL_MS WHAT" for each harm.
 */
#ifndef TESTS_LOAD_HARM_H
#define TESTS_LOAD_HARM_H

#include "tests/load/report.h"

void harm_begin(struct run *r, uint64_t now_us);
void harm_tick(struct run *r, uint64_t now_us);

#endif
