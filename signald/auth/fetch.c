#include "signald/auth/fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/list.h"
#include "common/str.h"
#include "common/sys/loop.h"

#define BODY_MAX   (256u << 10)
#define CA_FILE	   "/etc/ssl/certs/ca-certificates.crt"
#define TIMEOUT_MS 10000L

struct fetch {
	struct loop *loop;
	CURLM *multi;
	uint64_t due_us; /* of curl's timer, UINT64_MAX: not set */
	struct list jobs;
	char *ca; /* the authorities, PEM */
	size_t ca_len;
};

struct job {
	struct list node;
	struct fetch *fetch;
	CURL *easy;
	fetch_done *done;
	void *arg;
	char *form;
	char *body;
	size_t len;
	char err[CURL_ERROR_SIZE];
};

struct watch {
	struct fetch *fetch;
	struct loop_fd *fd;
	int no;
};

/* ---- between curl and the loop ---- */

static void job_free(struct job *j)
{
	curl_multi_remove_handle(j->fetch->multi, j->easy);
	curl_easy_cleanup(j->easy);
	list_del(&j->node);
	free(j->form);
	free(j->body);
	free(j);
}

static void jobs_finish(struct fetch *f)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(f->multi, &left))) {
		struct job *j;
		long status = 0;
		char *ptr;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &ptr);
		j = (struct job *)(void *)ptr;
		if (m->data.result == CURLE_OK)
			curl_easy_getinfo(j->easy, CURLINFO_RESPONSE_CODE,
					  &status);
		if (status)
			j->done(j->arg, (int)status, j->body ? j->body : "",
				j->len);
		else
			j->done(j->arg, 0, j->err, strlen(j->err));
		job_free(j);
	}
}

static void on_ready(void *arg, unsigned int ready)
{
	struct watch *w = arg;
	struct fetch *f = w->fetch;
	int no = w->no, running;
	int mask = (ready & LOOP_READ ? CURL_CSELECT_IN : 0) |
		   (ready & LOOP_WRITE ? CURL_CSELECT_OUT : 0);

	curl_multi_socket_action(f->multi, no, mask, &running);
}

static int on_socket(CURL *easy, curl_socket_t no, int what, void *arg,
		     void *mine)
{
	struct fetch *f = arg;
	struct watch *w = mine;
	unsigned int want = (what & CURL_POLL_IN ? LOOP_READ : 0) |
			    (what & CURL_POLL_OUT ? LOOP_WRITE : 0);

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (w)
			loop_fd_free(w->fd);
		free(w);
		curl_multi_assign(f->multi, no, NULL);
		return 0;
	}
	if (w) {
		loop_fd_want(w->fd, want);
		return 0;
	}
	w = calloc(1, sizeof(*w));
	if (!w)
		return -1;
	*w = (struct watch){.fetch = f, .no = no};
	w->fd = loop_fd_new(f->loop, no, want, on_ready, w);
	if (!w->fd) {
		free(w);
		return -1;
	}
	curl_multi_assign(f->multi, no, w);
	return 0;
}

static int on_timer(CURLM *multi, long ms, void *arg)
{
	struct fetch *f = arg;

	(void)multi;
	f->due_us = ms < 0 ? UINT64_MAX
			   : loop_now_us(f->loop) + (uint64_t)ms * 1000;
	return 0;
}

static uint64_t turn(void *arg, uint64_t now_us)
{
	struct fetch *f = arg;
	int running;

	if (f->due_us <= now_us) {
		f->due_us = UINT64_MAX;
		curl_multi_socket_action(f->multi, CURL_SOCKET_TIMEOUT, 0,
					 &running);
	}
	jobs_finish(f);
	return f->due_us;
}

/* ---- one request ---- */

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct job *j = arg;
	char *more;

	n *= size;
	if (n > BODY_MAX - j->len)
		return 0;
	more = realloc(j->body, j->len + n + 1);
	if (!more)
		return 0;
	memcpy(more + j->len, data, n);
	j->body = more;
	j->len += n;
	more[j->len] = '\0';
	return n;
}

