/**
 * The address bar: which room, and the secrets of its fragment.
 *
 *   https://host/r/ROOM#k=CHATKEY&i=INVITE
 *
 * A fragment never leaves the browser; it is taken out of the address bar as soon as it was read,
 * so that it does not end in a screenshot, a shared screen or a bookmark sync.
 */
import { fromBase64Url, randomBytes, toBase64Url } from '../chat/bytes';

const ROOM_ID = /^[A-Za-z0-9_-]{1,64}$/;

export interface Address {
	roomId: string | null;
	chatKey: string | null;
	invite: string | null;
}

export function isRoomId(text: string): boolean {
	return ROOM_ID.test(text);
}

export function parseAddress(href: string): Address {
	const url = new URL(href);
	const path = /^\/r\/([^/]+)\/?$/.exec(url.pathname)?.[1];
	const roomId = path ?? url.searchParams.get('roomId') ?? url.searchParams.get('room');
	const fragment = new URLSearchParams(url.hash.slice(1));
	return {
		roomId: roomId && isRoomId(roomId) ? roomId : null,
		chatKey: validKey(fragment.get('k')),
		invite: fragment.get('i') || null
	};
}

/** What a person typed or pasted into "join": a code or a link. */
export function parseJoin(input: string): Address | null {
	const text = input.trim();
	if (isRoomId(text)) return { roomId: text, chatKey: null, invite: null };
	try {
		const address = parseAddress(text);
		return address.roomId ? address : null;
	} catch {
		return null;
	}
}

export function roomPath(roomId: string): string {
	return `/r/${roomId}`;
}

export function roomLink(origin: string, roomId: string, chatKey: string | null, invite?: string): string {
	const fragment = new URLSearchParams();
	if (chatKey) fragment.set('k', chatKey);
	if (invite) fragment.set('i', invite);
	const hash = fragment.toString();
	return `${origin}${roomPath(roomId)}${hash ? `#${hash}` : ''}`;
}

export function newChatKey(): string {
	return toBase64Url(randomBytes(32));
}

function validKey(text: string | null): string | null {
	if (!text) return null;
	try {
		return fromBase64Url(text).length === 32 ? text : null;
	} catch {
		return null;
	}
}
