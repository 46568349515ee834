#include "tests/lib/sysno.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__x86_64__) && defined(PR_SET_SYSCALL_USER_DISPATCH) &&            \
	!defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

static volatile char gate = SYSCALL_DISPATCH_FILTER_ALLOW;
static volatile uint64_t calls;

/* Makes the call the thread wanted; its result is where it looks for it. */
static void on_sys(int signo, siginfo_t *info, void *arg)
{
	greg_t *r = ((ucontext_t *)arg)->uc_mcontext.gregs;
	register long r10 __asm__("r10") = r[REG_R10];
	register long r8 __asm__("r8") = r[REG_R8];
	register long r9 __asm__("r9") = r[REG_R9];
	long ret;

	(void)signo;
	gate = SYSCALL_DISPATCH_FILTER_ALLOW;
	calls++;
	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"((long)info->si_syscall), "D"(r[REG_RDI]),
			   "S"(r[REG_RSI]), "d"(r[REG_RDX]), "r"(r10), "r"(r8),
			   "r"(r9)
			 : "rcx", "r11", "memory");
	r[REG_RAX] = ret;
	gate = SYSCALL_DISPATCH_FILTER_BLOCK;
}

/* A signal handler's return is a system call too: from here it is let. */
__attribute__((naked, used, no_profile_instrument_function)) static void back(
	void)
{
	__asm__("mov $15, %eax\n\tsyscall"); /* rt_sigreturn */
}

struct kernel_sigaction {
	void (*handler)(int signo, siginfo_t *info, void *arg);
	unsigned long flags;
	void (*restorer)(void);
	unsigned long mask;
};

int sysno_start(void)
{
	const unsigned long restorer = 0x04000000; /* SA_RESTORER */
	struct kernel_sigaction sa = {.handler = on_sys,
				      .flags = SA_SIGINFO | restorer,
				      .restorer = back};

	if (syscall(SYS_rt_sigaction, SIGSYS, &sa, NULL, 8L) ||
	    prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON,
		  (unsigned long)(uintptr_t)back, 16UL, &gate))
		return -errno;
	return 0;
}

void sysno_watch(bool on)
{
	gate = on ? SYSCALL_DISPATCH_FILTER_BLOCK
		  : SYSCALL_DISPATCH_FILTER_ALLOW;
}

uint64_t sysno_calls(void)
{
	return calls;
}

#else

int sysno_start(void)
{
	return -ENOSYS;
}

void sysno_watch(bool on)
{
	(void)on;
}

uint64_t sysno_calls(void)
{
	return 0;
}

#endif
