#!/bin/bash
# Each `file.c name()` in a README exists: the file by its name or path, the
# function defined or declared in it.
git ls-files '*README.md' | while read -r readme; do
	grep -no '`[a-zA-Z0-9_/.-]*\.\(c\|ts\|svelte\) [A-Za-z0-9_]*()`' "$readme" |
		tr -d '`()' | while IFS=': ' read -r nr file name; do
		hit=$(git ls-files "$file" "*/$file" | xargs -r grep -l "\b$name\b" | head -1)
		[ -n "$hit" ] || echo "$readme:$nr: no $name() in $file"
	done
done
