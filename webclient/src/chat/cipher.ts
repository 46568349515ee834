/**
 * Chat between the members of a room, end to end encrypted: text in, ciphertext out, and back.
 * Pure of network and screen. Nothing here throws on what a server may send: what is not genuine
 * comes back as a verdict.
 */
import { equal, fromBase64Url, randomBytes, toBase64Url, utf8, type Bytes } from './bytes';
import {
	associatedData,
	decodeEnvelope,
	encodeContent,
	encodeEnvelope,
	pad,
	SALT_BYTES,
	signedBytes,
	unpad,
	VERSION_DIRECT,
	VERSION_GROUP,
	type Content,
	type Envelope,
	type MessageType
} from './frame';
import {
	checkMember,
	publicKeys,
	signWith,
	verifySignature,
	type Identity,
	type Member,
	type PublicKeys
} from './identity';
import { Reader, SESSION_BYTES, Writer } from './ratchet';
import { aesOpen, aesSeal, DIRECT, openEpochKey, pairKey, sealEpochKey } from './seal';
import { hkdf } from './sha256';

export interface Incoming {
	from: string;
	to?: string;
	ciphertext: string;
}

export interface Outgoing {
	type: MessageType;
	ref?: string;
	text?: string;
	name: string;
	/** Empty or absent: everyone. */
	to?: string;
}

export interface Genuine {
	ok: true;
	/** Names the message whatever the server calls it: session and counter. */
	uid: string;
	session: string;
	counter: number;
	content: Content;
	/** The sender signs with another key than before. */
	keyChanged: boolean;
}

export interface Box {
	to: string;
	box: string;
}

export type Verdict = Genuine | { ok: false; why: 'malformed' | 'no-key' | 'forged' | 'repeated' };

/** An epoch may have been keyed twice by members who did not see each other. Each costs a try. */
const KEYS_PER_EPOCH = 2;
const MAX_READERS = 512;

export class Cipher {
	readonly #epochs = new Map<number, Bytes[]>();
	#epoch = 0;
	readonly #writers = new Map<string, Writer>();
	readonly #directSessions = new Map<string, { session: Bytes; counter: number }>();
	readonly #readers = new Map<string, Reader>();
	readonly #seen = new Set<string>();
	/** Whose signing key a session belongs to: nobody uses up the counters of another. */
	readonly #owners = new Map<string, string>();
	readonly #members = new Map<string, Member>();

	constructor(
		readonly roomId: string,
		private readonly linkKey: Bytes,
		readonly identity: Identity,
		public peerId: string,
		/** Signing keys by peer, as they were first seen. */
		readonly pins: Map<string, string> = new Map()
	) {
		this.#epochs.set(0, [linkKey]);
	}

	get epoch(): number {
		return this.#epoch;
	}

	get epochKey(): Bytes {
		return this.#epochs.get(this.#epoch)![0]!;
	}

	/** Eight digits that two people compare. */
	get safetyCode(): string {
		const bytes = hkdf(this.epochKey, utf8(this.roomId), 'chattr safety 1');
		const number = new DataView(bytes.buffer).getBigUint64(0) % 100_000_000n;
		const digits = number.toString().padStart(8, '0');
		return `${digits.slice(0, 4)} ${digits.slice(4)}`;
	}

	ownKeys(): Promise<PublicKeys> {
		return publicKeys(this.identity, this.linkKey, this.roomId, this.peerId);
	}

	/** Takes a member's keys; false if they are not proven. */
	async meet(peerId: string, keys: PublicKeys): Promise<boolean> {
		const member = await checkMember(keys, this.linkKey, this.roomId, peerId);
		if (!member) return false;
		this.#members.set(peerId, member);
		if (!this.pins.has(peerId)) this.pins.set(peerId, keys.sign);
		return true;
	}

	knows(peerId: string): boolean {
		return this.#members.has(peerId);
	}

	/* ---- messages ---- */

