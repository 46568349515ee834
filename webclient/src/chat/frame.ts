/**
 * The bytes of a chat message. Integers are big-endian; a string is a 2-byte length and UTF-8.
 *
 *   envelope   = version 1 | epoch 4 | session 16 | counter 4 | [salt 16 if direct] | sealed
 *   AAD        = version 1 | room id | from | to or empty | epoch 4 | session 16 | counter 4
 *   plaintext  = content length 2 | content | zeros to a multiple of 64
 *   content    = type 1 | ref | display name | text | public key | signature 64
 *   signed     = "chattr message 1" | AAD | content without the signature
 */
import { concat, fromUtf8, utf8, type Bytes } from './bytes';
import { SESSION_BYTES, u32 } from './ratchet';

export const VERSION_GROUP = 1;
export const VERSION_DIRECT = 2;
export const SALT_BYTES = 16;
export const SIGNATURE_BYTES = 64;
export const PAD = 64;
export const MAX_TEXT_BYTES = 4096;
const MAX_NAME_BYTES = 512;
const MAX_REF_BYTES = 64;
const KEY_BYTES = 65;
const TAG_BYTES = 16;

export const TYPES = ['text', 'edit', 'delete', 'reaction'] as const;
export type MessageType = (typeof TYPES)[number];

export interface Envelope {
	version: number;
	epoch: number;
	session: Bytes;
	counter: number;
	/** Direct messages only. */
	salt: Bytes;
	sealed: Bytes;
}

export interface Place {
	roomId: string;
	from: string;
	/** Empty: to everyone. */
	to: string;
}

export interface Content {
	type: MessageType;
	/** The id of the message meant, or empty. */
	ref: string;
	name: string;
	text: string;
	publicKey: Bytes;
}

class Cursor {
	#at = 0;

	constructor(private readonly data: Bytes) {}

	get left(): number {
		return this.data.length - this.#at;
	}

	bytes(count: number): Bytes {
		if (count > this.left) throw new Error('truncated');
		this.#at += count;
		return this.data.slice(this.#at - count, this.#at);
	}

	u8(): number {
		return this.bytes(1)[0]!;
	}

	u16(): number {
		return (this.u8() << 8) | this.u8();
	}

	u32(): number {
		return this.u16() * 0x10000 + this.u16();
	}

	field(max: number): Bytes {
		const length = this.u16();
		if (length > max) throw new Error('too long');
		return this.bytes(length);
	}
}

function u16(value: number): Bytes {
	return Uint8Array.of(value >> 8, value & 0xff);
}

function field(bytes: Uint8Array): Bytes {
	return concat(u16(bytes.length), bytes);
}

export function encodeEnvelope(e: Envelope): Bytes {
	return concat(Uint8Array.of(e.version), u32(e.epoch), e.session, u32(e.counter), e.salt, e.sealed);
}

export function decodeEnvelope(data: Bytes): Envelope {
	const cursor = new Cursor(data);
	const version = cursor.u8();
	if (version !== VERSION_GROUP && version !== VERSION_DIRECT) throw new Error('unknown version');
	const epoch = cursor.u32();
	const session = cursor.bytes(SESSION_BYTES);
	const counter = cursor.u32();
	const salt = cursor.bytes(version === VERSION_DIRECT ? SALT_BYTES : 0);
	const sealed = cursor.bytes(cursor.left);
	if (sealed.length < PAD + TAG_BYTES || (sealed.length - TAG_BYTES) % PAD !== 0) throw new Error('bad length');
	return { version, epoch, session, counter, salt, sealed };
}

export function associatedData(place: Place, e: Pick<Envelope, 'version' | 'epoch' | 'session' | 'counter'>): Bytes {
	return concat(
		Uint8Array.of(e.version),
		field(utf8(place.roomId)),
		field(utf8(place.from)),
		field(utf8(place.to)),
		u32(e.epoch),
		e.session,
		u32(e.counter)
	);
}

/** What is signed is `signedBytes(aad, encodeContent(...))`. */
export function encodeContent(content: Content): Bytes {
	const text = utf8(content.text);
	if (text.length > MAX_TEXT_BYTES) throw new Error('too long');
	return concat(
		Uint8Array.of(TYPES.indexOf(content.type)),
		field(utf8(content.ref)),
		field(utf8(content.name)),
		field(text),
		field(content.publicKey)
	);
}

export function signedBytes(aad: Uint8Array, content: Uint8Array): Bytes {
	return concat(utf8('chattr message 1'), aad, content);
}

export function pad(content: Uint8Array, signature: Uint8Array): Bytes {
	const length = content.length + signature.length;
	const out = new Uint8Array(Math.ceil((2 + length) / PAD) * PAD);
	out.set(concat(u16(length), content, signature));
	return out;
}

export interface Opened {
	content: Content;
	/** The bytes of `content`, as they were signed. */
	signedPart: Bytes;
	signature: Bytes;
}

/** Strict: every byte is accounted for, padding is zero and no longer than it has to be. */
export function unpad(plain: Bytes): Opened {
	const outer = new Cursor(plain);
	const length = outer.u16();
	const inner = outer.bytes(length);
	if (outer.left >= PAD || outer.bytes(outer.left).some((b) => b !== 0)) throw new Error('bad padding');
	if (length < SIGNATURE_BYTES) throw new Error('truncated');
	const signedPart = inner.slice(0, length - SIGNATURE_BYTES);
	const cursor = new Cursor(signedPart);
	const type = TYPES[cursor.u8()];
	if (!type) throw new Error('unknown type');
	const content: Content = {
		type,
		ref: fromUtf8(cursor.field(MAX_REF_BYTES)),
		name: fromUtf8(cursor.field(MAX_NAME_BYTES)),
		text: fromUtf8(cursor.field(MAX_TEXT_BYTES)),
		publicKey: cursor.field(KEY_BYTES)
	};
	if (cursor.left !== 0 || content.publicKey.length !== KEY_BYTES) throw new Error('bad content');
	return { content, signedPart, signature: inner.slice(length - SIGNATURE_BYTES) };
}
