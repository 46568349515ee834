#!/bin/bash
# Installs the Debian packages that are missing, and only those.
#
#	conf/setup.sh [run] [test] [deb]
#
# run: what building and running needs; test, deb: what the tests and the
# packages need besides.
# Says what it does; asks for root through sudo when it must. To add a
# package, add a word to one of the lists.
set -euo pipefail

run=(
	gcc libc6-dev make pkg-config git ca-certificates
	protobuf-c-compiler libprotobuf-c-dev libnanomsg-dev
	libevent-dev libssl-dev libsrtp2-dev libhttp-parser-dev libwslay-dev
	libjansson-dev libconfuse-dev libsqlite3-dev
	libcjose-dev libcurl4-openssl-dev libsodium-dev libutf8proc-dev
	libseccomp-dev libcap-ng-dev
)
test=(
	check clang-14 clang-format-14 clang-tidy-14 libclang-rt-14-dev llvm-14
	python3 procps iproute2 nftables util-linux
	chromium firefox-esr fonts-dejavu-core fonts-noto-color-emoji
	spin valgrind curl openssl systemd groff-base
)
deb=(debhelper dpkg-dev lintian debootstrap)
# Intel's AES, a back end of the media path: amd64 alone.
[ "$(dpkg --print-architecture 2>/dev/null)" = amd64 ] && run+=(libipsec-mb-dev)

# Debian's npm brings a Node that is too old for the web client; it fetches
# the one that is used (build/node). Any other npm on the path does as well.
command -v npm >/dev/null || run+=(npm)

want=("${run[@]}")
for set in "$@"; do
	case $set in
	run) ;;
	test) want+=("${test[@]}") ;;
	deb) want+=("${deb[@]}") ;;
	*)
		echo "usage: $0 [run] [test] [deb]" >&2
		exit 2
		;;
	esac
done

if ! command -v dpkg-query >/dev/null; then
	echo "setup: this is not Debian; needed are the equivalents of:" >&2
	printf '%s\n' "${want[*]}" | fold -sw 72 >&2
	exit 0
fi

missing=()
for p in "${want[@]}"; do
	state=$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null || true)
	[ "$state" = installed ] || missing+=("$p")
done
if [ ${#missing[@]} -eq 0 ]; then
	exit 0
fi

echo "setup: installing ${missing[*]}" | fold -sw 78
as_root=()
if [ "$(id -u)" -ne 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "setup: not root and no sudo; as root run:" >&2
		echo "  apt-get install --no-install-recommends ${missing[*]}" >&2
		exit 1
	fi
	as_root=(sudo)
fi
export DEBIAN_FRONTEND=noninteractive
keep=(env DEBIAN_FRONTEND=noninteractive)
# A list of packages from less than a day ago is good enough.
lists=/var/lib/apt/lists
if [ -z "$(find $lists -maxdepth 1 -name '*Packages*' -mtime -1 -print -quit)" ]; then
	"${as_root[@]}" "${keep[@]}" apt-get update -q
fi
"${as_root[@]}" "${keep[@]}" apt-get install -q -y --no-install-recommends \
	"${missing[@]}"
