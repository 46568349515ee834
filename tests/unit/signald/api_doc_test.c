/* The table of requests and the page that describes them agree. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "signald/api/dispatch.h"
#include "signald/room/note.h"
#include "signald/room/refuse.h"
#include "tests/lib/test.h"

#define PAGE "proto/client-api.md"

static char *page(void)
{
	static char text[65536];
	FILE *f = fopen(PAGE, "r");
	size_t n;

	ck_assert_msg(f != NULL, "%s (run from the top folder)", PAGE);
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	return text;
}

TEST(api_doc_has_a_line_for_each_request)
{
	const char *text = page();
	const struct dispatch_row *row;
	char line[128];

	for (uint32_t i = 0; (row = dispatch_row(i)); i++) {
		snprintf(line, sizeof(line), "\n| `%s`", row->name);
		ck_assert_msg(strstr(text, line) != NULL, "%s is not in %s",
			      row->name, PAGE);
	}
}

/* Nothing is promised that is not there. */
TEST(api_doc_has_no_request_too_many)
{
	char *text = page();
	const char *at = text;
	size_t n = 0, rows = 0;

	while (dispatch_row((uint32_t)rows))
		rows++;
	while ((at = strstr(at, "\n| request | data | answer |\n"))) {
		at = strstr(at + 1, "\n| ---") + 1;
		at = strchr(at, '\n');
		while (at && at[1] == '|') {
			at = strchr(at + 1, '\n');
			n++;
		}
	}
	ck_assert_uint_eq(n, rows);
}

TEST(api_doc_names_each_notification_of_the_rooms)
{
	const char *text = page();
	char word[128];

	for (int k = 0; k < NOTE_KINDS; k++) {
		snprintf(word, sizeof(word), "`%s`",
			 note_method((enum note_kind)k));
		ck_assert_msg(strstr(text, word) != NULL, "%s", word);
	}
}

TEST(api_doc_names_each_refusal)
{
	const char *text = page();
	char word[128];

	for (int w = 0; w < REFUSE_WHYS; w++) {
		snprintf(word, sizeof(word), "`%s`",
			 refuse_reason((enum refuse_why)w));
		ck_assert_msg(strstr(text, word) != NULL, "%s", word);
	}
}
