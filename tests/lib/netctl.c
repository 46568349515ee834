#include "tests/lib/netctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const side[2] = {"ab", "ba"};

void netctl_init(struct netctl *c, uint64_t seed)
{
	memset(c, 0, sizeof(*c));
	c->net = simnet_new(seed);
	for (int i = 0; i < 2; i++)
		c->link[i] = simnet_link(c->net, &c->conf[i]);
}

void netctl_fini(struct netctl *c)
{
	simnet_free(c->net);
}

static bool set(struct simnet_conf *conf, const char *key, double val)
{
	if (!strcmp(key, "loss"))
		conf->loss = val / 100;
	else if (!strcmp(key, "burst"))
		conf->burst = val;
	else if (!strcmp(key, "dup"))
		conf->dup = val / 100;
	else if (!strcmp(key, "reorder"))
		conf->reorder = val / 100;
	else if (!strcmp(key, "delay"))
		conf->delay_us = (uint64_t)(val * 1000);
	else if (!strcmp(key, "jitter"))
		conf->jitter_us = (uint64_t)(val * 1000);
	else if (!strcmp(key, "rate"))
		conf->rate_bps = (uint64_t)(val * 1000);
	else if (!strcmp(key, "queue"))
		conf->queue_us = (uint64_t)(val * 1000);
	else
		return false;
	return true;
}

/* "loss=2 delay=40" or "off" for one direction. */
static bool settings(struct simnet_conf *conf, const char *text)
{
	char copy[512], *save = NULL;
	char *word;

	snprintf(copy, sizeof(copy), "%s", text);
	word = strtok_r(copy, " ", &save);
	for (; word; word = strtok_r(NULL, " ", &save)) {
		char *eq = strchr(word, '=');

		if (!strcmp(word, "off")) {
			conf->loss = 1;
			conf->burst = 0;
			continue;
		}
		if (!eq)
			return false;
		*eq = '\0';
		if (!set(conf, word, strtod(eq + 1, NULL)))
			return false;
	}
	return true;
}

static void stat(const struct netctl *c)
{
	for (int i = 0; i < 2; i++) {
		const struct simnet_stats *s = simnet_stats(c->net, c->link[i]);

		printf("%s sent=%llu delivered=%llu lost=%llu dropped=%llu\n",
		       side[i], (unsigned long long)s->sent,
		       (unsigned long long)s->delivered,
		       (unsigned long long)s->lost,
		       (unsigned long long)s->dropped);
	}
	fflush(stdout);
}

bool netctl_line(struct netctl *c, char *line)
{
	char *rest = line + strcspn(line, " ");
	bool both, ok = true;

	if (*rest)
		*rest++ = '\0';
	if (!strcmp(line, "stat")) {
		stat(c);
		return true;
	}
	both = !strcmp(line, "both") || !strcmp(line, "clear");
	if (!both && strcmp(line, "ab") != 0 && strcmp(line, "ba") != 0) {
		snprintf(c->word, sizeof(c->word), "%s", line);
		return false;
	}
	for (int i = 0; i < 2; i++) {
		if (!both && strcmp(line, side[i]) != 0)
			continue;
		if (!strcmp(line, "clear"))
			c->conf[i] = (struct simnet_conf){0};
		ok = settings(&c->conf[i], rest) && ok;
		simnet_set(c->net, c->link[i], &c->conf[i]);
	}
	return ok;
}

bool netctl_read(struct netctl *c, int fd)
{
	ssize_t n = read(fd, c->line + c->have, sizeof(c->line) - 1 - c->have);
	char *end;

	if (n <= 0)
		return false;
	c->have += (size_t)n;
	c->line[c->have] = '\0';
	while ((end = strchr(c->line, '\n'))) {
		size_t len = (size_t)(end - c->line) + 1;

		*end = '\0';
		c->word[0] = '\0';
		if (!netctl_line(c, c->line) && !c->word[0])
			fprintf(stderr, "not understood: %s\n", c->line);
		memmove(c->line, c->line + len, c->have - len + 1);
		c->have -= len;
	}
	if (c->have == sizeof(c->line) - 1)
		c->have = 0; /* a line longer than any of ours */
	return true;
}
