#!/bin/bash
# Calls that have no place here, asked of the objects, which comments cannot
# fool; and the clock, which one file reads.
B=${B:-build/release}
ban='^(strcpy|strcat|sprintf|vsprintf|strtok|strtok_r|atoi|atol|atof|gets|alloca|signal|sigset|rand|random|srand|tmpnam|mktemp|system|popen|__strcpy_chk|__strcat_chk|__sprintf_chk|__vsprintf_chk)$'
clock='^(clock_gettime|gettimeofday|time|ftime)$'
for c in $(git ls-files 'common/*.c' 'proto/*.c' 'mediad/*.c' 'signald/*.c'); do
	o=$B/${c%.c}.o
	[ -f "$o" ] || { echo "$c: not built ($o)"; continue; }
	nm -u "$o" | awk -v c="$c" -v ban="$ban" -v clock="$clock" '
		{ f = $2; sub(/@.*/, "", f) }
		f ~ ban { print c ": calls " f }
		f ~ clock && c != "common/sys/clock.c" {
			print c ": reads the clock by " f "; use clock.h"
		}'
done
