/* notice: what workers tell unasked, checked and handed on. */
#ifndef SIGNALD_MEDIA_NOTICE_H
#define SIGNALD_MEDIA_NOTICE_H

#include "signald/media/media.h"

/* Unknown ids and events are dropped: a worker may be behind. */
void notice_take(struct media *m, struct worker *w, const struct chan_msg *msg);

#endif
