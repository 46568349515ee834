import { createHmac, hkdfSync } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { messageKey, Reader, Writer } from './ratchet';
import vectors from './vectors.json';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const unhex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'));

/** A second implementation, from the description and node's own HKDF. */
function reference(epochKey: Uint8Array, roomId: string, session: Uint8Array, counter: number): string {
	const block = Buffer.alloc(4);
	block.writeUInt32BE(Math.floor(counter / 256));
	const info = Buffer.concat([Buffer.from('chattr block 1'), session, block]);
	let chain = Buffer.from(hkdfSync('sha256', epochKey, Buffer.from(roomId), info, 32));
	for (let i = 0; i < counter % 256; i += 1) chain = Buffer.from(hkdfSync('sha256', chain, '', 'advance', 32));
	return Buffer.from(hkdfSync('sha256', chain, '', 'message', 32)).toString('hex');
}

test('the written vectors', () => {
	for (const { epochKey, roomId, session, counter, key } of vectors) {
		expect(hex(messageKey(unhex(epochKey), roomId, unhex(session), counter))).toBe(key);
		expect(reference(unhex(epochKey), roomId, unhex(session), counter)).toBe(key);
	}
});

test('a reader agrees with the reference in any order', () => {
	const epochKey = new Uint8Array(32).fill(7);
	const session = new Uint8Array(16).fill(9);
	fc.assert(
		fc.property(fc.array(fc.nat(800), { minLength: 1, maxLength: 12 }), (counters) => {
			const reader = new Reader(epochKey, 'room', session);
			for (const counter of counters) {
				expect(hex(reader.key(counter))).toBe(reference(epochKey, 'room', session, counter));
				reader.accept(counter);
			}
		}),
		{ numRuns: 25 }
	);
});

test('a writer gives each key once, and the keys a reader finds', () => {
	const epochKey = new Uint8Array(32).fill(1);
	const session = new Uint8Array(16).fill(2);
	const writer = new Writer(epochKey, 'room', session);
	const seen = new Set<string>();
	for (let i = 0; i < 600; i += 1) {
		const { counter, key } = writer.next();
		expect(counter).toBe(i);
		seen.add(hex(key));
		if (i % 97 === 0) expect(hex(messageKey(epochKey, 'room', session, i))).toBe(hex(key));
	}
	expect(seen.size).toBe(600);
});

test('the farthest key of a block is as near as any: no counter costs more than 5 ms', () => {
	const epochKey = new Uint8Array(32).fill(3);
	const session = new Uint8Array(16).fill(4);
	for (let i = 0; i < 20; i += 1) messageKey(epochKey, 'room', session, 255);
	const times: number[] = [];
	for (let i = 0; i < 21; i += 1) {
		const before = process.cpuUsage();
		messageKey(epochKey, 'room', session, 0xffffffff);
		const used = process.cpuUsage(before);
		times.push((used.user + used.system) / 1000);
	}
	expect(times.sort((a, b) => a - b)[10]).toBeLessThan(5);
});

test('keys of rooms, sessions and epochs have nothing in common', () => {
	const a = createHmac('sha256', 'x').update('y').digest();
	const keys = [
		messageKey(a, 'room', new Uint8Array(16), 0),
		messageKey(a, 'room2', new Uint8Array(16), 0),
		messageKey(a, 'room', new Uint8Array(16).fill(1), 0),
		messageKey(new Uint8Array(32), 'room', new Uint8Array(16), 0),
		messageKey(a, 'room', new Uint8Array(16), 256)
	].map(hex);
	expect(new Set(keys).size).toBe(keys.length);
});
