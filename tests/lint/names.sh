#!/bin/bash
# A global function begins with the name of its file: nack.c has nack_x().
# What only this file uses is static. Programs have main().
B=${B:-build/release}
for c in $(git ls-files 'common/*.c' 'proto/*.c' 'mediad/*.c' 'signald/*.c'); do
	o=$B/${c%.c}.o
	[ -f "$o" ] || continue
	name=$(basename "$c" .c)
	nm -g --defined-only "$o" | awk -v c="$c" -v n="$name" '
		$2 != "T" || $3 == "main" { next }
		index($3, n "_") != 1 && $3 != n {
			print c ": " $3 "() does not begin with " n "_"
		}'
done
