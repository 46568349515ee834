/*
 * files: the web client, loaded into memory at start. Nothing of a request
 * ever reaches the file system: a path is looked up in a table.
 *
 * x.js.br and x.js.gz beside x.js are its precompressed forms. Files under
 * assets/ carry a hash in their name and never change. A path without an
 * extension is a page of the client: it gets index.html.
 */
#ifndef SIGNALD_NET_FILES_H
#define SIGNALD_NET_FILES_H

#include <stdbool.h>
#include <stddef.h>

struct files;

enum files_coding {
	FILES_PLAIN,
	FILES_GZIP,
	FILES_BR,
	FILES_CODINGS,
};

struct file_body {
	const unsigned char *data; /* NULL: not there in this coding */
	size_t len;
	char etag[40]; /* strong, quoted, of these bytes */
};

struct file {
	const char *path; /* "/assets/app-1a2b.js" */
	const char *type; /* content type */
	bool immutable;
	struct file_body body[FILES_CODINGS];
};

/*
 * Reads a folder (regular files, at most 4,096 and 64 MiB). NULL with errno:
 * ENOENT without index.html.
 */
struct files *files_load(const char *root);
void files_free(struct files *f);

/* The file for a decoded path, the client's page for a path of it, or NULL. */
const struct file *files_find(const struct files *f, const char *path);

/* The best coding that accept (Accept-Encoding, may be NULL) allows. */
enum files_coding files_choose(const struct file *file, const char *accept);

#endif
