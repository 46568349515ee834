#!/bin/bash
# A global function begins with the name of its file: nack.c has nack_x().
# What only this file uses is static. Programs have main().
B=${B:-build/release}
git ls-files 'common/*.c' 'proto/*.c' 'mediad/*.c' 'signald/*.c' |
	while read -r c; do
		[ -f "$B/${c%.c}.o" ] && echo "$B/${c%.c}.o"
	done | xargs nm -gA --defined-only | awk -v b="$B/" '
		$2 != "T" || $3 == "main" { next }
		{
			c = substr($1, length(b) + 1); sub(/\.o:.*/, ".c", c)
			n = c; sub(/.*\//, "", n); sub(/\.c$/, "", n)
		}
		index($3, n "_") != 1 && $3 != n {
			print c ": " $3 "() does not begin with " n "_"
		}'
