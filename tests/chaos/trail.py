#!/usr/bin/python3
"""Figures out of a trail of chattr-load and of lists.

	trail.py gaps TRAIL WINDOW_MS AT_MS ...	the longest silence after each
	trail.py calm TRAIL WINDOW_MS UNTIL_MS	the same in windows before that
	trail.py marks TRAIL WHAT		when that was
	trail.py spread VALUE ...		p50 p99 worst
	trail.py slope FILE FROM_S		KiB/h of lines "S KIB", least squares
"""
import sys


def lines(path, kind):
	with open(path) as f:
		for line in f:
			words = line.split()
			if len(words) == 3 and words[0] == kind:
				yield int(words[1]), words[2]


def worst(slots, start, window):
	# A slot tells of the 100 ms before it.
	return max((g for at, g in slots if start < at <= start + window + 100), default=0)


def main(what, *args):
	if what in ("gaps", "calm"):
		slots = [(at, int(us) / 1000) for at, us in lines(args[0], "gap")]
		window = int(args[1])
		starts = [int(a) for a in args[2:]]
		if what == "calm":
			first = slots[0][0]
			starts = list(range(first, starts[0] - window - 100, window)) or [first]
		print(*(round(worst(slots, s, window), 1) for s in starts))
	elif what == "marks":
		print(*(at for at, name in lines(args[0], "mark") if name == args[1]))
	elif what == "spread":
		v = sorted(float(a) for a in args)
		print(v[(len(v) - 1) // 2], v[min(len(v) - 1, int(len(v) * 0.99))], v[-1])
	elif what == "slope":
		with open(args[0]) as f:
			p = [tuple(map(float, l.split())) for l in f]
		p = [(s, k) for s, k in p if s >= float(args[1])]
		n, sx, sy = len(p), sum(s for s, _ in p), sum(k for _, k in p)
		sxx, sxy = sum(s * s for s, _ in p), sum(s * k for s, k in p)
		print(round((n * sxy - sx * sy) / (n * sxx - sx * sx) * 3600, 1))


main(*sys.argv[1:])
