#!/bin/bash
# Includes follow the arrows of the READMEs: "    a/b/ -> c/ d/" lets files
# of a/b include headers of c and d; the same folder is always allowed.
T=$(mktemp)
git ls-files '*README.md' | xargs cat | awk '
	match($0, /^ *[a-z\/]+\/ -> /) {
		from = $1
		for (i = 3; i <= NF && $i ~ /\/$/; i++)
			print from, $i
		print from, from
	}' | sort -u >"$T"
git ls-files 'common/*.[ch]' 'proto/*.[ch]' 'mediad/*.[ch]' 'signald/*.[ch]' |
	xargs grep -Hn '#include "\|lint: layers' | awk -v rules="$T" '
	BEGIN {
		while ((getline line < rules) > 0) {
			split(line, w, " ")
			may[w[1], w[2]] = 1
			known[w[1]] = 1
		}
	}
	/lint: layers/ { split($0, p, ":"); excused[p[1], p[2] + 1] = 1 }
	{
		split($0, p, ":")
		file = p[1]; nr = p[2]
		if (!match($0, /#include "[^"]*"/)) next
		inc = substr($0, RSTART + 10, RLENGTH - 11)
		if (!sub(/[^\/]*$/, "", inc) || inc == "") {
			print file ":" nr ": include by the path from the root"
			next
		}
		from = file; sub(/[^\/]*$/, "", from)
		if (from in known || from == inc) {
			if (from == inc || (from, inc) in may) next
		}
		if ((file, nr) in excused || /lint: layers/) next
		if (!(from in known))
			print file ":" nr ": no README has an arrow for " from
		else
			print file ":" nr ": " from " may not include " inc
	}'
rm -f "$T"
