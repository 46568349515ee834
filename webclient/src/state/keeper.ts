/**
 * What a browser keeps: secrets by room, recent rooms, and whether this tab is in a call.
 * Every access is guarded: storage may be full or forbidden, and then nothing is remembered.
 */
import { randomBytes, toBase64Url } from '../chat/bytes';

export interface RoomSecrets {
	peerId?: string;
	resumeToken?: string;
	hostKey?: string;
	/** Of a meeting made here: whoever may host it again may read it again. */
	chatKey?: string;
}

export interface RecentRoom {
	roomId: string;
	at: number;
}

/** Survives a reload of this tab only. */
export interface TabCall {
	roomId: string;
	mic: boolean;
	camera: boolean;
}

const RECENT_MAX = 6;

function read<T>(area: () => Storage, key: string): T | null {
	try {
		const text = area().getItem(key);
		return text === null ? null : (JSON.parse(text) as T);
	} catch {
		return null;
	}
}

function write(area: () => Storage, key: string, value: unknown): void {
	try {
		if (value === null) area().removeItem(key);
		else area().setItem(key, JSON.stringify(value));
	} catch {
		/* nothing is remembered */
	}
}

const local = () => localStorage;
const session = () => sessionStorage;

export function secrets(roomId: string): RoomSecrets {
	return read<RoomSecrets>(local, `chattr.room.${roomId}`) ?? {};
}

export function keepSecrets(roomId: string, change: Partial<RoomSecrets>): void {
	write(local, `chattr.room.${roomId}`, { ...secrets(roomId), ...change });
}

export function chatKey(roomId: string): string | null {
	return read<string>(session, `chattr.key.${roomId}`) ?? secrets(roomId).chatKey ?? null;
}

export function keepChatKey(roomId: string, key: string): void {
	write(session, `chattr.key.${roomId}`, key);
}

export function tabCall(): TabCall | null {
	return read<TabCall>(session, 'chattr.call');
}

export function keepTabCall(call: TabCall | null): void {
	write(session, 'chattr.call', call);
}

export function recentRooms(): RecentRoom[] {
	const rooms = read<RecentRoom[]>(local, 'chattr.recent');
	return Array.isArray(rooms) ? rooms.filter((r) => typeof r?.roomId === 'string') : [];
}

export function keepRecent(roomId: string): void {
	const others = recentRooms().filter((r) => r.roomId !== roomId);
	write(local, 'chattr.recent', [{ roomId, at: Date.now() }, ...others].slice(0, RECENT_MAX));
}

export function forgetRecent(roomId: string): void {
	write(
		local,
		'chattr.recent',
		recentRooms().filter((r) => r.roomId !== roomId)
	);
}

/** Names this browser to a room's ban list when nobody signed in. */
export function browserId(): string {
	let id = read<string>(local, 'chattr.browser');
	if (!id) {
		id = toBase64Url(randomBytes(16));
		write(local, 'chattr.browser', id);
	}
	return id;
}

/** Keys of the chat's later epochs: like the link's key, for this tab only. */
export function keptEpochs(roomId: string): [number, string][] {
	const epochs = read<[number, string][]>(session, `chattr.epochs.${roomId}`);
	return Array.isArray(epochs) ? epochs : [];
}

export function keepEpochs(roomId: string, epochs: [number, string][]): void {
	write(session, `chattr.epochs.${roomId}`, epochs);
}

/** Signing keys of a room's people, as this tab first saw them. */
export function keptPins(roomId: string): Map<string, string> {
	const pins = read<[string, string][]>(session, `chattr.pins.${roomId}`);
	return new Map(Array.isArray(pins) ? pins : []);
}

export function keepPins(roomId: string, pins: Map<string, string>): void {
	write(session, `chattr.pins.${roomId}`, [...pins]);
}

/** A sign-in that the server's issuer has vouched for. */
export interface KeptSignIn {
	token: string;
	name: string;
}

export function keptSignIn(): KeptSignIn | null {
	return read<KeptSignIn>(local, 'chattr.signin');
}

export function keepSignIn(signIn: KeptSignIn | null): void {
	write(local, 'chattr.signin', signIn);
}

/** What a tab that went to the issuer needs when it comes back. */
export interface PendingSignIn {
	state: string;
	nonce: string;
	verifier: string;
	roomId: string | null;
	invite: string | null;
}

export function keepPendingSignIn(pending: PendingSignIn): void {
	write(session, 'chattr.signin', pending);
}

export function takePendingSignIn(): PendingSignIn | null {
	const pending = read<PendingSignIn>(session, 'chattr.signin');
	write(session, 'chattr.signin', null);
	return pending;
}
