import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isRoomId, newChatKey, parseAddress, parseJoin, roomLink } from './address';

const roomIds = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);

test('a link gives back what it was made of', () => {
	fc.assert(
		fc.property(roomIds, fc.boolean(), fc.option(fc.stringMatching(/^[A-Za-z0-9_-]{22}$/)), (room, keyed, invite) => {
			const key = keyed ? newChatKey() : null;
			const link = roomLink('https://meet.example', room, key, invite ?? undefined);
			expect(parseAddress(link)).toEqual({ roomId: room, chatKey: key, invite });
		})
	);
});

test('secrets are in the fragment only', () => {
	const url = new URL(roomLink('https://meet.example', 'abc', newChatKey(), 'token'));
	expect(url.pathname).toBe('/r/abc');
	expect(url.search).toBe('');
});

test('a key of the wrong length or alphabet is no key', () => {
	for (const k of ['', 'abc', '!!!!', newChatKey() + 'A', newChatKey().slice(1)]) {
		expect(parseAddress(`https://h/r/a#k=${k}`).chatKey).toBeNull();
	}
});

test('rooms may be called like object members', () => {
	expect(parseAddress('https://h/r/constructor').roomId).toBe('constructor');
	expect(isRoomId('__proto__')).toBe(true);
});

test('join takes codes and links and nothing else', () => {
	expect(parseJoin(' team-1 ')?.roomId).toBe('team-1');
	expect(parseJoin('https://h/r/team-1#k=x')?.roomId).toBe('team-1');
	expect(parseJoin('https://h/elsewhere')).toBeNull();
	expect(parseJoin('two words')).toBeNull();
	expect(parseJoin('')).toBeNull();
});
