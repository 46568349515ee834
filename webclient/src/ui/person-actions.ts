/** What may be done with a person, as menu items; the same in tiles and in the people panel. */
import type { Role } from '../call/api';
import { i18n } from '../i18n/i18n.svelte';
import type { Call } from '../state/call.svelte';
import type { Person } from '../state/room.svelte';
import { toast } from '../state/toasts.svelte';
import type { MenuItem } from './Menu.svelte';
import type { View } from './view.svelte';

/** `person` null: oneself. */
export function personActions(call: Call, view: View, person: Person | null): MenuItem[] {
	const t = i18n.t.tile;
	const { room, api } = call;
	const items: MenuItem[] = [];
	const run = (work: Promise<unknown>) => {
		work.catch(() => toast(i18n.t.people.failed, { tone: 'warn' }));
	};
	if (person) {
		items.push({
			label: t.message,
			run: () => {
				view.chatTo = person.id;
				view.panel = 'chat';
			}
		});
	}
	if (!room.isHost) return items;
	const peerId = person?.id ?? room.selfId;
	const spotlit = room.spotlight === peerId;
	items.push({
		label: spotlit ? t.unspotlight : t.spotlight,
		run: () => run(api.call('spotlight', { peerId: spotlit ? null : peerId }))
	});
	if (!person) return items;
	const setRole = (role: Role) => () => run(api.call('setRole', { peerId, role }));
	if (person.muted) items.push({ label: t.askUnmute, run: () => run(api.call('askUnmute', { peerId })) });
	else items.push({ label: t.mute, run: () => run(api.call('mutePeer', { peerId, kind: 'audio' })) });
	if (person.cameraOn) {
		items.push({ label: t.stopVideo, run: () => run(api.call('mutePeer', { peerId, kind: 'video' })) });
	}
	if (person.role !== 'host') {
		if (person.role === 'cohost') items.push({ label: t.guest, run: setRole('guest') });
		else items.push({ label: t.cohost, run: setRole('cohost') });
		if (room.selfRole === 'host') items.push({ label: t.host, run: setRole('host') });
		items.push({ label: t.toWaiting, run: () => run(api.call('sendToWaiting', { peerId })) });
		items.push({ label: t.kick, danger: true, run: () => run(api.call('kick', { peerId })) });
		items.push({ label: t.ban, danger: true, run: () => run(api.call('kick', { peerId, ban: true })) });
	}
	return items;
}
