#!/usr/bin/python3
"""Connects, asks and goes, without a pause, until SIGTERM; then prints how
often that went well and how often not.

	knock.py PORT
"""
import signal, socket, ssl, sys, threading

port, stop, counts = int(sys.argv[1]), threading.Event(), [0, 0]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE


def once():
	with socket.create_connection(("127.0.0.1", port), 10) as s:
		with context.wrap_socket(s) as t:
			t.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
			got = t.recv(100)
			if not got.startswith(b"HTTP/1.1 "):
				print("answer:", got, file=sys.stderr)
			return got.startswith(b"HTTP/1.1 ")


def knock():
	while not stop.is_set():
		try:
			ok = once()
		except OSError as e:
			ok = False
			print(e, file=sys.stderr)
		counts[not ok] += 1
		stop.wait(0.02)


signal.signal(signal.SIGTERM, lambda *_: stop.set())
threads = [threading.Thread(target=knock) for _ in range(4)]
for t in threads:
	t.start()
stop.wait()
for t in threads:
	t.join()
print(*counts)