	async encrypt(message: Outgoing): Promise<string> {
		const to = message.to ?? '';
		const { envelope, key } = to ? await this.#directEnvelope(to) : this.#groupEnvelope();
		const aad = associatedData({ roomId: this.roomId, from: this.peerId, to }, envelope);
		const content = encodeContent({
			type: message.type,
			ref: message.ref ?? '',
			name: message.name,
			text: message.text ?? '',
			publicKey: this.identity.signPublic
		});
		const signature = await signWith(this.identity, signedBytes(aad, content));
		const sealed = await aesSeal(key, pad(content, signature), aad);
		key.fill(0);
		return toBase64Url(encodeEnvelope({ ...envelope, sealed }));
	}

	async decrypt({ from, to = '', ciphertext }: Incoming): Promise<Verdict> {
		let envelope: Envelope;
		try {
			envelope = decodeEnvelope(fromBase64Url(ciphertext));
		} catch {
			return { ok: false, why: 'malformed' };
		}
		if ((envelope.version === VERSION_DIRECT) !== (to !== '')) return { ok: false, why: 'forged' };
		const session = toBase64Url(envelope.session);
		const uid = `${session}.${envelope.counter}`;
		if (this.#seen.has(uid)) return { ok: false, why: 'repeated' };
		const aad = associatedData({ roomId: this.roomId, from, to }, envelope);
		const plain = to ? await this.#openDirect(envelope, from, to, aad) : await this.#openGroup(envelope, session, aad);
		if (typeof plain === 'string') return { ok: false, why: plain };
		try {
			const opened = unpad(plain);
			const signed = signedBytes(aad, opened.signedPart);
			if (!(await verifySignature(opened.content.publicKey, opened.signature, signed))) {
				return { ok: false, why: 'forged' };
			}
			/* two copies may have been under way at once */
			if (this.#seen.has(uid)) return { ok: false, why: 'repeated' };
			const author = toBase64Url(opened.content.publicKey);
			if ((this.#owners.get(session) ?? author) !== author) return { ok: false, why: 'forged' };
			this.#owners.set(session, author);
			this.#seen.add(uid);
			const keyChanged = this.#pin(from, author);
			return { ok: true, uid, session, counter: envelope.counter, content: opened.content, keyChanged };
		} catch {
			return { ok: false, why: 'forged' };
		}
	}

	/** The uid of a ciphertext of one's own. */
	static uid(ciphertext: string): string {
		const { session, counter } = decodeEnvelope(fromBase64Url(ciphertext));
		return `${toBase64Url(session)}.${counter}`;
	}

	/** Own messages are shown at once; the server's copy must not show them again. */
	markSeen(uid: string): void {
		this.#seen.add(uid);
		this.#owners.set(uid.split('.')[0]!, toBase64Url(this.identity.signPublic));
	}

	/* ---- epochs ---- */

	/**
	 * A fresh key for `epoch`, sealed to these members as far as they are known. It counts from
	 * `commit` on: of two who seal the same epoch at once the server takes one.
	 */
	async startEpoch(epoch: number, members: string[]): Promise<{ boxes: Box[]; commit(): void }> {
		const key = randomBytes(32);
		const known = members.filter((id) => this.#members.has(id));
		const boxes = await Promise.all(known.map((to) => this.#seal(to, epoch, key)));
		return { boxes, commit: () => void this.#addEpoch(epoch, key) };
	}

	/** The current epoch's key for one member. */
	sealFor(to: string): Promise<Box> {
		return this.#seal(to, this.#epoch, this.epochKey);
	}

	async #seal(to: string, epoch: number, key: Bytes): Promise<Box> {
		const member = this.#members.get(to);
		if (!member) throw new Error('unknown member');
		const place = { roomId: this.roomId, from: this.peerId, to, epoch };
		return { to, box: await sealEpochKey(this.identity, member.sealPublic, place, key) };
	}

	/** Keys of epochs for this tab to keep over a reload, beside the link's. */
	get keptEpochs(): [number, string][] {
		return [...this.#epochs]
			.filter(([epoch]) => epoch > 0)
			.flatMap(([epoch, keys]) => keys.map((key): [number, string] => [epoch, toBase64Url(key)]));
	}

	restoreEpochs(kept: [number, string][]): void {
		for (const [epoch, key] of kept) this.#addEpoch(epoch, fromBase64Url(key));
	}

	/** True: a key that was not known before. */
	async openBox(from: string, epoch: number, box: string): Promise<boolean> {
		const member = this.#members.get(from);
		if (!member || !Number.isInteger(epoch) || epoch <= 0 || epoch > 0xffffffff) return false;
		try {
			const place = { roomId: this.roomId, from, to: this.peerId, epoch };
			return this.#addEpoch(epoch, await openEpochKey(this.identity, member.sealPublic, place, box));
		} catch {
			return false;
		}
	}

	#addEpoch(epoch: number, key: Bytes): boolean {
		const keys = this.#epochs.get(epoch) ?? [];
		if (keys.some((k) => equal(k, key)) || keys.length >= KEYS_PER_EPOCH) return false;
		this.#epochs.set(epoch, [...keys, key]);
		this.#epoch = Math.max(this.#epoch, epoch);
		return true;
	}

	/* ---- keys of single messages ---- */

	#groupEnvelope(): { envelope: Envelope; key: Bytes } {
		const name = String(this.#epoch);
		let writer = this.#writers.get(name);
		if (!writer) {
			/* a session of its own for each epoch: no key is ever made twice */
			writer = new Writer(this.epochKey, this.roomId, randomBytes(SESSION_BYTES));
			this.#writers.clear();
			this.#writers.set(name, writer);
		}
		const { counter, key } = writer.next();
		const none = new Uint8Array(0);
		const envelope = { version: VERSION_GROUP, epoch: this.#epoch, session: writer.session, counter };
		return { envelope: { ...envelope, salt: none, sealed: none }, key };
	}

	async #directEnvelope(to: string): Promise<{ envelope: Envelope; key: Bytes }> {
		const member = this.#members.get(to);
		if (!member) throw new Error('unknown member');
		const kept = this.#directSessions.get(to) ?? { session: randomBytes(SESSION_BYTES), counter: 0 };
		const { session, counter } = kept;
		this.#directSessions.set(to, { session, counter: counter + 1 });
		const salt = randomBytes(SALT_BYTES);
		const key = await pairKey(this.identity, member.sealPublic, salt, DIRECT);
		const envelope = { version: VERSION_DIRECT, epoch: 0, session, counter, salt, sealed: new Uint8Array(0) };
		return { envelope, key };
	}

	async #openGroup(envelope: Envelope, session: string, aad: Bytes): Promise<Bytes | 'no-key' | 'forged'> {
		const keys = this.#epochs.get(envelope.epoch);
		if (!keys) return 'no-key';
		for (const [i, epochKey] of keys.entries()) {
			const reader = this.#reader(`${envelope.epoch}/${i}/${session}`, epochKey, envelope.session);
			try {
				const { key, accept } = reader.find(envelope.counter);
				const plain = await aesOpen(key, envelope.sealed, aad);
				accept();
				this.#keepReader(`${envelope.epoch}/${i}/${session}`, reader);
				return plain;
			} catch {
				/* another key of the epoch, or none */
			}
		}
		return 'forged';
	}

	async #openDirect(envelope: Envelope, from: string, to: string, aad: Bytes): Promise<Bytes | 'no-key' | 'forged'> {
		const other = from === this.peerId ? to : from;
		if (other !== from && from !== this.peerId) return 'forged';
		const member = this.#members.get(other);
		if (!member) return 'no-key';
		try {
			const key = await pairKey(this.identity, member.sealPublic, envelope.salt, DIRECT);
			return await aesOpen(key, envelope.sealed, aad);
		} catch {
			return 'forged';
		}
	}

	/** Readers are kept only after a genuine message, so that made-up sessions cost no memory. */
	#reader(name: string, epochKey: Bytes, session: Bytes): Reader {
		return this.#readers.get(name) ?? new Reader(epochKey, this.roomId, session);
	}

	#keepReader(name: string, reader: Reader): void {
		this.#readers.delete(name);
		this.#readers.set(name, reader);
		const oldest = this.#readers.keys().next().value;
		if (this.#readers.size > MAX_READERS && oldest !== undefined) this.#readers.delete(oldest);
	}

	#pin(from: string, key: string): boolean {
		const pinned = this.pins.get(from);
		if (pinned === key) return false;
		this.pins.set(from, key);
		return pinned !== undefined;
	}
}

