#include "signald/net/files.h"

#include "common/hex.h"
#include "common/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MAX 4096
#define BYTES_MAX ((size_t)64 << 20)
#define DEPTH_MAX 8
#define PATH_CAP  512

static const struct {
	const char *ext, *type;
} types[] = {
	{".html", "text/html; charset=utf-8"},
	{".js", "text/javascript; charset=utf-8"},
	{".mjs", "text/javascript; charset=utf-8"},
	{".css", "text/css; charset=utf-8"},
	{".json", "application/json"},
	{".webmanifest", "application/manifest+json"},
	{".svg", "image/svg+xml"},
	{".png", "image/png"},
	{".jpg", "image/jpeg"},
	{".webp", "image/webp"},
	{".ico", "image/x-icon"},
	{".woff2", "font/woff2"},
	{".wasm", "application/wasm"},
	{".mp3", "audio/mpeg"},
	{".ogg", "audio/ogg"},
	{".opus", "audio/ogg"},
	{".wav", "audio/wav"},
	{".txt", "text/plain; charset=utf-8"},
};

struct files {
	struct file *v; /* sorted by path */
	size_t n, bytes;
	const struct file *index;
};

/* Where the walk is: the open folder and its path below the root. */
struct walk {
	struct files *f;
	char path[PATH_CAP];
};

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && !strcmp(s + n - m, end);
}

static const char *type_of(const char *path)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (ends_with(path, types[i].ext))
			return types[i].type;
	return "application/octet-stream";
}

/* The whole of a regular file; 0 or -errno. */
static int slurp(int fd, size_t len, unsigned char **out)
{
	unsigned char *p = malloc(len + 1);
	size_t n = 0;

	if (!p)
		return -ENOMEM;
	while (n < len) {
		ssize_t got = read(fd, p + n, len - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			free(p);
			return got ? -errno : -EIO;
		}
		n += (size_t)got;
	}
	*out = p;
	return 0;
}

static void set_etag(struct file_body *b)
{
	unsigned char h[16];
	char hex[2 * sizeof(h) + 1];

	crypto_generichash(h, sizeof(h), b->data, b->len, NULL, 0);
	hex_of(hex, h, sizeof(h));
	b->etag[0] = '\0';
	str_addf(b->etag, sizeof(b->etag), "\"%s\"", hex);
}

/* The entry of a path, made when it is new; NULL: no memory, too many. */
static struct file *entry(struct files *f, const char *path)
{
	for (size_t i = 0; i < f->n; i++)
		if (!strcmp(f->v[i].path, path))
			return &f->v[i];
	if (f->n == FILES_MAX)
		return NULL;
	f->v[f->n] = (struct file){.path = strdup(path)};
	return f->v[f->n].path ? &f->v[f->n++] : NULL;
}

static int add_file(struct files *f, int fd, size_t len, const char *name)
{
	enum files_coding coding = ends_with(name, ".br")   ? FILES_BR
				   : ends_with(name, ".gz") ? FILES_GZIP
							    : FILES_PLAIN;
	char path[PATH_CAP];
	struct file_body *b;
	struct file *file;
	unsigned char *data = NULL;
	int err;

	if (str_copy(path, sizeof(path), name))
		return -ENAMETOOLONG;
	if (coding != FILES_PLAIN)
		path[strlen(path) - 3] = '\0';
	if (f->bytes + len > BYTES_MAX)
		return -EFBIG;
	file = entry(f, path);
	if (!file)
		return -ENOMEM;
	err = slurp(fd, len, &data);
	if (err)
		return err;
	b = &file->body[coding];
	b->data = data;
	b->len = len;
	f->bytes += len;
	set_etag(b);
	return 0;
}

static int walk_dir(struct walk *w, int fd, int depth);

static int walk_entry(struct walk *w, int dir, const char *name, int depth)
{
	size_t at = strlen(w->path);
	struct stat st;
	int fd, err = 0;

	if (name[0] == '.')
		return 0;
	if (str_addf(w->path, sizeof(w->path), "/%s", name))
		return -ENAMETOOLONG;
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		err = errno == ELOOP ? 0 : -errno;
	else if (fstat(fd, &st))
		err = -errno;
	else if (S_ISREG(st.st_mode))
		err = add_file(w->f, fd, (size_t)st.st_size, w->path);
	else if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
		err = walk_dir(w, fd, depth + 1);
	if (fd >= 0)
		close(fd);
	w->path[at] = '\0';
	return err;
}

