import { expect, test } from 'vitest';
import type { Remote } from '../call/media';
import { Room } from './room.svelte';

function room(): Room {
	const r = new Room();
	r.admitted(
		{
			status: 'admitted',
			peerId: 'me',
			epoch: 'e',
			role: 'guest',
			room: { policy: 'waiting', settings: {} },
			peers: [
				{ id: 'me', displayName: 'Me' },
				{ id: 'a', displayName: 'Ada', role: 'host' },
				{ id: 'b', displayName: 'Bob' }
			]
		},
		true
	);
	return r;
}

const remote = (more: Partial<Remote>): Remote => ({
	peerId: 'a',
	source: 'mic',
	consumerId: 'c',
	producerId: 'p',
	track: {} as MediaStreamTrack,
	paused: false,
	...more
});

test('oneself is not among the people', () => {
	expect([...room().people.keys()]).toEqual(['a', 'b']);
});

test('a person stays the same object while everything about them changes', () => {
	const r = room();
	const ada = r.people.get('a');
	r.apply('peerUpdated', { peerId: 'a', displayName: 'Ada L.', handRaised: true });
	r.setTrack(remote({}));
	r.setTrack(remote({ paused: true }));
	r.dropTrack('a', 'mic');
	expect(r.people.get('a')).toBe(ada);
	expect(ada?.name).toBe('Ada L.');
	expect(ada?.handRaised).toBe(true);
});

test('who is back is away no more, though nobody says so', () => {
	const r = room();
	const ada = r.people.get('a')!;
	r.apply('peerUpdated', { peerId: 'a', displayName: 'Ada', away: true });
	expect(ada.away).toBe(true);
	r.apply('peerUpdated', { peerId: 'a', displayName: 'Ada' });
	expect(ada.away).toBe(false);
});

test('muted is who has no running microphone', () => {
	const r = room();
	const ada = r.people.get('a')!;
	expect(ada.muted).toBe(true);
	r.setTrack(remote({}));
	expect(ada.muted).toBe(false);
	r.setTrack(remote({ paused: true }));
	expect(ada.muted).toBe(true);
});

test('hands are queued as the room says', () => {
	const r = room();
	r.apply('peerUpdated', { peerId: 'a', handRaised: true });
	r.apply('peerUpdated', { peerId: 'b', handRaised: true });
	r.apply('roomUpdated', { room: { policy: 'waiting', hands: ['b', 'a'] } });
	expect(r.hands.map((p) => p.id)).toEqual(['b', 'a']);
});

test('the host moves, rules bind guests only', () => {
	const r = room();
	r.apply('roomUpdated', { room: { policy: 'waiting', settings: { chat: false } } });
	expect(r.may('chat')).toBe(false);
	expect(r.may('screenShare')).toBe(true);
	r.apply('hostChanged', { peerId: 'me' });
	expect(r.selfRole).toBe('host');
	expect(r.people.get('a')?.role).toBe('guest');
	expect(r.may('chat')).toBe(true);
});

test('a snapshot replaces the people, a newcomer and a leaver change them', () => {
	const r = room();
	r.apply('roomUpdated', { entered: { id: 'c', displayName: 'Cy' } });
	r.apply('roomUpdated', { gone: 'b' });
	expect([...r.people.keys()]).toEqual(['a', 'c']);
	r.mergePeople([{ id: 'c', displayName: 'Cy' }], true);
	expect([...r.people.keys()]).toEqual(['c']);
});

test('news of unknown people make nobody appear', () => {
	const r = room();
	r.apply('peerUpdated', { peerId: 'ghost', displayName: 'Boo' });
	r.dropTrack('ghost', 'mic');
	expect(r.people.has('ghost')).toBe(false);
});

test('knocks come once each and go', () => {
	const r = room();
	r.apply('knock', { peerId: 'k', displayName: 'Kim' });
	r.apply('knock', { peerId: 'k', displayName: 'Kim', message: 'hi' });
	expect(r.knocks).toEqual([{ peerId: 'k', displayName: 'Kim', message: 'hi' }]);
	r.apply('knockGone', { peerId: 'k' });
	expect(r.knocks).toEqual([]);
});
