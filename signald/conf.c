#include "signald/conf.h"

#include "common/str.h"
#include "signald/conf_keys.h"
#include "signald/net/netmask.h"

#include <confuse.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define SECTIONS_MAX 8
#define FILE_MAX     ((long)1 << 20)
#define ENV_PREFIX   "CHATTR_"

/*
 * A key that stands at the end of every file: read inside a section, it
 * shows that the section was never closed, which libconfuse lets pass.
 */
#define SENTINEL "end_of_configuration"

/*
 * libconfuse's error function has no argument of ours; this is set only
 * while conf_load() runs, which is before any thread.
 */
static char *error_text;
static size_t error_cap;
static const char *error_file; /* being parsed; NULL: the environment */

static void on_error(cfg_t *, const char *, va_list)
	__attribute__((format(printf, 2, 0)));

static void on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	char text[512];

	if (!error_cap || error_text[0])
		return; /* the first one counts */
	vsnprintf(text, sizeof(text), fmt, ap);
	if (!error_file)
		str_addf(error_text, error_cap, "environment: %s", text);
	else if (strstr(text, SENTINEL))
		str_addf(error_text, error_cap,
			 "%s: section '%s' is not closed", error_file,
			 cfg_name(cfg));
	else
		str_addf(error_text, error_cap, "%s:%d: %s", error_file,
			 cfg->line, text);
}

static void fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void fail(const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (error_cap && !error_text[0])
		str_addf(error_text, error_cap, "%s", text);
}

static const struct conf_key *find_key(const char *section, const char *name)
{
	for (size_t i = 0; i < conf_keys_n; i++)
		if (str_eq(conf_keys[i].section, section) &&
		    str_eq(conf_keys[i].name, name))
			return &conf_keys[i];
	return NULL;
}

/* ---- checks of one value --------------------------------------------------
 */

static bool is_word(const char *words, const char *w)
{
	size_t n = strlen(w);

	while (*words) {
		size_t m = strcspn(words, " ");

		if (n == m && !strncmp(words, w, n))
			return true;
		words += m + strspn(words + m, " ");
	}
	return false;
}

static int check(cfg_t *cfg, cfg_opt_t *opt)
{
	const struct conf_key *k = find_key(cfg_name(cfg), opt->name);
	double v;

	if (!k)
		return 0;
	if (k->type == CONF_WORD && !is_word(k->words, cfg_opt_getstr(opt))) {
		cfg_error(cfg, "%s must be one of: %s", k->name, k->words);
		return -1;
	}
	if (k->type != CONF_UINT && k->type != CONF_REAL)
		return 0;
	v = k->type == CONF_UINT ? (double)cfg_opt_getnint(opt, 0)
				 : cfg_opt_getnfloat(opt, 0);
	if (v >= k->min && v <= k->max)
		return 0;
	cfg_error(cfg, "%s must be between %.10g and %.10g", k->name, k->min,
		  k->max);
	return -1;
}

/* ---- the description for libconfuse ---------------------------------------
 */

struct schema {
	cfg_opt_t *top;
	cfg_opt_t *section[SECTIONS_MAX];
	size_t n;
};

static cfg_opt_t describe(const struct conf_key *k)
{
	switch (k->type) {
	case CONF_UINT:
		return (cfg_opt_t)CFG_INT(k->name, strtol(k->preset, NULL, 10),
					  CFGF_NONE);
	case CONF_REAL:
		return (cfg_opt_t)CFG_FLOAT(k->name, strtod(k->preset, NULL),
					    CFGF_NONE);
	case CONF_BOOL:
		return (cfg_opt_t)CFG_BOOL(
			k->name,
			str_eq(k->preset, "true") ? cfg_true : cfg_false,
			CFGF_NONE);
	case CONF_TEXTS:
		return (cfg_opt_t)CFG_STR_LIST(k->name, NULL, CFGF_NONE);
	case CONF_TEXT:
	case CONF_WORD:
		break;
	}
	return (cfg_opt_t)CFG_STR(k->name, k->preset, CFGF_NONE);
}

