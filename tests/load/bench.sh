#!/bin/bash
# Load runs against the built daemons on loopback: one worker on the first
# core, the generator on the second, beside each the floor of the same run.
#
#	tests/load/bench.sh quick|full [NAME ...]
#	tests/load/bench.sh profile
#
# Appends a JSON line a figure to build/bench.jsonl and prints a table;
# profile shows where the worker's time goes, by perf. Needs two cores; as
# root the buffers are what they should be.
set -u
cd "$(dirname "$0")/../.." || exit 2
B=${B:-build/release}
OUT=${OUT:-build/bench.jsonl}
PORT=${PORT:-5743}
kind=${1:-quick}
shift
only=" $* "
run=$(mktemp -d /tmp/chattr-bench.XXXXXX)
server=
trap 'stop; rm -rf "$run"' EXIT
trap 'exit 130' INT TERM

# The worker's process ids, in the order of their index.
workers() { pgrep -P "$server" -f 'mediad -i' | sort -n; }

# start WORKERS: a supervisor, a server and so many workers; waits for them.
start() {
	rm -rf "$run/state" "$run/run"
	CHATTR_SERVER_USER= CHATTR_SERVER_STATE_DIR=$run/state CHATTR_SERVER_RUN_DIR=$run/run \
	CHATTR_SERVER_USER='' CHATTR_LISTEN_PORT=$PORT \
	CHATTR_MEDIA_PORT=$((PORT + 20000)) CHATTR_MEDIA_WORKERS=$1 \
		"$B/bin/signald" -c tests/load/bench.conf >"$run/log" 2>&1 &
	server=$!
	for _ in $(seq 100); do
		[ "$(grep -c 'worker up' "$run/log")" -ge "$1" ] && return
		sleep 0.1
	done
	echo "the server does not come up:" >&2
	cat "$run/log" >&2
	exit 1
}

stop() {
	[ -n "$server" ] || return
	kill "$server" 2>/dev/null
	wait "$server" 2>/dev/null
	server=
}

# load NAME WORKERS OPTIONS...: one run on fresh daemons.
load() {
	local name=$1 n=$2 pids=() lines=${LINES_TO:-$OUT}
	shift 2
	[ "$only" != "  " ] && [[ $only != *" $name "* ]] && return
	start "$n"
	for p in $(workers); do pids+=(--pid "$p"); done
	for p in "$server" $(pgrep -P "$server" -f -- '-x server'); do
		pids+=(--also "$p")
	done
	"$B/bin/chattr-load" --name "$name" --url "127.0.0.1:$PORT" \
		--lines "$lines" --cpu 1 --server-cpu 0 --spin --tick-ms 5 \
		"${pids[@]}" "$@" >>"$run/json" || {
		echo "$name: not all were served" >&2
		sed -n '$s/.*"failures":\({[^}]*}\).*/\1/p' "$run/json" >&2
		grep -v info "$run/log" >&2
	}
	tail -1 "$run/json" | table
	stop
}

# ramp NAME OPTIONS...: room by room to the limit, which is what a full core
# would carry at the price of the last step; latency at 70 % of it, what was
# dropped up to 90 %.
ramp() {
	[ "$only" != "  " ] && [[ $only != *" $1 "* ]] && return
	rm -f "$run/steps"
	LINES_TO=$run/steps load "$1" 1 --ramp "${@:2}"
	awk -F'[:,]' -v name="$1" '
		{ split($2, k, "[.\"]"); what = k[3]
		  if (what == "packets_per_cpu_second") n++
		  v[n, what] = $4 }
		function out(what, x, unit) {
			printf "{\"name\":\"%s.%s\",\"value\":%.6g,\"unit\":\"%s\"}\n",
				name, what, x, unit }
		END {
			limit = v[n, "packets_per_cpu_second"]
			for (i = 1; i <= n; i++) {
				pps = v[i, "delivered_pps"]
				if (pps <= 0.9 * limit) drops += v[i, "server_drops"]
				if (!at && pps >= 0.7 * limit) at = i
				if (pps > top) top = pps
			}
			out("limit", limit, "1/s"); out("reached", top, "1/s")
			out("drops_to_90", drops, "1")
			if (at) {
				out("latency_p99_at_70_us", v[at, "latency_p99_us"], "us")
				out("latency_p999_at_70_us", v[at, "latency_p999_us"], "us")
			}
		}' "$run/steps" | tee -a "$OUT"
}

# One row of the table out of the run's JSON object.
field() { sed -n "s/.*\"$1\":\([^,}]*\).*/\1/p" <<<"$json"; }
table() {
	read -r json
	local p99 floor per
	p99=$(sed -n 's/.*"latency_us":{[^}]*"p99":\([0-9]*\).*/\1/p' <<<"$json")
	floor=$(field floor) per=$(field packets_per_cpu_second)
	printf '%-14s %9.0f %10.0f %7s %8.5f %8s %8.0f %7.2f %7.2f\n' \
		"$(field name | tr -d '"')" "$(field delivered_pps)" "$per" \
		"$(awk -v f="$floor" -v p="$per" \
			'BEGIN { if (f > 0 && p > 0) printf "%.2f", f / p; else printf "-" }')" \
		"$(field loss)" "$p99" "$(field rss_per_subscriber)" \
		"$(field cores)" "$(field generator_cores)"
}

printf '%-14s %9s %10s %7s %8s %8s %8s %7s %7s\n' run packets/s per-cpu-s \
	x-floor loss p99-us rss/sub worker gen

fan() { load "fanout-$1" 1 --pubs 1 --subs "$1" --rooms "$2" --floor "${@:3}"; }

