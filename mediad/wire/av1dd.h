/*
 * av1dd: the dependency descriptor header extension (AV1 RTP specification,
 * appendix A) and the aggregation header of AV1 payloads (section 4.4).
 *
 * A descriptor can be read only with the template structure sent before it,
 * so a stream keeps one struct av1dd_structure, of constant size. A packet
 * with a new structure replaces it: parse into a copy when packets may be
 * reordered around a key frame.
 */
#ifndef MEDIAD_WIRE_AV1DD_H
#define MEDIAD_WIRE_AV1DD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AV1DD_TEMPLATES 64
#define AV1DD_TARGETS	32
#define AV1DD_CHAINS	32
#define AV1DD_FDIFFS	8 /* kept; more is an error */
#define AV1DD_SPATIAL	4

/* Decode target indication: what a frame is to a decode target. */
enum av1dd_dti {
	AV1DD_NOT_PRESENT = 0,
	AV1DD_DISCARDABLE = 1,
	AV1DD_SWITCH = 2,
	AV1DD_REQUIRED = 3,
};

struct av1dd_template {
	uint8_t sid, tid;
	uint8_t n_fdiffs;
	uint8_t fdiff[AV1DD_FDIFFS];
	uint8_t dti[AV1DD_TARGETS];
	uint8_t chain_fdiff[AV1DD_CHAINS];
};

struct av1dd_structure {
	bool valid;
	uint8_t id_offset; /* template id of template 0 */
	uint8_t n_templates;
	uint8_t n_targets;
	uint8_t n_chains;
	uint8_t max_sid, max_tid;
	uint8_t target_sid[AV1DD_TARGETS]; /* highest layers of a target */
	uint8_t target_tid[AV1DD_TARGETS];
	uint8_t target_chain[AV1DD_TARGETS]; /* chain that protects it */
	bool has_sizes;
	uint16_t width[AV1DD_SPATIAL], height[AV1DD_SPATIAL];
	struct av1dd_template tmpl[AV1DD_TEMPLATES];
};

struct av1dd {
	bool start, end;    /* first, last packet of the frame */
	bool has_structure; /* a new structure: key frame of its chain */
	bool has_active;    /* active_targets was in the packet */
	uint8_t template_id;
	uint16_t frame; /* frame number */
	uint8_t sid, tid;
	uint32_t active_targets; /* all of them when a structure came alone */
	uint8_t n_fdiffs;
	uint16_t fdiff[AV1DD_FDIFFS];
	uint8_t dti[AV1DD_TARGETS];
	uint8_t chain_fdiff[AV1DD_CHAINS];
	bool short_form; /* 3 bytes: dti and the rest are the template's */
};

/*
 * 0; -EBADMSG; -ENOENT: refers to a structure that was not seen (start, end,
 * frame and template_id are filled in). A new structure is stored in s only
 * when the whole descriptor was good.
 */
int av1dd_parse(struct av1dd *d, struct av1dd_structure *s, const uint8_t *p,
		size_t len);

/* The aggregation header, first byte of an AV1 payload. */
struct av1dd_payload {
	bool continues;	   /* Z: begins inside an OBU of the packet before */
	bool continued;	   /* Y: the last OBU goes on in the next packet */
	uint8_t obu_count; /* W: 0 means each has its length */
	bool new_sequence; /* N: first packet of a coded video sequence */
	bool key;	   /* N, or a sequence header begins here */
};

/* 0 or -EBADMSG. */
int av1dd_payload(struct av1dd_payload *a, const uint8_t *payload, size_t len);

#endif
