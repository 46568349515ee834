/**
 * What is known of a room, as the screen shows it: people, their tracks, knocks, rules.
 * Only `apply` and the few methods here change it; they are fed by notifications and answers.
 */
import { SvelteMap } from 'svelte/reactivity';
import type {
	Admitted,
	ChatKeys,
	Knock,
	LimitReason,
	NotificationName,
	Notifications,
	PeerInfo,
	Role,
	RoomInfo,
	RoomSettings,
	Source
} from '../call/api';
import type { Remote } from '../call/media';

export class Person {
	name = $state('');
	role: Role = $state('guest');
	handRaised = $state(false);
	/** Raised when: the order of the queue. */
	handAt = 0;
	away = $state(false);
	/** Announced by `newPeer` or `join`: visible in media, not only a member. */
	joined = $state(false);
	signedIn = $state(false);
	speaking = $state(false);
	chatKeys: ChatKeys | null = $state.raw(null);
	tracks: Partial<Record<Source, Remote>> = $state.raw({});

	constructor(readonly id: string) {}

	/** Nobody hears a person without a running microphone. */
	get muted(): boolean {
		return !this.tracks.mic || this.tracks.mic.paused;
	}

	get cameraOn(): boolean {
		return !!this.tracks.webcam && !this.tracks.webcam.paused;
	}

	get sharing(): boolean {
		return !!this.tracks.screen && !this.tracks.screen.paused;
	}

	/** `away` and `signedIn` are told only where they hold. */
	merge(info: PeerInfo): void {
		this.away = info.away === true;
		this.signedIn = info.signedIn === true;
		if (info.displayName !== undefined) this.name = info.displayName;
		if (info.role !== undefined) this.role = info.role;
		if (info.chatKeys !== undefined) this.chatKeys = info.chatKeys;
		if (info.handRaised !== undefined) {
			if (info.handRaised && !this.handRaised) this.handAt = Date.now();
			this.handRaised = info.handRaised;
		}
	}
}

export class Room {
	selfId = $state('');
	selfRole: Role = $state('guest');
	selfHand = $state(false);
	info: RoomInfo = $state.raw({ policy: 'waiting' });
	knocks: Knock[] = $state.raw([]);
	activeSpeaker: string | null = $state(null);
	spotlight: string | null = $state(null);
	readonly people = new SvelteMap<string, Person>();
	/** By consumer, for they may be told before the consumer's track is there: 0 to 10. */
	readonly scores = new SvelteMap<string, number>();
	/** By consumer: why the picture is not better. */
	readonly limits = new SvelteMap<string, LimitReason>();

	get isHost(): boolean {
		return this.selfRole === 'host' || this.selfRole === 'cohost';
	}

	get settings(): RoomSettings {
		return this.info.settings ?? {};
	}

	/** Hosts may always; guests unless a rule forbids it. */
	may(what: keyof RoomSettings): boolean {
		return this.isHost || this.settings[what] !== false;
	}

	/** Raised hands of the others, the first to raise first. */
	get hands(): Person[] {
		const queue = this.info.hands ?? [];
		const place = (p: Person) => (queue.includes(p.id) ? queue.indexOf(p.id) : queue.length);
		return [...this.people.values()]
			.filter((p) => p.handRaised)
			.sort((a, b) => place(a) - place(b) || a.handAt - b.handAt);
	}

	name(peerId: string): string {
		return this.people.get(peerId)?.name ?? '';
	}

	admitted(answer: Admitted, fresh: boolean): void {
		if (fresh) {
			this.people.clear();
			this.knocks = [];
			this.activeSpeaker = null;
		}
		this.selfId = answer.peerId;
		this.selfRole = answer.role;
		this.updateInfo(answer.room);
		if (answer.peers) this.mergePeople(answer.peers, true);
		if (answer.snapshot) {
			this.mergePeople(answer.snapshot.peers, true);
			if (answer.snapshot.knocks) this.knocks = answer.snapshot.knocks;
			this.updateInfo(answer.snapshot.room);
		}
	}

