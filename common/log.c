#include "common/log.h"

#include "common/str.h"
#include "common/sys/clock.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE_CAP = 1024 };

static struct {
	const char *name;
	enum log_level level;
	bool json;
} log_state = {.name = "chattr", .level = LOG_INFO};

static const char *const level_names[] = {"error", "warn", "info", "debug"};

void log_setup(const char *name, enum log_level level, bool json)
{
	log_state.name = name;
	log_state.level = level;
	log_state.json = json;
}

void log_set_level(enum log_level level)
{
	log_state.level = level;
}

enum log_level log_get_level(void)
{
	return log_state.level;
}

int log_level_parse(const char *s)
{
	for (int i = 0; i < 4; i++)
		if (str_eq(s, level_names[i]))
			return i;
	return -EINVAL;
}

static bool plain(unsigned char c)
{
	return c > ' ' && c != '"' && c != '\\' && c != '=' && c != 0x7f;
}

const char *log_q(char *out, size_t cap, const char *text)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = 0;

	for (; *text && n + 5 < cap; text++) {
		unsigned char c = (unsigned char)*text;

		if (plain(c)) {
			out[n++] = (char)c;
			continue;
		}
		out[n++] = '%';
		out[n++] = hex[c >> 4];
		out[n++] = hex[c & 15];
	}
	out[n] = '\0';
	return out;
}

/* "2026-01-02T03:04:05.678Z" */
static void stamp(char *out, size_t cap)
{
	uint64_t us = clock_wall_us();
	time_t s = (time_t)(us / 1000000);
	struct tm tm;
	size_t n;

	gmtime_r(&s, &tm);
	n = strftime(out, cap, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + n, cap - n, ".%03uZ", (unsigned)(us / 1000 % 1000));
}

/* A JSON string body: quotes and control characters escaped. */
static void add_json(char *line, size_t cap, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '"' || c == '\\')
			str_addf(line, cap, "\\%c", c);
		else if (c < ' ')
			str_addf(line, cap, "\\u%04x", c);
		else
			str_addf(line, cap, "%c", c);
	}
}

/* Turns "a=1 b=2" into members. */
static void add_pairs(char *line, size_t cap, const char *pairs)
{
	while (*pairs) {
		size_t key = strcspn(pairs, "= ");
		size_t val;

		if (pairs[key] != '=') {
			pairs += key + (pairs[key] ? 1 : 0);
			continue;
		}
		str_addf(line, cap, ",\"%.*s\":\"", (int)key, pairs);
		pairs += key + 1;
		val = strcspn(pairs, " ");
		add_json(line, cap, pairs, val);
		str_addf(line, cap, "\"");
		pairs += val + (pairs[val] ? 1 : 0);
	}
}

void log_at(enum log_level level, const char *area, const char *msg,
	    const char *fmt, ...)
{
	char line[LINE_CAP] = "", pairs[LINE_CAP / 2], when[40];
	va_list ap;
	size_t n;

	if (level > log_state.level)
		return;
	va_start(ap, fmt);
	vsnprintf(pairs, sizeof(pairs), fmt, ap);
	va_end(ap);
	stamp(when, sizeof(when));
	if (log_state.json) {
		str_addf(line, sizeof(line),
			 "{\"time\":\"%s\",\"level\":\"%s\",\"from\":\"%s\","
			 "\"area\":\"%s\",\"msg\":\"%s\"",
			 when, level_names[level], log_state.name, area, msg);
		add_pairs(line, sizeof(line) - 2, pairs);
		str_addf(line, sizeof(line), "}");
	} else {
		str_addf(line, sizeof(line), "%s %-5s %s %s: %s %s", when,
			 level_names[level], log_state.name, area, msg, pairs);
	}
	n = strlen(line);
	if (n > sizeof(line) - 2)
		n = sizeof(line) - 2;
	line[n++] = '\n';
	/* One write a line, so that the lines of several processes keep. */
	if (write(STDERR_FILENO, line, n) < 0)
		return;
}
