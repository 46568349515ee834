#!/bin/bash
# Folders marked "PURE:" in a README ask nothing of the outside: their
# objects import no clock, socket, entropy, file or process call.
B=${B:-build/release}
ban='^(clock_gettime|gettimeofday|time|nanosleep|usleep|socket|bind|connect|send|sendto|sendmsg|sendmmsg|recv|recvfrom|recvmsg|recvmmsg|open|open64|fopen|fopen64|read|write|ioctl|fork|execve|rand|random|srand|getrandom|getentropy|randombytes_buf|randombytes_random|RAND_bytes|clock_us|clock_wall_us|clock_cpu_us|rng_bytes|rng_u32|rng_id|rng_below|getenv|system)$'
folders=$(git ls-files '*README.md' | xargs sed -n 's/^ *PURE: *//p' | tr ' ' '\n' | sort -u)
objects=()
for d in $folders; do
	for c in $(git ls-files "$d*.c" | grep "^$d[^/]*\.c$"); do
		[ "$c" = common/log.c ] && continue # the log alone has a clock
		if [ -f "$B/${c%.c}.o" ]; then
			objects+=("$B/${c%.c}.o")
		else
			echo "$c: not built ($B/${c%.c}.o)"
		fi
	done
done
[ ${#objects[@]} = 0 ] || nm -uA "${objects[@]}" | awk -v b="$B/" -v ban="$ban" '
	{
		c = substr($1, length(b) + 1); sub(/\.o:.*/, ".c", c)
		f = $3; sub(/@.*/, "", f)
	}
	f ~ ban { print c ": a pure file calls " f }'
