# Packets per CPU-second and p99 latency against receivers of a publisher, out
# of the fanout-N lines of a benchmark's figures: an SVG with two panels.
#
#	awk -f tests/load/plot.awk build/bench.jsonl >build/bench.svg

function field(s, name) {
	if (!match(s, "\"" name "\":\"?[^,\"}]*"))
		return ""
	s = substr(s, RSTART, RLENGTH)
	sub(/^"[a-z]*":"?/, "", s)
	return s
}

# fanout-100 or fanout-100-at-27k, and the figure behind the dot.
$0 ~ /"fanout-[0-9]+/ {
	split(field($0, "name"), part, ".")
	n = part[1]
	sub(/^fanout-/, "", n)
	series = n ~ /-at-/ ? substr(n, index(n, "-at-") + 4) " packets/s" : "highest load"
	sub(/-.*/, "", n)
	if (part[2] == "packets_per_cpu_second")
		add(1, series, n, field($0, "value") / 1000)
	if (part[2] == "floor" && series == "highest load")
		add(1, "floor", n, field($0, "value") / 1000)
	if (part[2] == "latency_p99_us")
		add(2, series, n, field($0, "value") / 1000)
}

function add(panel, series, n, v) {
	if (!((panel, series) in known)) {
		known[panel, series] = 1
		name[panel, ++count[panel]] = series
	}
	points[panel, series] = points[panel, series] " " n ":" v
	if (v > top[panel]) top[panel] = v
	if (n > right) right = n
}

function x(panel, n) { return (panel - 1) * 480 + 60 + 380 * n / right }
function y(panel, v) { return 300 - 240 * v / top[panel] }

function axes(panel, title,   i, v) {
	printf "<text x=\"%d\" y=\"30\" font-weight=\"bold\">%s</text>\n", x(panel, 0), title
	for (i = 0; i <= 4; i++) {
		v = top[panel] * i / 4
		printf "<path d=\"M%d %.1fH%d\" stroke=\"#ddd\"/>\n", x(panel, 0), y(panel, v), x(panel, right)
		printf "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.4g</text>\n", x(panel, 0) - 6, y(panel, v) + 4, v
	}
	for (i = 0; i <= 4; i++)
		printf "<text x=\"%d\" y=\"318\" text-anchor=\"middle\">%d</text>\n", x(panel, right * i / 4), right * i / 4
}

function lines(panel,   i, k, m, p, q, s) {
	for (i = 1; i <= count[panel]; i++) {
		s = name[panel, i]
		m = split(points[panel, s], p, " ")
		printf "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" points=\"", color[i]
		for (k = 1; k <= m; k++) {
			split(p[k], q, ":")
			printf "%.1f,%.1f ", x(panel, q[1]), y(panel, q[2])
		}
		print "\"/>"
		printf "<text x=\"%d\" y=\"%d\" fill=\"%s\">%s</text>\n", x(panel, 0), 340 + 16 * i, color[i], s
	}
}

END {
	split("#0b6 #06c #c60 #a0a #888 #c00", color, " ")
	print "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"960\" height=\"450\" font-family=\"sans-serif\" font-size=\"12\">"
	print "<rect width=\"960\" height=\"450\" fill=\"#fff\"/>"
	if (right) {
		axes(1, "thousand packets per CPU-second, by receivers")
		lines(1)
		axes(2, "latency p99 in ms, by receivers")
		lines(2)
	}
	print "</svg>"
}
