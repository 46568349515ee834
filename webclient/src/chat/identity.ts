/**
 * A member's two key pairs, kept by room in IndexedDB so that they survive reloads: one signs
 * messages (ECDSA P-256), one is sealed to (ECDH P-256). Private keys cannot be exported.
 */
import { concat, equal, fromBase64Url, toBase64Url, utf8, type Bytes } from './bytes';
import { hkdf, hmac } from './sha256';

const SIGN = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGN_HASH = { name: 'ECDSA', hash: 'SHA-256' } as const;
const SEAL = { name: 'ECDH', namedCurve: 'P-256' } as const;
const KEY_BYTES = 65;

export interface Identity {
	sign: CryptoKeyPair;
	seal: CryptoKeyPair;
	signPublic: Bytes;
	sealPublic: Bytes;
}

/** What others are told; all base64url. */
export interface PublicKeys {
	sign: string;
	/** Public key 65 | signature 64. */
	seal: string;
	/** HMAC that proves the link key. */
	proof: string;
}

export interface Member {
	signPublic: Bytes;
	sealPublic: Bytes;
}

export async function newIdentity(): Promise<Identity> {
	const sign = await crypto.subtle.generateKey(SIGN, false, ['sign', 'verify']);
	const seal = await crypto.subtle.generateKey(SEAL, false, ['deriveBits']);
	return withPublic(sign, seal);
}

async function withPublic(sign: CryptoKeyPair, seal: CryptoKeyPair): Promise<Identity> {
	const raw = async (key: CryptoKey) => new Uint8Array(await crypto.subtle.exportKey('raw', key));
	return { sign, seal, signPublic: await raw(sign.publicKey), sealPublic: await raw(seal.publicKey) };
}

export async function signWith(identity: Identity, data: Bytes): Promise<Bytes> {
	return new Uint8Array(await crypto.subtle.sign(SIGN_HASH, identity.sign.privateKey, data));
}

export async function verifySignature(publicKey: Bytes, signature: Bytes, data: Bytes): Promise<boolean> {
	try {
		const key = await crypto.subtle.importKey('raw', publicKey, SIGN, false, ['verify']);
		return await crypto.subtle.verify(SIGN_HASH, key, signature, data);
	} catch {
		return false;
	}
}

/** 32 bytes that only the two members can derive. */
export async function sharedSecret(identity: Identity, theirs: Bytes): Promise<Bytes> {
	const key = await crypto.subtle.importKey('raw', theirs, SEAL, false, []);
	const bits = await crypto.subtle.deriveBits({ name: 'ECDH', public: key }, identity.seal.privateKey, 256);
	return new Uint8Array(bits);
}

function sealStatement(roomId: string, peerId: string, sealPublic: Uint8Array): Bytes {
	return concat(utf8('chattr seal 1'), Uint8Array.of(0), utf8(roomId), Uint8Array.of(0), utf8(peerId), sealPublic);
}

function proofOf(linkKey: Uint8Array, roomId: string, peerId: string, sign: string, seal: string): Bytes {
	const key = hkdf(linkKey, utf8(roomId), 'chattr proof 1');
	return hmac(key, utf8(`${peerId}\0${sign}\0${seal}`));
}

export async function publicKeys(
	identity: Identity,
	linkKey: Uint8Array,
	roomId: string,
	peerId: string
): Promise<PublicKeys> {
	const signature = await signWith(identity, sealStatement(roomId, peerId, identity.sealPublic));
	const sign = toBase64Url(identity.signPublic);
	const seal = toBase64Url(concat(identity.sealPublic, signature));
	return { sign, seal, proof: toBase64Url(proofOf(linkKey, roomId, peerId, sign, seal)) };
}

/** Null unless the keys belong to this peer and whoever made them holds the link. */
export async function checkMember(
	keys: PublicKeys,
	linkKey: Uint8Array,
	roomId: string,
	peerId: string
): Promise<Member | null> {
	try {
		const proof = fromBase64Url(keys.proof);
		if (!equal(proof, proofOf(linkKey, roomId, peerId, keys.sign, keys.seal))) return null;
		const signPublic = fromBase64Url(keys.sign);
		const seal = fromBase64Url(keys.seal);
		const sealPublic = seal.slice(0, KEY_BYTES);
		const signature = seal.slice(KEY_BYTES);
		const genuine = await verifySignature(signPublic, signature, sealStatement(roomId, peerId, sealPublic));
		return genuine ? { signPublic, sealPublic } : null;
	} catch {
		return null;
	}
}

/* ---- IndexedDB ---- */

const DATABASE = 'chattr';
const STORE = 'identities';

function done<T>(request: IDBRequest<T>): Promise<T> {
	return new Promise((resolve, reject) => {
		request.onsuccess = () => resolve(request.result);
		request.onerror = () => reject(request.error ?? new Error('indexedDB'));
	});
}

async function database(): Promise<IDBDatabase> {
	const open = indexedDB.open(DATABASE, 1);
	open.onupgradeneeded = () => open.result.createObjectStore(STORE);
	return done(open);
}

/** The room's identity of this browser; a fresh one where nothing can be stored. */
export async function loadIdentity(roomId: string): Promise<Identity> {
	try {
		const db = await database();
		const stored = await done(db.transaction(STORE).objectStore(STORE).get(roomId));
		const kept = stored as { sign: CryptoKeyPair; seal: CryptoKeyPair } | undefined;
		if (kept) return await withPublic(kept.sign, kept.seal);
		const fresh = await newIdentity();
		const { sign, seal } = fresh;
		await done(db.transaction(STORE, 'readwrite').objectStore(STORE).put({ sign, seal }, roomId));
		return fresh;
	} catch {
		return newIdentity();
	}
}
