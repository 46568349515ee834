/*
 * signald: the signaling daemon. Started by hand or by systemd it is the
 * supervisor; the supervisor starts `signald -x server`.
 */
#include "common/log.h"
#include "common/str.h"
#include "signald/conf.h"
#include "signald/server.h"
#include "signald/supervisor.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static const char usage[] =
	"usage: signald [-c FILE] [--check]\n"
	"  -c, --config FILE  the configuration (default: built-in values)\n"
	"      --check        check the configuration and exit\n"
	"  -h, --help         this text\n"
	"Every key can be overridden: CHATTR_<SECTION>_<KEY>=value.\n";

struct args {
	const char *config;
	const char *role; /* NULL: supervisor */
	int lifeline;
	bool check;
};

static const struct option options[] = {
	{"config", required_argument, NULL, 'c'},
	{"role", required_argument, NULL, 'x'},
	{"lifeline", required_argument, NULL, 'l'},
	{"check", no_argument, NULL, 'C'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

/* 0: go on; else the exit status + 1. */
static int parse(struct args *a, int argc, char **argv)
{
	uint64_t fd;
	int opt;

	while ((opt = getopt_long(argc, argv, "c:x:l:h", options, NULL)) != -1)
		switch (opt) {
		case 'c':
			a->config = optarg;
			break;
		case 'x':
			a->role = optarg;
			break;
		case 'l':
			if (str_u64(optarg, 1023, &fd))
				return 3;
			a->lifeline = (int)fd;
			break;
		case 'C':
			a->check = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 1;
		default:
			fputs(usage, stderr);
			return 3;
		}
	if (optind == argc)
		return 0;
	fputs(usage, stderr);
	return 3;
}

int main(int argc, char **argv)
{
	struct args a = {.lifeline = -1};
	char err[512];
	struct conf *conf;
	int rc = parse(&a, argc, argv);

	if (rc)
		return rc - 1;
	conf = conf_load(a.config, err, sizeof(err));
	if (!conf) {
		fprintf(stderr, "signald: %s\n", err);
		return 1;
	}
	log_setup(a.role ? "signald" : "supervisor",
		  (enum log_level)log_level_parse(conf->server.log_level),
		  conf->server.log_json);
	if (a.check)
		puts("signald: configuration is fine");
	else if (!a.role)
		rc = supervisor_run(conf);
	else if (str_eq(a.role, "server") && a.lifeline >= 0)
		rc = server_run(conf, a.lifeline);
	else
		rc = 2;
	conf_free(conf);
	return rc;
}
