#!/bin/bash
# Starts what `make run` has built, with its state in build/state, and prints
# where it can be reached. One Ctrl-C ends everything.
#
# Keys of the configuration come from the environment:
#	CHATTR_LISTEN_PORT=8443 make run
set -euo pipefail
cd "$(dirname "$0")/.."

bin=build/${VARIANT:-release}/bin
port=${CHATTR_LISTEN_PORT:-4443}
scheme=https
[ "${CHATTR_LISTEN_TLS:-true}" = false ] && scheme=http

export CHATTR_SERVER_STATE_DIR=${CHATTR_SERVER_STATE_DIR:-$PWD/build/state}
if [ -z "${CHATTR_SERVER_RUN_DIR:-}" ]; then
	CHATTR_SERVER_RUN_DIR=$PWD/build/run
	# The path of a socket has 107 bytes at most.
	if [ ${#CHATTR_SERVER_RUN_DIR} -gt 90 ]; then
		CHATTR_SERVER_RUN_DIR=$(mktemp -d -t chattr.XXXXXX)
	fi
	export CHATTR_SERVER_RUN_DIR
fi

# The folders belong to whoever runs this; no change of user.
export CHATTR_SERVER_USER=${CHATTR_SERVER_USER:-}

# Printed as soon as the port answers, while signald takes over this process.
announce() {
	for _ in $(seq 150); do
		kill -0 $$ 2>/dev/null || return 0
		if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
			echo
			echo "  chattr is running:"
			echo "    $scheme://localhost:$port"
			for a in $(hostname -I 2>/dev/null); do
				case $a in
				*:*) echo "    $scheme://[$a]:$port" ;;
				*) echo "    $scheme://$a:$port" ;;
				esac
			done
			if [ $scheme = https ] && [ -z "${CHATTR_LISTEN_CERT:-}" ]; then
				echo "  (a self-signed certificate: the browser warns once)"
			fi
			echo "  $bin/chattrctl -s $CHATTR_SERVER_RUN_DIR/admin status"
			echo "  Ctrl-C ends it."
			echo
			return 0
		fi
		sleep 0.1
	done
}
announce &
exec "$bin/signald" "$@"
