/**
 * Message keys. Each sender session (one page load) has a chain in blocks of 256 messages:
 *
 *   block key   = HKDF(epoch key, salt room id, "chattr block 1" | session | block as 4 bytes)
 *   message key = HKDF(chain key, "message"), next chain key = HKDF(chain key, "advance")
 *
 * Any message of the history is at most 255 steps away, so a forged counter costs no more than
 * any other. A sender forgets each chain key as soon as it was used.
 */
import { concat, utf8, type Bytes } from './bytes';
import { hkdf } from './sha256';

export const SESSION_BYTES = 16;
export const BLOCK_MESSAGES = 256;
export const MAX_COUNTER = 0xffffffff;

const NO_SALT = new Uint8Array(0);

export function u32(value: number): Bytes {
	const out = new Uint8Array(4);
	new DataView(out.buffer).setUint32(0, value);
	return out;
}

export function blockKey(epochKey: Uint8Array, roomId: string, session: Uint8Array, block: number): Bytes {
	return hkdf(epochKey, utf8(roomId), concat(utf8('chattr block 1'), session, u32(block)));
}

function messageKeyOf(chainKey: Uint8Array): Bytes {
	return hkdf(chainKey, NO_SALT, 'message');
}

function advance(chainKey: Uint8Array): Bytes {
	return hkdf(chainKey, NO_SALT, 'advance');
}

/** A receiver's way to any key. */
export function messageKey(epochKey: Uint8Array, roomId: string, session: Uint8Array, counter: number): Bytes {
	let chainKey = blockKey(epochKey, roomId, session, Math.floor(counter / BLOCK_MESSAGES));
	for (let step = counter % BLOCK_MESSAGES; step > 0; step -= 1) chainKey = advance(chainKey);
	return messageKeyOf(chainKey);
}

/** A key that may be the one of a message; `accept` once the message proved genuine. */
export interface Found {
	key: Bytes;
	accept(): void;
}

/**
 * A receiver's way to the keys of a session that come in order: one step each. Holds the chain key
 * behind the last message of one block; nothing that is not genuine moves it.
 */
export class Reader {
	#block = -1;
	#next = 0;
	#chainKey: Bytes | null = null;

	constructor(
		private readonly epochKey: Uint8Array,
		private readonly roomId: string,
		private readonly session: Uint8Array
	) {}

	find(counter: number): Found {
		const block = Math.floor(counter / BLOCK_MESSAGES);
		const index = counter % BLOCK_MESSAGES;
		const kept = block === this.#block && index >= this.#next ? this.#chainKey : null;
		let chainKey = kept ?? blockKey(this.epochKey, this.roomId, this.session, block);
		for (let at = kept ? this.#next : 0; at < index; at += 1) chainKey = advance(chainKey);
		return { key: messageKeyOf(chainKey), accept: () => this.#keep(block, index, chainKey) };
	}

	#keep(block: number, index: number, chainKey: Bytes): void {
		if (block < this.#block || (block === this.#block && index < this.#next)) return;
		this.#block = block;
		this.#next = index + 1;
		this.#chainKey = advance(chainKey);
	}
}

/** A sender's keys: each is given out once. */
export class Writer {
	#counter = 0;
	#chainKey: Bytes | null = null;

	constructor(
		private readonly epochKey: Uint8Array,
		private readonly roomId: string,
		readonly session: Bytes
	) {}

	next(): { counter: number; key: Bytes } {
		const counter = this.#counter;
		if (counter > MAX_COUNTER) throw new Error('session exhausted');
		if (counter % BLOCK_MESSAGES === 0 || !this.#chainKey) {
			const block = Math.floor(counter / BLOCK_MESSAGES);
			this.#chainKey = blockKey(this.epochKey, this.roomId, this.session, block);
		}
		const chainKey = this.#chainKey;
		this.#chainKey = advance(chainKey);
		this.#counter += 1;
		const key = messageKeyOf(chainKey);
		chainKey.fill(0);
		return { counter, key };
	}
}
