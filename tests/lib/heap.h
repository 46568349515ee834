/*
 * heap: how often this program has asked for memory, so that a test can say
 * that a piece of code does not: the difference of two heap_calls().
 */
#ifndef TESTS_LIB_HEAP_H
#define TESTS_LIB_HEAP_H

#include <stdint.h>

/* Calls of malloc(), calloc() and realloc() so far, by all threads. */
uint64_t heap_calls(void);

#endif
