#include "signald/store/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/b64.h"
#include "common/sys/rng.h"

static int complain(char *err, size_t cap, const char *path, int e)
{
	snprintf(err, cap, "%s: %s", path, strerror(e));
	return -e;
}

/* Complete under another name first: a crash leaves no half key behind. */
static int secret_create(struct secret *s, const char *path)
{
	char tmp[4096];
	int fd, err = 0;

	if (snprintf(tmp, sizeof(tmp), "%s.new", path) >= (int)sizeof(tmp))
		return -ENAMETOOLONG;
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
		  0600);
	if (fd < 0)
		return -errno;
	rng_bytes(s->key, sizeof(s->key));
	if (write(fd, s->key, sizeof(s->key)) != sizeof(s->key) || fsync(fd))
		err = -EIO;
	close(fd);
	if (!err && rename(tmp, path))
		err = -errno;
	if (err)
		unlink(tmp);
	return err;
}

static int secret_read(struct secret *s, int fd, const char *path, char *err,
		       size_t cap)
{
	struct stat st;
	char more;

	if (fstat(fd, &st))
		return complain(err, cap, path, errno);
	if (st.st_mode & 077) {
		snprintf(err, cap, "%s: others may read it: chmod 600 %s", path,
			 path);
		return -EPERM;
	}
	if (read(fd, s->key, sizeof(s->key)) == sizeof(s->key) &&
	    read(fd, &more, 1) == 0)
		return 0;
	snprintf(err, cap,
		 "%s: not a key of 32 bytes; bring the file back, or move it "
		 "away with journal.db to begin anew",
		 path);
	return -EBADMSG;
}

int secret_load(struct secret *s, const char *dir, char *err, size_t cap)
{
	char path[4096];
	int fd, e;

	if (snprintf(path, sizeof(path), "%s/secret.key", dir) >=
	    (int)sizeof(path))
		return complain(err, cap, dir, ENAMETOOLONG);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT) {
		e = secret_create(s, path);
		return e ? complain(err, cap, path, -e) : 0;
	}
	if (fd < 0)
		return complain(err, cap, path, errno);
	e = secret_read(s, fd, path, err, cap);
	close(fd);
	return e;
}

void secret_hash(const struct secret *s, const char *text,
		 struct secret_hash *out)
{
	crypto_generichash(out->b, sizeof(out->b), (const unsigned char *)text,
			   strlen(text), s->key, sizeof(s->key));
}

void secret_make(char out[SECRET_TEXT_SIZE])
{
	unsigned char raw[16];

	rng_bytes(raw, sizeof(raw));
	b64_of(out, raw, sizeof(raw));
}
