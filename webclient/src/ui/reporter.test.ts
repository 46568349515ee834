import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Reporter } from './reporter';

const rect = (w: number, h: number) => ({ x: 0, y: 0, w, h });
let told: unknown[][];
let reporter: Reporter;

beforeEach(() => {
	vi.useFakeTimers();
	told = [];
	reporter = new Reporter((...args) => told.push(args), () => 2);
});

afterEach(() => vi.useRealTimers());

test('device pixels are told, once, after a moment', () => {
	reporter.set('c', 'p', 'webcam', rect(320, 180), true);
	reporter.flushSoon();
	expect(told).toEqual([]);
	vi.advanceTimersByTime(200);
	expect(told).toEqual([['p', 'webcam', 640, 360, true]]);
	reporter.set('c', 'p', 'webcam', rect(322, 181), true);
	reporter.flush();
	expect(told.length).toBe(1);
	reporter.set('c', 'p', 'webcam', rect(640, 360), true);
	reporter.flush();
	expect(told.length).toBe(2);
});

test('a hidden tile and a hidden page show nothing', () => {
	reporter.set('a', 'p', 'webcam', null, true);
	reporter.set('b', 'q', 'webcam', rect(100, 100), false);
	reporter.flush();
	expect(told.map((t) => t[4])).toEqual([false, false]);
});

test('another consumer of the same picture is told anew', () => {
	reporter.set('c1', 'p', 'webcam', rect(100, 100), true);
	reporter.flush();
	reporter.begin();
	reporter.set('c2', 'p', 'webcam', rect(100, 100), true);
	reporter.flush();
	expect(told.length).toBe(2);
});

test('what was shown, hidden and shown again is told each time', () => {
	for (const visible of [true, false, true]) {
		reporter.begin();
		reporter.set('c', 'p', 'webcam', rect(100, 100), visible);
		/* several accounts before one telling: the last counts */
		reporter.begin();
		reporter.set('c', 'p', 'webcam', rect(100, 100), visible);
		reporter.flush();
	}
	expect(told.map((t) => t[4])).toEqual([true, false, true]);
});
