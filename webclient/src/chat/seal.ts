/**
 * Sealing between two members: ECDH of both pairs, HKDF with 16 random bytes, AES-256-GCM with a
 * zero nonce (each key seals one thing).
 */
import { concat, fromBase64Url, randomBytes, toBase64Url, utf8, type Bytes } from './bytes';
import { SALT_BYTES } from './frame';
import { sharedSecret, type Identity } from './identity';
import { u32 } from './ratchet';
import { hkdf } from './sha256';

const NONCE = new Uint8Array(12);

export async function aesSeal(key: Bytes, plain: Bytes, aad: Bytes): Promise<Bytes> {
	const aes = await crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt']);
	const params = { name: 'AES-GCM', iv: NONCE, additionalData: aad };
	return new Uint8Array(await crypto.subtle.encrypt(params, aes, plain));
}

/** Throws on anything that was not sealed with this key and this data. */
export async function aesOpen(key: Bytes, sealed: Bytes, aad: Bytes): Promise<Bytes> {
	const aes = await crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['decrypt']);
	const params = { name: 'AES-GCM', iv: NONCE, additionalData: aad };
	return new Uint8Array(await crypto.subtle.decrypt(params, aes, sealed));
}

/** The key of one direct message or box; `purpose` keeps the two apart. */
export async function pairKey(identity: Identity, theirs: Bytes, salt: Bytes, purpose: string): Promise<Bytes> {
	return hkdf(await sharedSecret(identity, theirs), salt, purpose);
}

export const DIRECT = 'chattr direct 1';
const EPOCH = 'chattr epoch 1';

function boxData(roomId: string, from: string, to: string, epoch: number): Bytes {
	return concat(utf8(`${EPOCH}\0${roomId}\0${from}\0${to}\0`), u32(epoch));
}

export interface BoxPlace {
	roomId: string;
	from: string;
	to: string;
	epoch: number;
}

export async function sealEpochKey(
	identity: Identity,
	theirs: Bytes,
	{ roomId, from, to, epoch }: BoxPlace,
	epochKey: Bytes
): Promise<string> {
	const salt = randomBytes(SALT_BYTES);
	const key = await pairKey(identity, theirs, salt, EPOCH);
	return toBase64Url(concat(salt, await aesSeal(key, epochKey, boxData(roomId, from, to, epoch))));
}

export async function openEpochKey(
	identity: Identity,
	theirs: Bytes,
	{ roomId, from, to, epoch }: BoxPlace,
	box: string
): Promise<Bytes> {
	const bytes = fromBase64Url(box);
	const salt = bytes.slice(0, SALT_BYTES);
	const key = await pairKey(identity, theirs, salt, EPOCH);
	const epochKey = await aesOpen(key, bytes.slice(SALT_BYTES), boxData(roomId, from, to, epoch));
	if (epochKey.length !== 32) throw new Error('bad epoch key');
	return epochKey;
}
