import { createHash, createHmac, hkdfSync } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hkdf, hmac, sha256 } from './sha256';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

test('FIPS 180-4 examples', () => {
	expect(hex(sha256(new TextEncoder().encode('abc')))).toBe(
		'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
	);
	expect(hex(sha256(new Uint8Array(0)))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
});

test('RFC 5869 test case 1, first block', () => {
	const ikm = new Uint8Array(22).fill(0x0b);
	const salt = Uint8Array.from({ length: 13 }, (_, i) => i);
	const info = Uint8Array.from({ length: 10 }, (_, i) => 0xf0 + i);
	expect(hex(hkdf(ikm, salt, info))).toBe('3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf');
});

test('the same as another implementation for any input', () => {
	const bytes = fc.uint8Array({ maxLength: 300 });
	fc.assert(
		fc.property(bytes, bytes, bytes, (a, b, c) => {
			expect(hex(sha256(a))).toBe(createHash('sha256').update(a).digest('hex'));
			expect(hex(hmac(a, b))).toBe(createHmac('sha256', a).update(b).digest('hex'));
			expect(hex(hkdf(a, b, c))).toBe(Buffer.from(hkdfSync('sha256', a, b, c, 32)).toString('hex'));
		})
	);
});
