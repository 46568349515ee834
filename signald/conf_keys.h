/*
 * conf_keys: the table of all keys of the configuration, for conf.c and the
 * test that compares it with conf/signald.conf.
 */
#ifndef SIGNALD_CONF_KEYS_H
#define SIGNALD_CONF_KEYS_H

#include <stddef.h>

enum conf_type {
	CONF_TEXT,  /* char * */
	CONF_WORD,  /* char *, one of `words` */
	CONF_UINT,  /* uint32_t in [min, max] */
	CONF_REAL,  /* double in [min, max] */
	CONF_BOOL,  /* bool */
	CONF_TEXTS, /* struct conf_list */
};

struct conf_key {
	const char *section, *name;
	enum conf_type type;
	size_t at;	    /* offset in struct conf */
	const char *preset; /* as it would be written, without quotes */
	double min, max;
	const char *words; /* "a b c" */
};

extern const struct conf_key conf_keys[];
extern const size_t conf_keys_n;

#endif
