import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Backoff } from './backoff';

test('waits stay under the doubling ceiling and under the cap', () => {
	fc.assert(
		fc.property(fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { maxLength: 40 }), (rolls) => {
			let i = 0;
			const backoff = new Backoff(300, 8000, () => rolls[i++] ?? 0);
			for (let n = 0; n < rolls.length; n += 1) {
				const wait = backoff.nextMs();
				expect(wait).toBeGreaterThanOrEqual(0);
				expect(wait).toBeLessThan(Math.min(8000, 300 * 2 ** n));
			}
		})
	);
});

test('reset begins anew', () => {
	const backoff = new Backoff(300, 8000, () => 0.999);
	for (let n = 0; n < 10; n += 1) backoff.nextMs();
	expect(backoff.nextMs()).toBeGreaterThan(7000);
	backoff.reset();
	expect(backoff.nextMs()).toBeLessThan(300);
});
