/** How one person looks at the room: what is pinned, which panel and dialog are open. */
import { Person } from '../state/room.svelte';
import type { Call } from '../state/call.svelte';
import { prefs } from '../state/prefs.svelte';

export type Panel = 'people' | 'chat' | 'settings' | 'stats' | 'invite';
export type Sheet = 'shortcuts' | 'leave' | null;

/** What is asked before something that cannot be taken back. */
export interface Question {
	title: string;
	lead: string;
	/** The word on the button that does it. */
	act: string;
	run(): void;
}

export interface TileModel {
	key: string;
	peerId: string;
	source: 'webcam' | 'screen';
	/** null: the person at this screen. */
	person: Person | null;
}

export const SELF = 'self';

export class View {
	pinned: string | null = $state(null);
	page = $state(0);
	panel: Panel | null = $state(null);
	sheet: Sheet = $state(null);
	question: Question | null = $state.raw(null);
	/** Whom the chat panel writes to. */
	chatTo: string | null = $state(null);

	constructor(private readonly call: Call) {}

	/** Self first, then people in the order they came, screens ahead of faces. */
	readonly tiles: TileModel[] = $derived.by(() => {
		const { room } = this.call;
		const screens: TileModel[] = [];
		const faces: TileModel[] = [];
		if (!prefs.hideSelf || room.people.size === 0) {
			faces.push({ key: SELF, peerId: room.selfId, source: 'webcam', person: null });
		}
		if (this.call.sharing) {
			screens.push({ key: `${SELF}/screen`, peerId: room.selfId, source: 'screen', person: null });
		}
		for (const person of room.people.values()) {
			faces.push({ key: person.id, peerId: person.id, source: 'webcam', person });
			if (person.tracks.screen) {
				screens.push({ key: `${person.id}/screen`, peerId: person.id, source: 'screen', person });
			}
		}
		return [...screens, ...faces];
	});

	/** The tile that has to be large, if any. */
	readonly main: string | null = $derived.by(() => {
		const { room } = this.call;
		const has = (key: string | null): key is string => key !== null && this.tiles.some((t) => t.key === key);
		if (has(this.pinned)) return this.pinned;
		const spotlit = room.spotlight === room.selfId ? SELF : room.spotlight;
		if (has(spotlit)) return spotlit;
		const screen = this.tiles.find((t) => t.source === 'screen' && t.person);
		if (screen) return screen.key;
		if (prefs.layout === 'grid') return null;
		if (has(room.activeSpeaker)) return room.activeSpeaker;
		return this.tiles.find((t) => t.person)?.key ?? SELF;
	});

	togglePanel(panel: Panel): void {
		this.panel = this.panel === panel ? null : panel;
	}

	togglePin(key: string): void {
		this.pinned = this.pinned === key ? null : key;
	}

	nextLayout(): void {
		const order = ['grid', 'speaker', 'sidebar'] as const;
		prefs.layout = order[(order.indexOf(prefs.layout) + 1) % order.length]!;
	}
}
