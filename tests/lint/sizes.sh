#!/bin/bash
# Files of 1,000 lines at most, functions of 80, lines of 80 columns, 6
# parameters, 4 levels of nesting. clang-format has laid the code out, so a
# function is what stands between "{" and "}" in column 0.
git ls-files '*.c' '*.h' | grep -v '^tests/fuzz/corpus/' | xargs awk '
	function width(s,   i, c, w) {
		w = 0
		for (i = 1; i <= length(s); i++)
			w = substr(s, i, 1) == "\t" ? int(w / 8) * 8 + 8 : w + 1
		return w
	}
	function commas(s,   d, i, c, n) {
		n = 0; d = 0
		for (i = 1; i <= length(s); i++) {
			c = substr(s, i, 1)
			if (c == "(") d++
			if (c == ")") d--
			if (c == "," && d == 1) n++
		}
		return n
	}
	FNR == 1 { head = ""; start = 0; excused = 0 }
	FNR == 1001 { print FILENAME ":1001: the file is over 1,000 lines" }
	/lint: sizes/ { excused = FNR }
	length($0) > 40 && width($0) > 80 && !/https?:\/\/|#include|lint: sizes/ {
		print FILENAME ":" FNR ": over 80 columns"
	}
	/^[a-z].*\(/ && !/;$/ { head = $0; headline = FNR; next }
	head != "" && !/^\{/ && start == 0 { head = head $0 }
	/^\{/ {
		if (head ~ /\)$/ && head !~ /=/) {
			start = FNR
			if (commas(head) > 5 && excused < headline - 2)
				print FILENAME ":" headline ": over 6 parameters"
		}
		deep = 0
		next
	}
	start && /^\t\t\t\t\t\t[a-z].*[;{]$/ && !/^\t\t\t\t\t\t\t/ && \
		/^\t*(if|for|while|switch|return|[a-z_>.-]+ =)/ && !deep {
		deep = FNR
	}
	/^\}/ {
		if (start && FNR - start > 81 && excused < headline - 2)
			print FILENAME ":" headline ": a function of " \
				FNR - start - 1 " lines"
		if (start && deep && excused < headline - 2)
			print FILENAME ":" deep ": nested deeper than 4 levels"
		start = 0; head = ""
	}
	/;$/ && !start { head = "" }'
