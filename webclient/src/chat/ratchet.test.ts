import { createHmac, hkdfSync } from 'node:crypto';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { messageKey, Reader, Writer } from './ratchet';
import vectors from './vectors.json';

const steps = vi.hoisted(() => ({ count: 0 }));
vi.mock('./sha256', async (original) => {
	const real = await original<typeof import('./sha256')>();
	const hkdf: typeof real.hkdf = (...args) => {
		steps.count += 1;
		return real.hkdf(...args);
	};
	return { ...real, hkdf };
});

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
		fc.property(fc.array(fc.tuple(fc.nat(800), fc.boolean()), { minLength: 1, maxLength: 12 }), (steps) => {
			const reader = new Reader(epochKey, 'room', session);
			for (const [counter, genuine] of steps) {
				const { key, accept } = reader.find(counter);
				expect(hex(key)).toBe(reference(epochKey, 'room', session, counter));
				if (genuine) accept();
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

/* A walk is 255 steps, the block's key and the message's: whatever the counter says. */
test('no counter costs more than 257 derivations, nor more than 5 ms', () => {
	const epochKey = new Uint8Array(32).fill(3);
	const session = new Uint8Array(16).fill(4);
	for (const counter of [0, 255, 256, 20_000, 0xffffffff]) {
		steps.count = 0;
		new Reader(epochKey, 'room', session).find(counter);
		expect(steps.count).toBeLessThanOrEqual(257);
	}
	let best = Infinity;
	for (let i = 0; i < 40; i += 1) {
		const before = process.cpuUsage();
		messageKey(epochKey, 'room', session, 0xffffffff);
		const used = process.cpuUsage(before);
		best = Math.min(best, (used.user + used.system) / 1000);
	}
	expect(best).toBeLessThan(5);
});

test('messages in order cost a step each, and what was not accepted moves nothing', () => {
	const reader = new Reader(new Uint8Array(32), 'room', new Uint8Array(16));
	for (let i = 0; i < 256; i += 1) {
		reader.find(255);
		steps.count = 0;
		const { accept } = reader.find(i);
		accept();
		expect(steps.count).toBeLessThanOrEqual(3);
	}
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
