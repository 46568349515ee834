#!/bin/bash
# Installs the packages of `make deb` in a fresh tree of Debian, starts the
# daemons by the command lines of their unit as the user of the unit, and asks
# them. Needs root and debootstrap; the tree is kept as a tar file for the next
# time.
#
#	conf/debtest.sh
set -euo pipefail
cd "$(dirname "$0")/.."
suite=${SUITE:-bookworm}
port=${PORT:-4443}
base=build/debtest.$suite.tar
tree=$(mktemp -d /tmp/chattr-debtest.XXXXXX)
pid=

cleanup() {
	[ -z "$pid" ] || kill "$pid" 2>/dev/null || true
	[ -z "$pid" ] || wait "$pid" 2>/dev/null || true
	for m in run dev/shm proc; do
		mountpoint -q "$tree/$m" && umount "$tree/$m"
	done
	rm -rf "$tree"
}
trap cleanup EXIT

if [ -e "$base" ]; then
	tar -xf "$base" -C "$tree"
else
	debootstrap --variant=minbase "$suite" "$tree"
	tar -cf "$base" -C "$tree" .
fi
chmod 755 "$tree" # as the tar file may have it otherwise
mount -t proc proc "$tree/proc"
mount -t tmpfs -o mode=755 tmpfs "$tree/run"
mkdir -p "$tree/dev/shm"
mount -t tmpfs tmpfs "$tree/dev/shm"
# Nothing starts by itself: there is no systemd in there.
printf '#!/bin/sh\nexit 101\n' >"$tree/usr/sbin/policy-rc.d"
chmod +x "$tree/usr/sbin/policy-rc.d"
[ ! -e /etc/apt/apt.conf.d ] || cp -r /etc/apt/apt.conf.d "$tree/etc/apt/"
cp /etc/resolv.conf "$tree/etc/"
cp build/deb/*.deb "$tree/tmp/"

inside() { chroot "$tree" env DEBIAN_FRONTEND=noninteractive "$@"; }
inside apt-get update -q
inside sh -c 'apt-get install -q -y --no-install-recommends /tmp/*.deb'

unit=$tree/lib/systemd/system/chattr.service
# line KEY: the command line of the unit.
line() { sed -n "s/^$1=//p" "$unit" | head -1; }
[ "$(line User)" = chattr ]
inside id chattr
# What systemd makes of RuntimeDirectory and StateDirectory.
inside install -d -o chattr -g chattr -m 700 /run/chattr /var/lib/chattr

as_chattr() { exec chroot --userspec=chattr:chattr "$tree" env -i "$@"; }
# shellcheck disable=SC2046
(as_chattr $(line ExecStartPre))
# shellcheck disable=SC2046
as_chattr CHATTR_LISTEN_PORT="$port" CHATTR_SERVER_RUN_DIR=/run/chattr \
	CHATTR_SERVER_STATE_DIR=/var/lib/chattr \
	CHATTR_MEDIA_PORT=$((port + 1000)) $(line ExecStart) &
pid=$!
for _ in $(seq 100); do
	inside chattrctl status >"$tree/tmp/status" 2>/dev/null &&
		grep -q '^workersUp *[1-9]' "$tree/tmp/status" && break
	sleep 0.1
done
cat "$tree/tmp/status"
grep -q '^state *serving' "$tree/tmp/status"
grep -q '^workersUp *[1-9]' "$tree/tmp/status"
curl -skf "https://127.0.0.1:$port/" >"$tree/tmp/page"
grep -q '<script' "$tree/tmp/page"
kill "$pid"
wait "$pid"
pid=
# Removing it leaves nothing running and no file but configuration and state.
inside apt-get purge -q -y chattr chattr-webclient
[ ! -e "$tree/usr/sbin/signald" ] && [ ! -e "$tree/etc/chattr/signald.conf" ]
echo "deb-test: 1 passed, 0 failed"
