#include "signald/net/files.h"

#include "tests/lib/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[] = "/tmp/chattr-files-XXXXXX";

static void put(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static struct files *sample(void)
{
	char path[256];

	ck_assert_ptr_nonnull(mkdtemp(root));
	snprintf(path, sizeof(path), "%s/assets", root);
	mkdir(path, 0755);
	put("index.html", "<!doctype html>");
	put("assets/app-1.js", "let a = 1");
	put("assets/app-1.js.gz", "gz");
	put("assets/app-1.js.br", "br");
	put("assets/alone.js.gz", "gz");
	put(".hidden", "no");
	snprintf(path, sizeof(path), "%s/passwd.txt", root);
	ck_assert_int_eq(symlink("/etc/passwd", path), 0);
	return files_load(root);
}

static void clean(void)
{
	char cmd[64];

	snprintf(cmd, sizeof(cmd), "rm -r %s", root);
	ck_assert_int_eq(system(cmd), 0);
}

TEST(files_serves_the_folder_and_nothing_else)
{
	struct files *f = sample();
	const struct file *x;

	ck_assert_ptr_nonnull(f);
	x = files_find(f, "/assets/app-1.js");
	ck_assert_ptr_nonnull(x);
	ck_assert(x->immutable);
	ck_assert_str_eq(x->type, "text/javascript; charset=utf-8");
	ck_assert_uint_eq(x->body[FILES_PLAIN].len, 9);
	ck_assert_uint_eq(x->body[FILES_BR].len, 2);
	ck_assert_str_ne(x->body[FILES_BR].etag, x->body[FILES_GZIP].etag);
	ck_assert_ptr_null(files_find(f, "/assets/app-1.js.br"));
	ck_assert_ptr_null(files_find(f, "/assets/alone.js"));
	ck_assert_ptr_null(files_find(f, "/.hidden"));
	ck_assert_ptr_null(files_find(f, "/passwd.txt"));
	ck_assert_ptr_null(files_find(f, "/missing.js"));
	files_free(f);
	clean();
}

TEST(files_gives_the_page_for_its_paths)
{
	struct files *f = sample();
	const struct file *page = files_find(f, "/index.html");

	ck_assert_ptr_nonnull(page);
	ck_assert(!page->immutable);
	ck_assert_ptr_eq(files_find(f, "/"), page);
	ck_assert_ptr_eq(files_find(f, "/r/abc"), page);
	ck_assert_ptr_eq(files_find(f, "/auth/callback"), page);
	ck_assert_ptr_null(files_find(f, "/admin"));
	ck_assert_ptr_null(files_find(f, "/r"));
	ck_assert_ptr_null(files_find(f, ""));
	files_free(f);
	clean();
}

TEST(files_chooses_the_coding)
{
	struct files *f = sample();
	const struct file *x = files_find(f, "/assets/app-1.js");
	const struct file *page = files_find(f, "/");

	ck_assert_int_eq(files_choose(x, "gzip, deflate, br"), FILES_BR);
	ck_assert_int_eq(files_choose(x, "gzip;q=1.0, br;q=0"), FILES_GZIP);
	ck_assert_int_eq(files_choose(x, "gzip"), FILES_GZIP);
	ck_assert_int_eq(files_choose(x, "brotli"), FILES_PLAIN);
	ck_assert_int_eq(files_choose(x, NULL), FILES_PLAIN);
	ck_assert_int_eq(files_choose(page, "br"), FILES_PLAIN);
	files_free(f);
	clean();
}

TEST(files_needs_an_index)
{
	ck_assert_ptr_null(files_load("/nonexistent"));
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_ptr_nonnull(mkdtemp(root));
	ck_assert_ptr_null(files_load(root));
	ck_assert_int_eq(errno, ENOENT);
	clean();
}
