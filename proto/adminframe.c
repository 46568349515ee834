#include "proto/adminframe.h"

#include "common/rd.h"
#include "common/wr.h"

#include <stdlib.h>

uint8_t *adminframe_pack(const ProtobufCMessage *m, size_t *len)
{
	size_t n = protobuf_c_message_get_packed_size(m);
	uint8_t *frame = malloc(ADMINFRAME_HEAD + n);
	struct wr w;

	if (!frame)
		return NULL;
	w = wr_of(frame, ADMINFRAME_HEAD);
	wr_u32(&w, (uint32_t)n);
	protobuf_c_message_pack(m, frame + ADMINFRAME_HEAD);
	*len = ADMINFRAME_HEAD + n;
	return frame;
}

size_t adminframe_len(const uint8_t head[ADMINFRAME_HEAD])
{
	struct rd r = rd_of(head, ADMINFRAME_HEAD);

	return rd_u32(&r);
}
