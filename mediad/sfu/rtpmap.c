#include "mediad/sfu/rtpmap.h"

#include <string.h>

int rtpmap_find_pt(const struct rtpmap *m, uint8_t pt, bool *rtx)
{
	for (int i = 0; i < m->n_codecs; i++) {
		if (m->codecs[i].pt == pt) {
			*rtx = false;
			return i;
		}
		if (m->codecs[i].rtx_pt && m->codecs[i].rtx_pt == pt) {
			*rtx = true;
			return i;
		}
	}
	return -1;
}

int rtpmap_find_rid(const struct rtpmap *m, const uint8_t *rid, uint8_t len)
{
	for (int i = 0; i < m->n_encodings; i++)
		if (len && strlen(m->encodings[i].rid) == len &&
		    memcmp(m->encodings[i].rid, rid, len) == 0)
			return i;
	return -1;
}
