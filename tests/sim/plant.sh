#!/bin/bash
# plant.sh SECS: does the simulation find what it is there for? For each
# patch in tests/sim/plants the room core is copied, broken and simulated;
# one that stays unseen for SECS fails the run. With SECS 0 it is only seen
# whether the patches still fit.
cd "$(dirname "$0")/../.." || exit 1
secs=${1:-10}
unseen=0 n=0
for patch in tests/sim/plants/*.patch; do
	name=$(basename "$patch" .patch)
	d=build/planted/$name
	rm -rf "$d" && mkdir -p "$d/signald" && cp -r signald/room "$d/signald/"
	patch -s -p1 -d "$d" <"$patch" || { echo "$name: does not apply"; exit 1; }
	[ "$secs" = 0 ] && continue
	gcc -std=c17 -D_GNU_SOURCE -O2 -I"$d" -I. -o "$d/sim" "$d"/signald/room/*.c \
		tests/sim/*.c common/*.c common/sys/clock.c -lsodium -lutf8proc -lm || exit 1
	n=$((n + 1))
	if out=$("$d/sim" "$secs"); then
		echo "$name: not found in $secs s"
		unseen=$((unseen + 1))
	else
		echo "$name: $(grep -m1 '^seed' <<<"$out")"
	fi
done
echo "planted: $((n - unseen)) found, $unseen unseen"
exit $((unseen > 0))
