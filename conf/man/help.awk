# Puts the table of commands of `chattrctl --help` into its man page.
function text(s) {
	gsub(/-/, "\\-", s)
	return s
}
/^  [a-z]/ {
	line = substr($0, 3)
	at = match(line, /  +[^ ]+( [^ ]+)*$/)
	what = substr(line, at)
	sub(/^ +/, "", what)
	head = substr(line, 1, at - 1)
	sub(/ +$/, "", head)
	gsub(/  +/, " ", head)
	name = head
	sub(/ .*/, "", name)
	args = substr(head, length(name) + 2)
	table = table ".TP\n\\fB" text(name) "\\fR" \
		(args ? " \\fI" text(args) "\\fR" : "") "\n" text(what) ".\n"
}
END {
	while ((getline line < page) > 0)
		if (line == "@COMMANDS@")
			printf "%s", table
		else
			print line
}
