#!/usr/bin/python3
"""Bytes of all kinds for a nanomsg socket of the bus, which has one peer
already: no greeting, a right greeting and rubbish, a message without end.

	garbage.py PATH
"""
import os, socket, struct, sys

hello = b"\0SP\0" + struct.pack(">HH", 16, 0)  # PAIR
for data in (
	os.urandom(64),
	hello + os.urandom(300),
	hello + b"\x01" + struct.pack(">Q", 20) + os.urandom(20),
	hello + b"\x01" + struct.pack(">Q", 1 << 40) + os.urandom(5000),
	hello[:3],
):
	with socket.socket(socket.AF_UNIX) as s:
		s.settimeout(1)
		try:
			s.connect(sys.argv[1])
			s.sendall(data)
			s.recv(100)
		except OSError:
			pass
