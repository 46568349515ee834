/* The configuration file: loaded or refused with a reason, nothing else. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "signald/conf.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	int fd = memfd_create("conf", MFD_CLOEXEC);
	char path[32], err[256];
	struct conf *c;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	FUZZ_CHECK(fd >= 0 && write(fd, data, len) == (ssize_t)len);
	c = conf_load(path, err, sizeof(err));
	FUZZ_CHECK(c ? !err[0] : err[0] != 0);
	conf_free(c);
	close(fd);
	return 0;
}
