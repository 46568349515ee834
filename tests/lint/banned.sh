#!/bin/bash
# Calls that have no place here, asked of the objects, which comments cannot
# fool; and the clock, which one file reads.
B=${B:-build/release}
ban='^(strcpy|strcat|sprintf|vsprintf|strtok|strtok_r|atoi|atol|atof|gets|alloca|signal|sigset|rand|random|srand|tmpnam|mktemp|system|popen|__strcpy_chk|__strcat_chk|__sprintf_chk|__vsprintf_chk)$'
clock='^(clock_gettime|gettimeofday|time|ftime)$'
objects=()
for c in $(git ls-files 'common/*.c' 'proto/*.c' 'mediad/*.c' 'signald/*.c'); do
	if [ -f "$B/${c%.c}.o" ]; then
		objects+=("$B/${c%.c}.o")
	else
		echo "$c: not built ($B/${c%.c}.o)"
	fi
done
nm -uA "${objects[@]}" | awk -v b="$B/" -v ban="$ban" -v clock="$clock" '
	{
		c = substr($1, length(b) + 1); sub(/\.o:.*/, ".c", c)
		f = $3; sub(/@.*/, "", f)
	}
	f ~ ban { print c ": calls " f }
	f ~ clock && c != "common/sys/clock.c" {
		print c ": reads the clock by " f "; use clock.h"
	}'