/* fd stays the caller's. */
static int walk_dir(struct walk *w, int fd, int depth)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *e;
	int err = 0;

	if (!d) {
		if (copy >= 0)
			close(copy);
		return -ENOMEM;
	}
	while (!err && (e = readdir(d)))
		err = walk_entry(w, fd, e->d_name, depth);
	closedir(d);
	return err;
}

static int by_path(const void *a, const void *b)
{
	const struct file *x = a, *y = b;

	return strcmp(x->path, y->path);
}

/* Drops entries without a plain form, fills in the rest. */
static void settle(struct files *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++) {
		struct file *file = &f->v[i];

		if (!file->body[FILES_PLAIN].data) {
			/* A .gz or .br that stands alone is none of ours. */
			free((void *)(uintptr_t)file->path);
			for (int k = 0; k < FILES_CODINGS; k++)
				free((void *)(uintptr_t)file->body[k].data);
			continue;
		}
		file->type = type_of(file->path);
		file->immutable = !strncmp(file->path, "/assets/", 8);
		f->v[n++] = *file;
	}
	f->n = n;
	if (n)
		qsort(f->v, n, sizeof(*f->v), by_path);
	f->index = files_find(f, "/index.html");
}

struct files *files_load(const char *root)
{
	struct files *f = calloc(1, sizeof(*f));
	struct walk w = {.f = f};
	int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err = 0;

	if (f)
		f->v = calloc(FILES_MAX, sizeof(*f->v));
	if (fd < 0)
		err = -errno;
	else if (!f || !f->v)
		err = -ENOMEM;
	else
		err = walk_dir(&w, fd, 0);
	if (fd >= 0)
		close(fd);
	if (!err) {
		settle(f);
		err = f->index ? 0 : -ENOENT;
	}
	if (!err)
		return f;
	files_free(f);
	errno = -err;
	return NULL;
}

void files_free(struct files *f)
{
	if (!f)
		return;
	for (size_t i = 0; f->v && i < f->n; i++) {
		free((void *)(uintptr_t)f->v[i].path);
		for (int k = 0; k < FILES_CODINGS; k++)
			free((void *)(uintptr_t)f->v[i].body[k].data);
	}
	free(f->v);
	free(f);
}

/* Paths at which the client reads for itself what is meant. */
static bool is_page(const char *path)
{
	return str_eq(path, "/") || !strncmp(path, "/r/", 3) ||
	       !strncmp(path, "/auth/", 6);
}

const struct file *files_find(const struct files *f, const char *path)
{
	struct file key = {.path = path};
	const struct file *found;

	found = f->n ? bsearch(&key, f->v, f->n, sizeof(*f->v), by_path) : NULL;
	if (!found && is_page(path))
		return f->index;
	return found;
}

/* The q-value says no: "br;q=0" (RFC 9110 section 12.4.2). */
static bool q_is_zero(const char *s, size_t n)
{
	const char *q = memmem(s, n, "q=", 2);

	if (!q)
		return false;
	for (q += 2; q < s + n; q++)
		if (*q >= '1' && *q <= '9')
			return false;
	return true;
}

static bool accepts(const char *accept, const char *coding)
{
	size_t want = strlen(coding);

	while (accept && *accept) {
		size_t n;

		accept += strspn(accept, " \t,");
		n = strcspn(accept, ",");
		if (n >= want && !strncasecmp(accept, coding, want) &&
		    strchr(" \t;,", accept[want]))
			return !q_is_zero(accept, n);
		accept += n;
	}
	return false;
}

enum files_coding files_choose(const struct file *file, const char *accept)
{
	if (file->body[FILES_BR].data && accepts(accept, "br"))
		return FILES_BR;
	if (file->body[FILES_GZIP].data && accepts(accept, "gzip"))
		return FILES_GZIP;
	return FILES_PLAIN;
}