static bool begins(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

int fetch_check_url(const char *url)
{
	if (begins(url, "https://") || begins(url, "http://127.0.0.1:") ||
	    begins(url, "http://localhost:") || begins(url, "http://[::1]:"))
		return 0;
	return -EINVAL;
}

static void set_common(struct fetch *f, struct job *j, const char *url)
{
	struct curl_blob ca = {f->ca, f->ca_len, CURL_BLOB_NOCOPY};
	CURL *c = j->easy;

	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, j->err);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, (void *)j);
	curl_easy_setopt(c, CURLOPT_PRIVATE, (void *)j);
	if (f->ca)
		curl_easy_setopt(c, CURLOPT_CAINFO_BLOB, &ca);
}

static int set_request(struct job *j, const struct fetch_req *req)
{
	if (req->user) {
		curl_easy_setopt(j->easy, CURLOPT_HTTPAUTH,
				 (long)CURLAUTH_BASIC);
		curl_easy_setopt(j->easy, CURLOPT_USERNAME, req->user);
		curl_easy_setopt(j->easy, CURLOPT_PASSWORD, req->password);
	}
	if (!req->form)
		return 0;
	j->form = strdup(req->form);
	if (!j->form)
		return -ENOMEM;
	curl_easy_setopt(j->easy, CURLOPT_POSTFIELDS, j->form);
	return 0;
}

int fetch_start(struct fetch *f, const struct fetch_req *req, fetch_done *done,
		void *arg)
{
	struct job *j;

	if (fetch_check_url(req->url))
		return -EINVAL;
	j = calloc(1, sizeof(*j));
	if (!j)
		return -ENOMEM;
	j->fetch = f;
	j->done = done;
	j->arg = arg;
	list_init(&j->node);
	j->easy = curl_easy_init();
	if (!j->easy) {
		free(j);
		return -ENOMEM;
	}
	set_common(f, j, req->url);
	list_push(&f->jobs, &j->node);
	if (set_request(j, req) ||
	    curl_multi_add_handle(f->multi, j->easy) != CURLM_OK) {
		job_free(j);
		return -ENOMEM;
	}
	return 0;
}

/* ---- life ---- */

/* A sandbox may forbid to read it later; without, curl finds its own. */
static void read_authorities(struct fetch *f)
{
	FILE *in = fopen(CA_FILE, "re");
	char *text = NULL, buf[65536];
	size_t len = 0, n;

	while (in && (n = fread(buf, 1, sizeof(buf), in))) {
		char *more = realloc(text, len + n);

		if (!more)
			break;
		memcpy(more + len, buf, n);
		text = more;
		len += n;
	}
	if (in)
		fclose(in);
	f->ca = text;
	f->ca_len = len;
}

struct fetch *fetch_new(struct loop *loop)
{
	struct fetch *f = calloc(1, sizeof(*f));

	if (!f || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(f);
		return NULL;
	}
	f->loop = loop;
	f->due_us = UINT64_MAX;
	list_init(&f->jobs);
	f->multi = curl_multi_init();
	if (!f->multi || loop_hook(loop, turn, f)) {
		curl_multi_cleanup(f->multi);
		free(f);
		return NULL;
	}
	read_authorities(f);
	curl_multi_setopt(f->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(f->multi, CURLMOPT_SOCKETDATA, (void *)f);
	curl_multi_setopt(f->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(f->multi, CURLMOPT_TIMERDATA, (void *)f);
	return f;
}

void fetch_free(struct fetch *f)
{
	if (!f)
		return;
	list_for_each_safe (it, &f->jobs)
		job_free(list_entry(it, struct job, node));
	curl_multi_cleanup(f->multi);
	loop_unhook(f->loop, f);
	free(f->ca);
	free(f);
}
