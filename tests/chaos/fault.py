#!/usr/bin/python3
"""Writes the words that fault.c reads, and reads its counters.

	fault.py FILE new
	fault.py FILE ROLE[+ROLE] [KIND=VALUE ...]	all other kinds are off
	fault.py FILE count KIND
"""
import struct, sys

ROLES = {"none": 0, "supervisor": 1, "server": 2, "worker": 4, "worker0": 8}
KINDS = ["roles", "enobufs", "emfile", "enospc", "clock", "malloc", "bus"]

path, what, *rest = sys.argv[1:]
if what == "new":
	with open(path, "wb") as f:
		f.write(bytes(4096))
elif what == "count":
	with open(path, "rb") as f:
		print(struct.unpack("16q", f.read(128))[8 + KINDS.index(rest[0])])
else:
	words = [0] * 8
	words[0] = sum(ROLES[r] for r in what.split("+"))
	for pair in rest:
		kind, value = pair.split("=")
		words[KINDS.index(kind)] = int(value)
	with open(path, "r+b") as f:
		f.write(struct.pack("8q", *words))
