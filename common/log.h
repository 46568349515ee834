/*
 * log: one line an event to standard error, text or JSON.
 *
 * A line has a level, an area, a message and key=value pairs. Values are
 * escaped, so client text cannot forge lines. Nothing on a packet's way
 * logs. The log is one of the two globals of a program.
 *
 *	log_info("ice", "selected", "transport=%016llx addr=%s", id, s);
 *
 * The third argument is a printf format that yields "key=value" pairs
 * separated by blanks; a value with blanks or from outside is passed through
 * log_q() first.
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stdbool.h>
#include <stddef.h>

enum log_level {
	LOG_ERROR,
	LOG_WARN,
	LOG_INFO,
	LOG_DEBUG,
};

/*
 * Who is speaking ("signald", "mediad-0"), which lines are written, and the
 * form. The name is borrowed for ever.
 */
void log_setup(const char *name, enum log_level level, bool json);
void log_set_level(enum log_level level);
enum log_level log_get_level(void);

/* "error", "warn", "info", "debug"; -EINVAL for anything else. */
int log_level_parse(const char *s);

void log_at(enum log_level level, const char *area, const char *msg,
	    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#define log_error(area, msg, ...) log_at(LOG_ERROR, area, msg, __VA_ARGS__)
#define log_warn(area, msg, ...)  log_at(LOG_WARN, area, msg, __VA_ARGS__)
#define log_info(area, msg, ...)  log_at(LOG_INFO, area, msg, __VA_ARGS__)
#define log_debug(area, msg, ...) log_at(LOG_DEBUG, area, msg, __VA_ARGS__)

/*
 * Quotes client text for a value: out gets at most cap - 1 bytes, with
 * blanks, quotes and control characters escaped. Returns out.
 */
const char *log_q(char *out, size_t cap, const char *text);

#endif
