/** What may be done with a person, as menu items; the same in tiles and in the people panel. */
import type { Role } from '../call/api';
import { i18n } from '../i18n/i18n.svelte';
import type { Call } from '../state/call.svelte';
import type { Person } from '../state/room.svelte';
import { toast } from '../state/toasts.svelte';
import type { MenuItem } from './Menu.svelte';
import type { Question, View } from './view.svelte';

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
		const { name } = person;
		const put = (ban: boolean) => () => run(api.call('kick', ban ? { peerId, ban } : { peerId }));
		const ask = (question: Question) => () => (view.question = question);
		const out = { title: t.kickTitle(name), lead: t.kickLead, act: t.kick, run: put(false) };
		const barred = { title: t.banTitle(name), lead: t.banLead, act: t.ban, run: put(true) };
		items.push({ label: t.kick, danger: true, run: ask(out) }, { label: t.ban, danger: true, run: ask(barred) });
	}
	return items;
}

export async function decideKnock(call: Call, method: 'admit' | 'deny', peerId: string, reason?: string): Promise<void> {
	try {
		await (method === 'admit' ? call.api.call('admit', { peerId }) : call.api.call('deny', { peerId, reason }));
		call.room.apply('knockGone', { peerId });
	} catch {
		toast(i18n.t.people.failed, { tone: 'warn' });
	}
}