static void schema_free(struct schema *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->section[i]);
	free(s->top);
}

/* The rows of a section stand together in the table. */
static int schema_init(struct schema *s)
{
	size_t at = 0;

	memset(s, 0, sizeof(*s));
	s->top = calloc(SECTIONS_MAX + 2, sizeof(*s->top));
	if (!s->top)
		return -ENOMEM;
	for (size_t i = 0; i < conf_keys_n; i++) {
		const struct conf_key *k = &conf_keys[i];

		if (!i || !str_eq(k->section, conf_keys[i - 1].section)) {
			cfg_opt_t *v = calloc(conf_keys_n + 1, sizeof(*v));

			if (!v)
				return -ENOMEM;
			s->section[s->n] = v;
			s->top[s->n++] =
				(cfg_opt_t)CFG_SEC(k->section, v, CFGF_NONE);
			at = 0;
		}
		s->section[s->n - 1][at++] = describe(k);
		s->section[s->n - 1][at] = (cfg_opt_t)CFG_END();
	}
	s->top[s->n] = (cfg_opt_t)CFG_BOOL(SENTINEL, cfg_false, CFGF_NONE);
	s->top[s->n + 1] = (cfg_opt_t)CFG_END();
	return 0;
}

/* ---- file and environment -------------------------------------------------
 */

/* The file's text with the sentinel behind it; NULL: told. */
static char *read_text(const char *path, size_t *len)
{
	static const char tail[] = "\n" SENTINEL " = true\n";
	FILE *f = fopen(path, "re");
	long size = -1;
	char *text = NULL;

	if (f && !fseek(f, 0, SEEK_END))
		size = ftell(f);
	if (size >= 0 && size <= FILE_MAX)
		text = malloc((size_t)size + sizeof(tail));
	if (text) {
		rewind(f);
		*len = fread(text, 1, (size_t)size, f);
		memcpy(text + *len, tail, sizeof(tail));
		*len += sizeof(tail) - 1;
	} else {
		fail("%s: %s", path,
		     size > FILE_MAX ? "too large" : strerror(errno));
	}
	if (f)
		fclose(f);
	return text;
}

static int read_file(cfg_t *cfg, const char *path)
{
	size_t len;
	char *text = read_text(path, &len);
	FILE *f;
	int rc;

	if (!text)
		return -EINVAL;
	f = fmemopen(text, len, "r");
	error_file = path;
	rc = f ? cfg_parse_fp(cfg, f) : CFG_PARSE_ERROR;
	error_file = NULL;
	if (f)
		fclose(f);
	free(text);
	if (rc == CFG_SUCCESS)
		return 0;
	fail("%s: cannot be parsed", path);
	return -EINVAL;
}

/* "a, b" as a list. */
static int set_list(cfg_t *sec, const char *name, const char *value)
{
	cfg_opt_t *opt = cfg_getopt(sec, name);
	unsigned int i = 0;

	cfg_free_value(opt);
	while (*value) {
		size_t n;
		char *item;
		int rc;

		value += strspn(value, ", ");
		n = strcspn(value, ", ");
		if (!n)
			break;
		item = strndup(value, n);
		rc = item ? cfg_opt_setnstr(opt, item, i++) : -1;
		free(item);
		if (rc)
			return -ENOMEM;
		value += n;
	}
	return 0;
}

static int set_key(cfg_t *cfg, const struct conf_key *k, const char *value)
{
	cfg_t *sec = cfg_getsec(cfg, k->section);
	cfg_opt_t *opt = cfg_getopt(sec, k->name);

	if (k->type == CONF_TEXTS)
		return set_list(sec, k->name, value);
	return cfg_setopt(sec, opt, value) && !check(sec, opt) ? 0 : -EINVAL;
}