	/** `whole`: who is not in the list has left. */
	mergePeople(peers: PeerInfo[], whole: boolean): void {
		for (const info of peers) this.mergePeer(info);
		if (!whole) return;
		const ids = new Set(peers.map((p) => p.id));
		for (const id of [...this.people.keys()]) if (!ids.has(id)) this.people.delete(id);
	}

	setTrack(remote: Remote): void {
		const person = this.#person(remote.peerId);
		person.tracks = { ...person.tracks, [remote.source]: remote };
	}

	dropTrack(peerId: string, source: Source): void {
		const person = this.people.get(peerId);
		if (!person) return;
		const { [source]: _gone, ...rest } = person.tracks;
		person.tracks = rest;
		if (source === 'mic') person.speaking = false;
	}

	apply<M extends NotificationName>(method: M, data: Notifications[M]): void {
		const change = changes[method] as ((room: Room, data: Notifications[M]) => void) | undefined;
		change?.(this, data);
	}

	updateInfo(info: RoomInfo | undefined): void {
		if (!info) return;
		this.info = { ...this.info, ...info };
		if (info.spotlight !== undefined) this.spotlight = info.spotlight;
	}

	#person(id: string): Person {
		let person = this.people.get(id);
		if (!person) {
			person = new Person(id);
			this.people.set(id, person);
		}
		return person;
	}

	mergePeer(info: PeerInfo): void {
		if (info.id === this.selfId) {
			if (info.role) this.selfRole = info.role;
			if (info.handRaised !== undefined) this.selfHand = info.handRaised;
			return;
		}
		this.#person(info.id).merge(info);
	}
}

type Changes = { [M in NotificationName]?: (room: Room, data: Notifications[M]) => void };

/** One row for each notification that changes what is shown. */
const changes: Changes = {
	newPeer: (room, info) => {
		room.mergePeer(info);
		const person = room.people.get(info.id);
		if (person) person.joined = true;
	},
	peerClosed: (room, { peerId }) => {
		room.people.delete(peerId);
		if (room.activeSpeaker === peerId) room.activeSpeaker = null;
	},
	peerDisplayNameChanged: (room, { peerId, displayName }) => {
		const person = room.people.get(peerId);
		if (person) person.name = displayName;
	},
	peerUpdated: (room, { peerId, ...info }) => {
		if (peerId === room.selfId || room.people.has(peerId)) {
			room.mergePeer({ ...info, id: peerId } as PeerInfo);
		}
	},
	roomUpdated: (room, data) => {
		room.updateInfo(data.room);
		if (data.entered) room.mergePeer(data.entered);
		if (data.gone) room.people.delete(data.gone);
	},
	hostChanged: (room, { peerId }) => {
		if (peerId === room.selfId) room.selfRole = 'host';
		else if (room.selfRole === 'host') room.selfRole = 'guest';
		for (const person of room.people.values()) {
			if (person.id === peerId) person.role = 'host';
			else if (person.role === 'host') person.role = 'guest';
		}
	},
	knock: (room, knock) => {
		room.knocks = [...room.knocks.filter((k) => k.peerId !== knock.peerId), knock];
	},
	knockGone: (room, { peerId }) => {
		room.knocks = room.knocks.filter((k) => k.peerId !== peerId);
	},
	activeSpeaker: (room, { peerId }) => {
		room.activeSpeaker = peerId;
	},
	speakingPeers: (room, { peerVolumes }) => {
		const loud = new Set(peerVolumes.map((p) => p.peerId));
		for (const person of room.people.values()) person.speaking = loud.has(person.id);
	},
	consumerScore: (room, { consumerId, score }) => {
		room.scores.set(consumerId, score.score);
	},
	consumerLimit: (room, { consumerId, reason }) => {
		if (reason === 'none') room.limits.delete(consumerId);
		else room.limits.set(consumerId, reason);
	},
	consumerClosed: (room, { consumerId }) => {
		room.scores.delete(consumerId);
		room.limits.delete(consumerId);
	}
};
