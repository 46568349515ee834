import { expect, test } from 'vitest';
import { Rates } from './stats';

test('counters become rates', () => {
	const rates = new Rates();
	expect(rates.rate('a', { at: 0, bytes: 0, packets: 0, lost: 0 }).bitrate).toBe(0);
	expect(rates.rate('a', { at: 2000, bytes: 250_000, packets: 200, lost: 3 })).toEqual({
		bitrate: 1_000_000,
		packets: 200,
		lost: 3
	});
});

test('a stream that began anew has no negative rate', () => {
	const rates = new Rates();
	rates.rate('a', { at: 0, bytes: 5000, packets: 50, lost: 0 });
	expect(rates.rate('a', { at: 1000, bytes: 10, packets: 1, lost: 0 })).toEqual({ bitrate: 0, packets: 0, lost: 0 });
});
