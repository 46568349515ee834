#!/bin/bash
# clang-tidy finds nothing (its checks are in .clang-tidy), and clang has none
# of the warnings that the Makefile asks for. It starts slowly,
# so it is given twelve files at a time; twelve that have not changed since
# they were last found clean are not looked at again.
B=${B:-build/release}
mkdir -p "$B/tidy"
WARN=$(sed -n '/^WARN :=/,/[^\\]$/{s/WARN :=//;s/\\$//;p}' Makefile 2>/dev/null | tr -d '\n')
some() {
	deps=$(for c in "$@"; do cat "$B/${c%.c}.d"; done 2>/dev/null |
		tr ' ' '\n' | grep '\.h$' | grep -v '^/' | sort -u)
	mark=$B/tidy/$(echo "$@" | sha1sum | cut -c1-16)
	sum=$(cat .clang-tidy "$@" $deps 2>/dev/null | sha1sum)
	[ "$(cat "$mark" 2>/dev/null)" = "$sum" ] && return
	out=$(${CLANG_TIDY:-clang-tidy-14} --quiet "$@" -- -std=c17 -D_GNU_SOURCE \
		$WARN -I. -Ibuild/gen 2>/dev/null | grep -E 'error:|warning:')
	if [ -n "$out" ]; then
		echo "$out"
	else
		echo "$sum" >"$mark"
	fi
}
export -f some
export B WARN
# Of the tests those that make test does not build.
git ls-files 'common/*.c' 'proto/*.c' 'mediad/*.c' 'signald/*.c' \
	'tests/fuzz/*.c' 'tests/bench/*.c' |
	xargs -P2 -n12 bash -c 'some "$@"' some