/* CHATTR_LISTEN_PORT=443 */
static int read_env(cfg_t *cfg, const char *var)
{
	const char *name = var + strlen(ENV_PREFIX);
	const char *eq = strchr(name, '=');
	char want[96];

	for (size_t i = 0; eq && i < conf_keys_n; i++) {
		const struct conf_key *k = &conf_keys[i];

		want[0] = '\0';
		str_addf(want, sizeof(want), "%s_%s", k->section, k->name);
		if (strlen(want) != (size_t)(eq - name) ||
		    strncasecmp(want, name, strlen(want)) != 0)
			continue;
		if (!set_key(cfg, k, eq + 1))
			return 0;
		fail("environment: %.*s: bad value '%s'", (int)(eq - var), var,
		     eq + 1);
		return -EINVAL;
	}
	fail("environment: %.*s: no such key", (int)strcspn(var, "="), var);
	return -EINVAL;
}

static int read_environ(cfg_t *cfg)
{
	/* A section that no file has named does not inherit this. */
	for (size_t i = 0; i < conf_keys_n; i++)
		cfg_set_error_function(cfg_getsec(cfg, conf_keys[i].section),
				       on_error);
	for (char **v = environ; *v; v++)
		if (!strncmp(*v, ENV_PREFIX, strlen(ENV_PREFIX)) &&
		    read_env(cfg, *v))
			return -EINVAL;
	return 0;
}

/* ---- into the struct ------------------------------------------------------
 */

static int take_list(struct conf_list *l, cfg_t *sec, const char *name)
{
	size_t n = cfg_size(sec, name);

	l->v = calloc(n + 1, sizeof(*l->v));
	if (!l->v)
		return -ENOMEM;
	for (; l->n < n; l->n++) {
		l->v[l->n] = strdup(cfg_getnstr(sec, name, (unsigned)l->n));
		if (!l->v[l->n])
			return -ENOMEM;
	}
	return 0;
}

static int take(struct conf *c, cfg_t *cfg, const struct conf_key *k)
{
	cfg_t *sec = cfg_getsec(cfg, k->section);
	void *to = (char *)c + k->at;

	switch (k->type) {
	case CONF_UINT:
		*(uint32_t *)to = (uint32_t)cfg_getint(sec, k->name);
		return 0;
	case CONF_REAL:
		*(double *)to = cfg_getfloat(sec, k->name);
		return 0;
	case CONF_BOOL:
		*(bool *)to = cfg_getbool(sec, k->name);
		return 0;
	case CONF_TEXTS:
		return take_list(to, sec, k->name);
	case CONF_TEXT:
	case CONF_WORD:
		break;
	}
	*(char **)to = strdup(cfg_getstr(sec, k->name));
	return *(char **)to ? 0 : -ENOMEM;
}

/* Replaces an empty text. */
static int set_default(char **at, const char *value)
{
	if (**at)
		return 0;
	free(*at);
	*at = strdup(value);
	return *at ? 0 : -ENOMEM;
}

/* The folder of the running program. */
static void own_dir(char *out, size_t cap)
{
	ssize_t n = readlink("/proc/self/exe", out, cap - 1);
	char *slash;

	out[n > 0 ? n : 0] = '\0';
	slash = strrchr(out, '/');
	if (slash)
		*slash = '\0';
}

/* The first of the two that exists, else the second. */
static int set_place(char **at, const char *near, const char *far)
{
	char dir[512], path[1024] = "";

	own_dir(dir, sizeof(dir));
	str_addf(path, sizeof(path), "%s/%s", dir, near);
	return set_default(at, access(path, R_OK) ? far : path);
}

/* Folders of a normal user follow the XDG rules. */
static int set_user_dir(char **at, const char *root, const char *xdg,
			const char *below_home)
{
	const char *base = getenv(xdg), *home = getenv("HOME");
	char path[512] = "";

	if (geteuid() == 0)
		return set_default(at, root);
	if (base && *base)
		str_addf(path, sizeof(path), "%s/chattr", base);
	else
		str_addf(path, sizeof(path), "%s/%s", home ? home : "",
			 below_home);
	return set_default(at, path);
}

