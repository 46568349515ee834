/*
 * shm: memory without a name that processes share by its descriptor.
 *
 * Sealed: nobody can make it shorter, so that touching a mapping never
 * faults, whoever holds the descriptor.
 */
#ifndef COMMON_SYS_SHM_H
#define COMMON_SYS_SHM_H

#include <stddef.h>

/* A descriptor (close-on-exec) of `bytes` zeroes, or -errno. */
int shm_make(const char *name, size_t bytes);

/*
 * Maps all of it, for reading and writing, and tells its size. NULL: not
 * sealed, or no memory. The descriptor may be closed then.
 */
void *shm_map(int fd, size_t *bytes);
void shm_unmap(void *p, size_t bytes); /* NULL is fine */

#endif
