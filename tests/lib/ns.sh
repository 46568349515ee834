#!/bin/sh
# ns.sh COMMAND [ARG ...]: runs a command in a network of its own, as root or
# as a normal user, and leaves nothing behind.
#
# The command runs on the "server" side (10.77.0.1, fd77::1). A namespace
# `client` hangs on it by a veth pair (10.77.0.2, fd77::2), so that browsers
# there have an address that is not loopback and the link can be cut or
# shaped: ip netns exec client CMD. Nothing reaches the outside.
if [ "$IN_NS" != 1 ]; then
	export IN_NS=1
	if [ "$(id -u)" = 0 ]; then
		exec unshare -n -m "$0" "$@"
	fi
	exec unshare -U -r -n -m "$0" "$@"
fi
set -e
PATH=$PATH:/usr/sbin:/sbin # ip and nft, which others than root do not find
mount -t tmpfs tmpfs /run
mkdir -p /run/netns
ip link set lo up
ip netns add client
ip link add ve-s type veth peer name ve-c netns client
# No link-local addresses: they come a second later, and a browser that sees
# its addresses change gives up what it is loading.
ip link set ve-s addrgenmode none
ip addr add 10.77.0.1/24 dev ve-s
ip addr add fd77::1/64 dev ve-s nodad
ip link set ve-s up
ip route add default via 10.77.0.2
in_client="ip netns exec client"
$in_client ip link set lo up
$in_client ip link set ve-c addrgenmode none
$in_client ip addr add 10.77.0.2/24 dev ve-c
$in_client ip addr add fd77::2/64 dev ve-c nodad
$in_client ip link set ve-c up
$in_client ip route add default via 10.77.0.1
$in_client ip -6 route add default via fd77::1
exec "$@"
