#include "mediad/control/ctl.h"

#include <stdlib.h>
#include <string.h>

struct ctl_label *ctl_label_new(const void *data, size_t len)
{
	struct ctl_label *label = len ? malloc(sizeof(*label) + len) : NULL;

	if (!label)
		return NULL;
	label->len = len;
	memcpy(label->data, data, len);
	return label;
}
