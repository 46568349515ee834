/*
 * conf_reload: the configuration read again while the program runs.
 */
#ifndef SIGNALD_CONF_RELOAD_H
#define SIGNALD_CONF_RELOAD_H

#include "signald/conf.h"

/*
 * Reads old's file and the environment again. What only a start can change
 * (sockets, folders, users; the table is in conf_reload.c) keeps old's value,
 * and each such key that differs is told in the log. NULL with the reason in
 * err: nothing changes. The caller's to free; old stays as it is.
 */
struct conf *conf_reload(const struct conf *old, char *err, size_t cap);

/* For the test: does that key need a start, and how many do? */
bool conf_reload_is_fixed(const char *section, const char *name);
size_t conf_reload_fixed(void);

#endif