# What a peer and what a consumer hold, after the handshakes are forgotten.
memory() {
	rm -f "$run/memory"
	LINES_TO=$run/memory load memory-100 1 --pubs 4 --subs 100 \
		--settle "$1" --warm 12 --secs 2 --every-ms 12
	[ -f "$run/memory" ] || return
	# It is the same fan-out, one sender after the other.
	sed 's/memory-100\(.rss_per_consumer\)/fanout-100\1/;t;d' \
		"$run/memory" | cat "$run/memory" - >>"$OUT"
}

# Where a worker's time goes under the fan-out: groups, then functions.
profile() {
	command -v perf >/dev/null || { echo 'perf is missing: apt-get install linux-perf' >&2; exit 2; }
	start 1
	worker=$(workers)
	(sleep 12; exec perf record -q -e cpu-clock -F 3000 -p "$worker" \
		-o "$run/perf" -- sleep 8 >/dev/null 2>&1) &
	"$B/bin/chattr-load" --name profile --url "127.0.0.1:$PORT" --cpu 1 \
		--server-cpu 0 --spin --pid "$worker" --pubs 1 --subs 100 \
		--rooms 4 --every-ms 10 --warm 8 --secs 10 >"$run/json" || exit 1
	wait %2 2>/dev/null
	table <"$run/json"
	perf report -i "$run/perf" --no-children -F overhead,dso,sym 2>/dev/null |
		awk '/^ *[0-9.]+%/ { print $1 + 0, $2, $NF == "-" ? $4 : $NF }' >"$run/flat"
	echo; echo 'share  where'
	awk '{ d = $2 ~ /kernel/ ? "kernel" : $2; s[d] += $1 }
		END { for (d in s) printf "%5.1f  %s\n", s[d], d }' "$run/flat" |
		sort -rn | head -8
	echo; echo 'share  function'
	sort -rn "$run/flat" | awk '{ printf "%5.1f  %-44s %s\n", $1, $3, $2 }' |
		head -40
}

if [ "$kind" = profile ]; then
	profile
	exit
elif [ "$kind" = quick ]; then
	fan 100 4 --secs 10 --every-ms 25
	load audio-100 1 --pubs 10 --subs 100 --video-bps 0 --audio-bps 32000 \
		--secs 8 --every-ms 10
	load meeting-16 1 --both 16 --layers 3 --audio-bps 32000 --secs 10 \
		--every-ms 50
	load storm-100 1 --pubs 4 --subs 100 --video-bps 300000 --secs 3 \
		--every-ms 19 --warm 1
	memory 32
	# The same load on one worker and on two.
	load workers-1 1 --pubs 1 --subs 50 --rooms 4 --secs 6 --every-ms 10
	load workers-2 2 --pubs 1 --subs 50 --rooms 4 --secs 6 --every-ms 10 \
		--server-cpu -1
	# And one room, on one worker and spread over both.
	load room-1 1 --pubs 4 --subs 50 --secs 6 --every-ms 10
	CHATTR_MEDIA_CAPACITY=20 load room-2 2 --pubs 4 --subs 50 --secs 6 \
		--every-ms 10 --server-cpu -1
else
	# Publishers are added until the load is reached; the highest load has
	# the plain name.
	for n in 10 50 100 200; do
		for pps in 27 81 135 190; do
			rooms=$((pps * 1000 / n / 270))
			[ $rooms -ge 1 ] || continue
			name=fanout-$n
			[ $pps = 190 ] || name=$name-at-${pps}k
			load "$name" 1 --pubs 1 --subs "$n" --rooms $rooms --floor \
				--secs 12 --every-ms 25
		done
	done
	load audio-100 1 --pubs 10 --subs 100 --video-bps 0 --audio-bps 32000 \
		--secs 20 --every-ms 10
	for n in 8 16; do
		load meeting-$n 1 --both $n --layers 3 --audio-bps 32000 \
			--secs 20 --every-ms 50
	done
	load rooms-20x4 1 --rooms 20 --both 4 --layers 3 --audio-bps 32000 \
		--secs 20 --every-ms 20
	load storm-100 1 --pubs 4 --subs 100 --video-bps 300000 --secs 5 \
		--every-ms 19 --warm 1
	load churn-100 1 --pubs 1 --subs 100 --rooms 2 --churn-ms 100 \
		--secs 20 --every-ms 25
	ramp ramp-20 --pubs 1 --subs 20 --rooms 100 --secs 3 --warm 1
	ramp ramp-100 --pubs 1 --subs 100 --rooms 20 --secs 4 --warm 1
	memory 35
	load workers-1 1 --pubs 1 --subs 50 --rooms 4 --secs 15 --every-ms 10
	load workers-2 2 --pubs 1 --subs 50 --rooms 4 --secs 15 --every-ms 10 \
		--server-cpu -1
	load room-1 1 --pubs 4 --subs 50 --secs 15 --every-ms 10
	CHATTR_MEDIA_CAPACITY=20 load room-2 2 --pubs 4 --subs 50 --secs 15 \
		--every-ms 10 --server-cpu -1
fi
# What two workers make of the same work as one.
for what in workers room; do
	awk -F'[:,]' -v what=$what '
		index($0, "\"" what "-1.packets_per_cpu_second\"") { one = $4 }
		index($0, "\"" what "-2.packets_per_cpu_second\"") { two = $4 }
		END { if (one > 0 && two > 0)
			printf "{\"name\":\"%s-2.efficiency\",\"value\":%.3f,\"unit\":\"1\"}\n", what, two / one
		}' "$OUT" | tee -a "$OUT"
done
awk -f tests/load/plot.awk "$OUT" >"${OUT%.jsonl}.svg"
