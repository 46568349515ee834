/**
 * SHA-256 (FIPS 180-4), HMAC (RFC 2104) and HKDF (RFC 5869), synchronous.
 *
 * WebCrypto has all three, but every call there is a task of its own: the 256 steps of a ratchet
 * block would take tens of milliseconds. Here a whole block takes about one. There are no tables or
 * branches that depend on secrets.
 */
import type { Bytes } from './bytes';
import { concat, utf8 } from './bytes';

const BLOCK = 64;

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const K = /* @__PURE__ */ roundConstants();

function roundConstants(): Int32Array {
	const k = new Int32Array(64);
	for (let n = 2, found = 0; found < 64; n += 1) {
		let prime = true;
		for (let d = 2; d * d <= n; d += 1) if (n % d === 0) prime = false;
		if (!prime) continue;
		const root = Math.cbrt(n);
		k[found++] = (root - Math.floor(root)) * 2 ** 32;
	}
	return k;
}

const W = new Int32Array(64);

function compress(state: Int32Array, data: Uint8Array, at: number): void {
	for (let i = 0; i < 16; i += 1) {
		const o = at + i * 4;
		W[i] = (data[o]! << 24) | (data[o + 1]! << 16) | (data[o + 2]! << 8) | data[o + 3]!;
	}
	for (let i = 16; i < 64; i += 1) {
		const x = W[i - 15]!;
		const y = W[i - 2]!;
		const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
		const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
		W[i] = (W[i - 16]! + s0 + W[i - 7]! + s1) | 0;
	}
	let a = state[0]!;
	let b = state[1]!;
	let c = state[2]!;
	let d = state[3]!;
	let e = state[4]!;
	let f = state[5]!;
	let g = state[6]!;
	let h = state[7]!;
	for (let i = 0; i < 64; i += 1) {
		const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
		const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i]! + W[i]!) | 0;
		const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
		const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
		h = g;
		g = f;
		f = e;
		e = (d + t1) | 0;
		d = c;
		c = b;
		b = a;
		a = (t1 + t2) | 0;
	}
	state[0] = state[0]! + a;
	state[1] = state[1]! + b;
	state[2] = state[2]! + c;
	state[3] = state[3]! + d;
	state[4] = state[4]! + e;
	state[5] = state[5]! + f;
	state[6] = state[6]! + g;
	state[7] = state[7]! + h;
}

const INITIAL = /* @__PURE__ */ Int32Array.of(
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19
);

const TAIL = new Uint8Array(2 * BLOCK);

/** Ends a hash that has taken `before` bytes, whole blocks, into `from`. */
function finish(from: Int32Array, before: number, data: Uint8Array): Bytes {
	const state = from.slice();
	const rest = data.length % BLOCK;
	const whole = data.length - rest;
	for (let at = 0; at < whole; at += BLOCK) compress(state, data, at);
	const end = rest < 56 ? BLOCK : 2 * BLOCK;
	const bits = (before + data.length) * 8;
	TAIL.fill(0);
	TAIL.set(whole ? data.subarray(whole) : data);
	TAIL[rest] = 0x80;
	for (let i = 0; i < 4; i += 1) TAIL[end - 1 - i] = bits >>> (8 * i);
	for (let at = 0; at < end; at += BLOCK) compress(state, TAIL, at);
	TAIL.fill(0);
	const out = new Uint8Array(32);
	for (let i = 0; i < 32; i += 1) out[i] = state[i >> 2]! >>> (24 - 8 * (i & 3));
	return out;
}

export function sha256(data: Uint8Array): Bytes {
	return finish(INITIAL, 0, data);
}

/** The two halves of an HMAC's key, as states behind their first block. */
interface HmacKey {
	inner: Int32Array;
	outer: Int32Array;
}

function hmacKey(key: Uint8Array): HmacKey {
	const short = key.length > BLOCK ? sha256(key) : key;
	const half = (pad: number) => {
		const block = new Uint8Array(BLOCK).fill(pad);
		for (let i = 0; i < short.length; i += 1) block[i] = short[i]! ^ pad;
		const state = INITIAL.slice();
		compress(state, block, 0);
		return state;
	};
	return { inner: half(0x36), outer: half(0x5c) };
}

function hmacWith({ inner, outer }: HmacKey, data: Uint8Array): Bytes {
	return finish(outer, BLOCK, finish(inner, BLOCK, data));
}

export function hmac(key: Uint8Array, data: Uint8Array): Bytes {
	return hmacWith(hmacKey(key), data);
}

/** Every step of a ratchet extracts without a salt: that key is made once. */
const NO_SALT = /* @__PURE__ */ hmacKey(new Uint8Array(0));

/** 32 bytes of HKDF-SHA-256: one round of the expansion. */
export function hkdf(ikm: Uint8Array, salt: Uint8Array, info: Uint8Array | string): Bytes {
	const prk = hmacWith(salt.length === 0 ? NO_SALT : hmacKey(salt), ikm);
	const text = typeof info === 'string' ? utf8(info) : info;
	return hmac(prk, concat(text, Uint8Array.of(1)));
}
