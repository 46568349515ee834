# Makes signald.conf(5) out of conf/signald.conf: a section of the file is a
# section of the page, a paragraph of comment and the keys below it an entry.
function text(s) {
	gsub(/\\/, "\\e", s)
	gsub(/-/, "\\-", s)
	gsub(/"/, "\\(dq", s)
	sub(/^\./, "\\\\\\&.", s)
	return s
}
function flush_keys(  i) {
	if (!n_keys)
		return
	for (i = 1; i <= n_keys; i++)
		print (i == 1 ? ".TP" : ".TQ") "\n.B " text(keys[i])
	print body
	body = ""
	n_keys = 0
}
BEGIN {
	while ((getline line < head) > 0)
		print line
}
/^# / && !section { next }
/^[a-z]+ \{/ {
	section = $1
	print ".SS " section
	if (intro)
		print intro
	intro = body = ""
	next
}
/^\}/ { flush_keys(); intro = ""; next }
/^# / { intro = (intro ? intro "\n" : "") text(substr($0, 3)); next }
/^\t# [a-z_]+ = / {
	keys[++n_keys] = substr($0, 4)
	next
}
/^\t# / {
	flush_keys()
	body = (body ? body "\n" : "") text(substr($0, 4))
	next
}
/^$/ { flush_keys(); if (!section) body = "" }
END {
	print ".SH SEE ALSO"
	print ".BR signald (8),"
	print ".BR chattrctl (8)"
}
