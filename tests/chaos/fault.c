/*
 * fault: what the system does to a process, on demand. Preloaded into the
 * daemons; a file of 64-bit words, mapped before their sandbox closes, says
 * what goes wrong now, for whom, and counts how often it did. fault.py writes
 * the words.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum word {
	ROLES, /* bits of enum role */
	ENOBUFS_ONE_IN,
	EMFILE_ONE_IN,
	ENOSPC_ON,
	CLOCK_S, /* added to the wall clock; signed */
	MALLOC_ONE_IN,
	BUS_ONE_IN, /* messages to the other side that are garbage */
	WORDS,
	FIRED = 8, /* FIRED + word: how often */
};

enum role {
	SUPERVISOR = 1,
	SERVER = 2,
	WORKER = 4,
	WORKER_0 = 8,
};

#define SIZE 4096

static _Atomic uint64_t *words;
static uint64_t role;
static uintptr_t text_start, text_end;
static _Thread_local uint32_t dice = 2463534242u;

static int main_text(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	(void)arg;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD &&
		    info->dlpi_phdr[i].p_flags & PF_X) {
			text_start =
				info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
			text_end = text_start + info->dlpi_phdr[i].p_memsz;
		}
	return 1; /* the first is the program */
}

static uint64_t who(void)
{
	char line[256] = "";
	int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, line, sizeof(line) - 1);

	if (fd >= 0)
		close(fd);
	for (ssize_t i = 0; i < n; i++)
		if (!line[i])
			line[i] = ' ';
	if (strstr(line, "mediad"))
		return WORKER | (strstr(line, "-i 0 ") ? WORKER_0 : 0);
	if (strstr(line, "signald -x server"))
		return SERVER;
	return strstr(line, "signald") ? SUPERVISOR : 0;
}

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("FAULT_FILE");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *p;

	if (fd < 0)
		return;
	dl_iterate_phdr(main_text, NULL);
	role = who();
	p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (p != MAP_FAILED)
		words = p;
}

static uint64_t set(enum word w)
{
	return words && words[ROLES] & role ? words[w] : 0;
}

static int fires(enum word w)
{
	uint64_t one_in = set(w);

	if (!one_in)
		return 0;
	dice ^= dice << 13;
	dice ^= dice >> 17;
	dice ^= dice << 5;
	if (dice % one_in)
		return 0;
	words[FIRED + w]++;
	return 1;
}

static void *real(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

#define REAL(name)                                                             \
	static __typeof__(&name) next;                                         \
	if (!next) {                                                           \
		void *sym = real(#name);                                       \
		memcpy(&next, &sym, sizeof(next));                             \
	}

int sendmmsg(int fd, struct mmsghdr *v, unsigned int n, int flags)
{
	REAL(sendmmsg)
	if (fires(ENOBUFS_ONE_IN)) {
		errno = ENOBUFS;
		return -1;
	}
	return next(fd, v, n, flags);
}

int accept4(int fd, struct sockaddr *sa, socklen_t *len, int flags)
{
	REAL(accept4)
	if (fires(EMFILE_ONE_IN)) {
		errno = EMFILE;
		return -1;
	}
	return next(fd, sa, len, flags);
}

static int is_file(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISREG(st.st_mode);
}

static int disk_full(int fd)
{
	if (!set(ENOSPC_ON) || !is_file(fd))
		return 0;
	words[FIRED + ENOSPC_ON]++;
	errno = ENOSPC;
	return 1;
}

ssize_t write(int fd, const void *p, size_t n)
{
	REAL(write)
	return disk_full(fd) ? -1 : next(fd, p, n);
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
	REAL(pwrite)
	return disk_full(fd) ? -1 : next(fd, p, n, at);
}

ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at)
{
	REAL(pwrite64)
	return disk_full(fd) ? -1 : next(fd, p, n, at);
}

static void shift(time_t *s)
{
	int64_t by = (int64_t)set(CLOCK_S);

	if (!by)
		return;
	*s += by;
	words[FIRED + CLOCK_S]++;
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
	int rc;

	REAL(clock_gettime)
	rc = next(id, ts);
	if (!rc && id == CLOCK_REALTIME)
		shift(&ts->tv_sec);
	return rc;
}

int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
	int rc;

	REAL(gettimeofday)
	rc = next(tv, tz);
	if (!rc)
		shift(&tv->tv_sec);
	return rc;
}

time_t time(time_t *out)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (out)
		*out = ts.tv_sec;
	return ts.tv_sec;
}

/* ---- memory: what our own code asks for ---- */

#ifdef __SANITIZE_ADDRESS__
#define ALLOCATOR(name) __interceptor_##name
#else
#define ALLOCATOR(name) __libc_##name
#endif

void *ALLOCATOR(malloc)(size_t n);
void *ALLOCATOR(calloc)(size_t n, size_t size);
void *ALLOCATOR(realloc)(void *p, size_t n);

static int none_left(const void *caller)
{
	uintptr_t at = (uintptr_t)caller;

	if (!words || at < text_start || at >= text_end ||
	    !fires(MALLOC_ONE_IN))
		return 0;
	errno = ENOMEM;
	return 1;
}

void *malloc(size_t n)
{
	return none_left(__builtin_return_address(0)) ? NULL
						      : ALLOCATOR(malloc)(n);
}

void *calloc(size_t n, size_t size)
{
	return none_left(__builtin_return_address(0))
		       ? NULL
		       : ALLOCATOR(calloc)(n, size);
}

void *realloc(void *p, size_t n)
{
	return none_left(__builtin_return_address(0))
		       ? NULL
		       : ALLOCATOR(realloc)(p, n);
}

/* ---- the bus ---- */

int nn_send(int s, const void *buf, size_t len, int flags);

int nn_send(int s, const void *buf, size_t len, int flags)
{
	uint8_t junk[512];
	size_t n = len < sizeof(junk) ? len : sizeof(junk);

	REAL(nn_send)
	if (!fires(BUS_ONE_IN))
		return next(s, buf, len, flags);
	/* Half of what was meant, half of anything. */
	memcpy(junk, buf, n);
	for (size_t i = n / 2; i < n; i++)
		junk[i] = (uint8_t)(dice >> (i % 24));
	return next(s, junk, n, flags) < 0 ? -1 : (int)len;
}
