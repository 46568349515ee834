/*
 * adminframe: the framing of proto/admin.proto: four bytes of length,
 * big-endian, then the packed message.
 */
#ifndef PROTO_ADMINFRAME_H
#define PROTO_ADMINFRAME_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

#define ADMINFRAME_VERSION    1
#define ADMINFRAME_HEAD	      4
#define ADMINFRAME_MAX_ASK    16384
#define ADMINFRAME_MAX_ANSWER (16u << 20)

/* The frame of a message, to be freed; NULL: no memory. */
uint8_t *adminframe_pack(const ProtobufCMessage *m, size_t *len);

/* The length that a head announces. */
size_t adminframe_len(const uint8_t head[ADMINFRAME_HEAD]);

#endif