static int set_defaults(struct conf *c)
{
	struct conf_server *s = &c->server;

	if (set_user_dir(&s->state_dir, "/var/lib/chattr", "XDG_STATE_HOME",
			 ".local/state/chattr") ||
	    set_user_dir(&s->run_dir, "/run/chattr", "XDG_RUNTIME_DIR",
			 ".local/state/chattr/run") ||
	    set_place(&c->media.program, "mediad", "/usr/sbin/mediad") ||
	    set_place(&c->listen.web_root, "../../webclient/dist",
		      "/usr/share/chattr/webclient"))
		return -ENOMEM;
	return 0;
}

/* What one key alone cannot tell. */
static int check_whole(const struct conf *c)
{
	const struct conf_listen *l = &c->listen;

	if (!*l->cert != !*l->key)
		fail("listen: cert and key belong together");
	for (size_t i = 0; i < l->proxies.n; i++)
		if (netmask_check(l->proxies.v[i]))
			fail("listen: proxies: '%s' is no network",
			     l->proxies.v[i]);
	if (l->lost_ms <= l->ping_ms)
		fail("listen: lost_ms must be larger than ping_ms");
	if (*c->signin.issuer && !*c->signin.client_id)
		fail("signin: issuer needs client_id");
	if (!*c->signin.issuer && !str_eq(c->signin.required, "no"))
		fail("signin: required needs an issuer");
	/* A bus socket's path ends in "/w63.4294967295". */
	if (strlen(c->server.run_dir) > 107 - 16)
		fail("server: run_dir is too long for a socket's path");
	return error_text[0] ? -EINVAL : 0;
}

static int fill(struct conf *c, cfg_t *cfg, const char *path)
{
	if (path) {
		c->path = strdup(path);
		if (!c->path)
			return -ENOMEM;
	}
	for (size_t i = 0; i < conf_keys_n; i++)
		if (take(c, cfg, &conf_keys[i]))
			return -ENOMEM;
	if (set_defaults(c))
		return -ENOMEM;
	return check_whole(c);
}

static cfg_t *open_cfg(struct schema *s)
{
	cfg_t *cfg;

	if (schema_init(s))
		return NULL;
	cfg = cfg_init(s->top, CFGF_NONE);
	if (!cfg)
		return NULL;
	cfg_set_error_function(cfg, on_error);
	for (size_t i = 0; i < conf_keys_n; i++) {
		char name[96] = "";

		str_addf(name, sizeof(name), "%s|%s", conf_keys[i].section,
			 conf_keys[i].name);
		cfg_set_validate_func(cfg, name, check);
	}
	return cfg;
}

struct conf *conf_load(const char *path, char *err, size_t cap)
{
	struct conf *c = calloc(1, sizeof(*c));
	struct schema schema;
	cfg_t *cfg;
	int rc = -ENOMEM;

	if (cap)
		err[0] = '\0';
	error_text = err;
	error_cap = cap;
	cfg = open_cfg(&schema);
	if (c && cfg) {
		rc = path ? read_file(cfg, path) : 0;
		if (!rc)
			rc = read_environ(cfg);
		if (!rc)
			rc = fill(c, cfg, path);
	}
	if (rc)
		fail("not enough memory");
	if (cfg)
		cfg_free(cfg);
	schema_free(&schema);
	error_cap = 0;
	if (!rc)
		return c;
	conf_free(c);
	return NULL;
}

static void free_one(struct conf *c)
{
	for (size_t i = 0; i < conf_keys_n; i++) {
		void *at = (char *)c + conf_keys[i].at;
		struct conf_list *l = at;

		switch (conf_keys[i].type) {
		case CONF_TEXT:
		case CONF_WORD:
			free(*(char **)at);
			break;
		case CONF_TEXTS:
			for (size_t k = 0; k < l->n; k++)
				free(l->v[k]);
			free(l->v);
			break;
		case CONF_UINT:
		case CONF_REAL:
		case CONF_BOOL:
			break;
		}
	}
	free(c->path);
	free(c);
}

void conf_free(struct conf *c)
{
	while (c) {
		struct conf *before = c->before;

		free_one(c);
		c = before;
	}
}
