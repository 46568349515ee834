#include "tests/load/options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const struct option longopts[] = {
	{"name", required_argument, NULL, 'n'},
	{"lines", required_argument, NULL, 'L'},
	{"tick-ms", required_argument, NULL, 'T'},
	{"url", required_argument, NULL, 'u'},
	{"rooms", required_argument, NULL, 'r'},
	{"pubs", required_argument, NULL, 'p'},
	{"subs", required_argument, NULL, 's'},
	{"both", required_argument, NULL, 'b'},
	{"every-ms", required_argument, NULL, 'e'},
	{"warm", required_argument, NULL, 'w'},
	{"secs", required_argument, NULL, 't'},
	{"join-secs", required_argument, NULL, 'j'},
	{"video-bps", required_argument, NULL, 'v'},
	{"layers", required_argument, NULL, 'l'},
	{"audio-bps", required_argument, NULL, 'a'},
	{"fps", required_argument, NULL, 'f'},
	{"payload", required_argument, NULL, 'y'},
	{"sample", required_argument, NULL, 'k'},
	{"pid", required_argument, NULL, 'P'},
	{"cpu", required_argument, NULL, 'c'},
	{"server-cpu", required_argument, NULL, 'C'},
	{"spin", no_argument, NULL, 'S'},
	{"floor", no_argument, NULL, 'F'},
	{"backend", required_argument, NULL, 'B'},
	{"members", no_argument, NULL, 'M'},
	{"away-ms", required_argument, NULL, 'A'},
	{"harm-ms", required_argument, NULL, 'H'},
	{"blip-ms", required_argument, NULL, 'I'},
	{"move", no_argument, NULL, 'm'},
	{"churn-ms", required_argument, NULL, 'U'},
	{"trail", required_argument, NULL, 'R'},
	{"settle", required_argument, NULL, 'z'},
	{"ramp", no_argument, NULL, 'N'},
	{"also", required_argument, NULL, 'O'},
	{NULL, 0, NULL, 0},
};

static const char text[] =
	"usage: chattr-load --url HOST:PORT [--name NAME] [--pid PID ...]\n"
	"  [--lines FILE] [--floor] [--backend mb|evp]\n"
	"  [--rooms N] [--pubs N] [--subs N] [--both N]   clients, a room\n"
	"  [--video-bps N] [--layers 1|3] [--fps N] [--audio-bps N]\n"
	"  [--payload BYTES] [--sample K] [--every-ms N] [--join-secs N]\n"
	"  [--members [--away-ms N]]   they enter and come back with a token\n"
	"  [--harm-ms N [--blip-ms N] [--move]] [--churn-ms N] [--trail FILE]\n"
	"  [--settle S [--also PID ...]]   receivers first: memory by parts\n"
	"  [--ramp]   room by room, each measured, until a core is full\n"
	"  [--warm S] [--secs S] [--cpu N] [--server-cpu N] [--spin]\n"
	"chattr-load --floor [--backend mb|evp] ...      no server: the "
	"floor\n";

static unsigned *number_option(struct options *o, int c)
{
	switch (c) {
	case 'r':
		return &o->rooms;
	case 'p':
		return &o->pubs;
	case 's':
		return &o->subs;
	case 'b':
		return &o->both;
	case 'e':
		return &o->every_ms;
	case 'w':
		return &o->warm_s;
	case 't':
		return &o->secs;
	case 'j':
		return &o->join_s;
	case 'v':
		return &o->pub.video_bps;
	case 'l':
		return &o->pub.layers;
	case 'a':
		return &o->pub.audio_bps;
	case 'f':
		return &o->pub.fps;
	case 'y':
		return &o->pub.payload;
	case 'k':
		return &o->sample;
	case 'T':
		return &o->tick_ms;
	case 'A':
		return &o->away_ms;
	case 'H':
		return &o->harm_ms;
	case 'I':
		return &o->blip_ms;
	case 'z':
		return &o->settle_s;
	case 'U':
		return &o->churn_ms;
	default:
		return NULL;
	}
}

static int option(struct options *o, int c, char *arg)
{
	unsigned *number = number_option(o, c);
	char *colon;

	if (number) {
		*number = (unsigned)strtoul(arg, NULL, 10);
		return 0;
	}
	switch (c) {
	case 'n':
		o->name = arg;
		return 0;
	case 'L':
		o->lines = arg;
		return 0;
	case 'u':
		colon = strrchr(arg, ':');
		if (!colon)
			return -1;
		*colon = '\0';
		o->host = arg;
		o->port = (uint16_t)strtoul(colon + 1, NULL, 10);
		return 0;
	case 'P':
		if (o->n_pids < OPTIONS_PIDS)
			o->pids[o->n_pids++] = (pid_t)strtol(arg, NULL, 10);
		return 0;
	case 'O':
		if (o->n_also < OPTIONS_PIDS)
			o->also[o->n_also++] = (pid_t)strtol(arg, NULL, 10);
		return 0;
	case 'N':
		o->ramp = true;
		return 0;
	case 'c':
		o->cpu = (int)strtol(arg, NULL, 10);
		return 0;
	case 'C':
		o->server_cpu = (int)strtol(arg, NULL, 10);
		return 0;
	case 'S':
		o->spin = true;
		return 0;
	case 'M':
		o->members = true;
		return 0;
	case 'm':
		o->move = true;
		return 0;
	case 'R':
		o->trail = arg;
		return 0;
	case 'F':
		o->floor = true;
		return 0;
	case 'B':
		o->backend = arg;
		return 0;
	default:
		return -1;
	}
}

int options_parse(struct options *o, int argc, char **argv)
{
	int c;

	*o = (struct options){.name = "load",
			      .rooms = 1,
			      .every_ms = 20,
			      .tick_ms = 5,
			      .warm_s = 3,
			      .secs = 10,
			      .join_s = 20,
			      .cpu = -1,
			      .server_cpu = -1,
			      .sample = 16};
	o->pub = (struct pub_conf){
		.video_bps = 2500000, .layers = 1, .fps = 30, .payload = 1160};
	while ((c = getopt_long(argc, argv, "", longopts, NULL)) != -1)
		if (option(o, c, optarg))
			return -1;
	if ((!o->host && !o->floor) || o->pub.payload > 1300 || !o->pub.fps ||
	    o->pub.fps > 100 || (o->pub.layers != 1 && o->pub.layers != 3))
		return -1;
	return 0;
}

const char *options_usage(void)
{
	return text;
}
