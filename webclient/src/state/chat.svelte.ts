/**
 * The conversation of a room as the screen shows it. Feeds the cipher with what the server sends,
 * one message at a time, and keeps what cannot be read as exactly that.
 */
import type { ChatItem, ChatKeys, NotificationName, Notifications, Requests } from '../call/api';
import { RequestError } from '../call/socket';
import { fromBase64Url, randomBytes, toBase64Url, utf8 } from '../chat/bytes';
import { Cipher, type Genuine } from '../chat/cipher';
import { MAX_TEXT_BYTES, type MessageType } from '../chat/frame';
import { loadIdentity } from '../chat/identity';
import { chime } from '../media/audio';
import { i18n } from '../i18n/i18n.svelte';
import type { Call } from './call.svelte';
import { chatKey, keepChatKey, keepEpochs, keepPins, keptEpochs, keptPins } from './keeper';
import { newChatKey } from './address';
import { prefs } from './prefs.svelte';
import { announce } from './toasts.svelte';

const PAGE = 50;
const CATCH_UP_PAGES = 10;

type Sent = Requests['sendChat'][0];

export class Entry {
	/** What the server calls it; null until it has it. */
	id: number | null = $state(null);
	at = $state(0);
	text = $state('');
	state: 'sending' | 'sent' | 'failed' = $state('sent');
	edited = $state(false);
	deleted = $state(false);
	/** Could not be decrypted: the text is empty and stays so. */
	bad = $state(false);
	keyChanged = $state(false);
	/** Messages of the same sender that are missing before this one. */
	gap = $state(0);
	reactions: Record<string, string[]> = $state.raw({});
	name = '';
	replyTo: string | null = null;
	publicKey = '';
	session = '';
	counter = -1;
	/** Kept to try again when a key comes. */
	item: ChatItem | null = null;
	/** What was sent, to send it again: the server knows it by `clientId`. */
	sent: Sent | null = null;

	constructor(
		readonly uid: string,
		readonly from: string,
		readonly to: string,
		readonly mine: boolean
	) {}
}

export class Chat {
	status: 'starting' | 'ready' | 'no-key' = $state('starting');
	entries: Entry[] = $state.raw([]);
	unread = $state(0);
	safetyCode = $state('');
	more = $state(false);
	/** While the panel is open nothing counts as unread. */
	open = $state(false);

	#cipher: Cipher | null = null;
	#queue: Promise<unknown> = Promise.resolve();
	#out: Promise<void> = Promise.resolve();
	readonly #byUid = new Map<string, Entry>();
	readonly #serverIds = new Set<number>();
	/** The first message that came: changes and keys count, though nobody sees them. */
	#oldest: number | undefined;
	/** Edits, deletions and reactions that came before what they mean. */
	readonly #early = new Map<string, { item: ChatItem; genuine: Genuine }[]>();

	constructor(private readonly call: Call) {
		call.onAdmitted = (_answer, fresh) => void this.#serial(() => this.#admitted(fresh));
		call.onChat = (method, data) => this.#notified(method, data);
	}

	show(open: boolean): void {
		this.open = open;
		if (open) this.unread = 0;
	}

	entry(uid: string): Entry | undefined {
		return this.#byUid.get(uid);
	}

	/** Everything that has come so far is on the screen. */
	async settled(): Promise<void> {
		await this.#queue;
	}

	/** Null: it may be sent. */
	refuses(text: string): 'empty' | 'too-long' | null {
		if (text.trim() === '') return 'empty';
		return utf8(text).length > MAX_TEXT_BYTES ? 'too-long' : null;
	}

	send(text: string, to: string, replyTo: string | null): Promise<void> {
		return this.#serial(() => this.#send('text', text, to, replyTo ?? ''));
	}

	edit(entry: Entry, text: string): Promise<void> {
		return this.#serial(() => this.#send('edit', text, this.#partner(entry), entry.uid));
	}

	remove(entry: Entry): Promise<void> {
		return this.#serial(async () => {
			if (entry.mine) await this.#send('delete', '', this.#partner(entry), entry.uid);
			if (entry.id) this.call.api.tell('deleteChat', { id: entry.id });
			entry.deleted = true;
			entry.text = '';
		});
	}

	react(entry: Entry, emoji: string): Promise<void> {
		return this.#serial(() => this.#send('reaction', emoji, this.#partner(entry), entry.uid));
	}

	/** The same bytes again. */
	retry(entry: Entry): void {
		if (entry.sent && entry.state === 'failed') void this.#deliver(entry, entry.sent);
	}

	older(): Promise<void> {
		return this.#serial(async () => void (await this.#history(this.#oldest)));
	}

	/** In a direct message both sides stay the same two people. */
	#partner(entry: Entry): string {
		return entry.to === '' ? '' : entry.mine ? entry.to : entry.from;
	}

	#serial(work: () => Promise<void>): Promise<void> {
		const next = this.#queue.then(work).catch((error) => console.error(error));
		this.#queue = next;
		return next;
	}

	/* ---- coming in ---- */

	async #admitted(fresh: boolean): Promise<void> {
		const { roomId } = this.call.options;
		const { room } = this.call;
		if (!this.#cipher) {
			let key = chatKey(roomId);
			if (!key && room.people.size === 0 && room.isHost) {
				key = newChatKey();
				keepChatKey(roomId, key);
			}
			if (!key) {
				this.status = 'no-key';
				return;
			}
			const identity = await loadIdentity(roomId);
			this.#cipher = new Cipher(roomId, fromBase64Url(key), identity, room.selfId, keptPins(roomId));
			this.#cipher.restoreEpochs(keptEpochs(roomId));
		}
		this.#cipher.peerId = room.selfId;
		if (fresh) this.call.api.tell('setChatKeys', await this.#cipher.ownKeys());
		for (const person of room.people.values()) if (person.chatKeys) await this.#meet(person.id, person.chatKeys);
		this.safetyCode = this.#cipher.safetyCode;
		this.status = 'ready';
		await this.#catchUp();
	}

	/** A page of the history into the entries; gives where it begins if it had something new. */
	async #history(before: number | undefined): Promise<number | undefined> {
		const answer = await this.call.api.call('chatHistory', { before, limit: PAGE }).catch(() => null);
		if (!answer) return undefined;
		const { messages, more } = answer;
		const first = messages[0]?.id;
		const joins = messages.some(({ id }) => this.#serverIds.has(id));
		if (first === undefined || first <= (this.#oldest ?? Infinity)) this.more = more;
		if (first !== undefined) this.#oldest = Math.min(first, this.#oldest ?? Infinity);
		/* keys first: what they open may stand before them */
		for (const { from, epoch, box } of messages) if (epoch && box) await this.#sealed(from, epoch, box);
		for (const item of messages) await this.#take(item, true);
		return joins ? undefined : first;
	}

	/** The newest page, and after an absence those before it, back to what is known. */
	async #catchUp(): Promise<void> {
		const known = this.#serverIds.size > 0;
		let first = await this.#history(undefined);
		for (let i = 1; known && first !== undefined && i < CATCH_UP_PAGES; i += 1) first = await this.#history(first);
	}

	#notified<M extends NotificationName>(method: M, data: Notifications[M]): void {
		const handler = this.#handlers[method] as ((data: Notifications[M]) => Promise<void>) | undefined;
		if (handler) void this.#serial(() => handler(data));
	}

	readonly #handlers: { [M in NotificationName]?: (data: Notifications[M]) => Promise<void> } = {
		chat: (item) => this.#take(item, false),
		chatDeleted: async ({ id }) => this.#mark(id),
		newPeer: (info) => this.#showsKeys(info.id, info.chatKeys),
		roomUpdated: ({ entered }) => (entered ? this.#showsKeys(entered.id, entered.chatKeys) : Promise.resolve()),
		peerUpdated: ({ peerId, chatKeys }) => this.#showsKeys(peerId, chatKeys),
		keySealed: ({ from, epoch, box }) => this.#sealed(from, epoch, box),
		epochWanted: ({ epoch, peerId }) => this.#seal(epoch, peerId)
	};

	async #sealed(from: string, epoch: number, box: string): Promise<void> {
		if (await this.#cipher?.openBox(from, epoch, box)) await this.#newEpoch();
	}

	/** The server asks for a fresh key for everybody, or for the present one for a newcomer. */
	async #seal(epoch: number, peerId: string | undefined): Promise<void> {
		const cipher = this.#cipher;
		const { api, room } = this.call;
		if (!cipher) return;
		if (peerId) {
			if (cipher.epoch !== epoch || !cipher.knows(peerId)) return;
			api.tell('sealKeys', { epoch, boxes: [await cipher.sealFor(peerId)] });
			return;
		}
		const { boxes, commit } = await cipher.startEpoch(epoch, [...room.people.keys()]);
		await api.call('sealKeys', { epoch, boxes }).then(
			() => {
				commit();
				return this.#newEpoch();
			},
			() => undefined /* somebody else was first: his box comes */
		);
	}

	async #newEpoch(): Promise<void> {
		if (!this.#cipher) return;
		this.safetyCode = this.#cipher.safetyCode;
		keepEpochs(this.call.options.roomId, this.#cipher.keptEpochs);
		await this.#again();
	}

	async #meet(peerId: string, keys: ChatKeys): Promise<boolean> {
		if (peerId === this.call.room.selfId) return false;
		const proven = (await this.#cipher?.meet(peerId, keys)) ?? false;
		if (proven) keepPins(this.call.options.roomId, this.#cipher!.pins);
		return proven;
	}

	async #showsKeys(peerId: string, keys: ChatKeys | null | undefined): Promise<void> {
		const known = this.#cipher?.knows(peerId) ?? true;
		if (keys && (await this.#meet(peerId, keys)) && !known) await this.#again();
	}

	async #take(item: ChatItem, history: boolean): Promise<void> {
		const { id, ciphertext } = item;
		if (!this.#cipher || ciphertext === undefined) return;
		if (ciphertext === '') return this.#erased(item);
		if (this.#serverIds.has(id)) return;
		this.#serverIds.add(id);
		const verdict = await this.#cipher.decrypt({ from: item.from, to: item.to || undefined, ciphertext });
		if (verdict.ok) return this.#genuine(item, verdict, history);
		/* one's own message coming back, or a copy: nothing new */
		if (verdict.why === 'repeated') return this.#own(item, Cipher.uid(ciphertext));
		const entry = new Entry(`bad-${id}`, item.from, item.to ?? '', false);
		entry.id = id;
		entry.at = item.at;
		entry.bad = true;
		entry.item = item;
		entry.name = this.call.room.name(item.from);
		this.#insert(entry);
	}

	/** Deleted before it came here: only that it was there is left. */
	#erased(item: ChatItem): void {
		if (this.#serverIds.has(item.id)) return this.#mark(item.id);
		this.#serverIds.add(item.id);
		const entry = new Entry(`erased-${item.id}`, item.from, item.to ?? '', false);
		entry.id = item.id;
		entry.at = item.at;
		entry.bad = entry.deleted = true;
		entry.name = this.call.room.name(item.from);
		this.#insert(entry);
		const next = this.entries.find((e) => e.from === item.from && e.counter >= 0 && (e.id ?? Infinity) > item.id);
		if (next) this.#count(next, next.id);
	}

	#mark(id: number): void {
		const entry = this.entries.find((e) => e.id === id);
		if (!entry) return;
		entry.deleted = true;
		entry.text = '';
	}

	#own(item: ChatItem, uid: string): void {
		const entry = this.#byUid.get(uid);
		if (!entry?.mine || entry.id !== null) return;
		entry.id = item.id;
		entry.at = item.at;
		entry.state = 'sent';
	}

	/** A key came: what could not be read may be readable now. */
	async #again(): Promise<void> {
		for (const entry of this.entries.filter((e) => e.bad && e.item)) {
			const item = entry.item!;
			const verdict = await this.#cipher!.decrypt({
				from: item.from,
				to: item.to || undefined,
				ciphertext: item.ciphertext ?? ''
			});
			if (!verdict.ok) continue;
			this.entries = this.entries.filter((e) => e !== entry);
			this.#genuine(item, verdict, true);
		}
	}

	#genuine(item: ChatItem, genuine: Genuine, history: boolean): void {
		const { content } = genuine;
		if (content.type !== 'text') return this.#change(item, genuine);
		const mine = item.from === this.call.room.selfId;
		const entry = new Entry(genuine.uid, item.from, item.to ?? '', mine);
		entry.id = item.id;
		entry.at = item.at;
		entry.text = content.text;
		entry.name = content.name;
		entry.replyTo = content.ref || null;
		entry.publicKey = toBase64Url(content.publicKey);
		entry.keyChanged = genuine.keyChanged;
		entry.session = genuine.session;
		entry.counter = genuine.counter;
		if (genuine.keyChanged) keepPins(this.call.options.roomId, this.#cipher!.pins);
		this.#insert(entry);
		for (const { item: later, genuine: change } of this.#early.get(genuine.uid) ?? []) this.#change(later, change);
		this.#early.delete(genuine.uid);
		if (!history && !mine) this.#tell(entry);
	}

	#tell(entry: Entry): void {
		if (!this.open) this.unread += 1;
		announce(i18n.t.chat.newMessage(entry.name));
		if (prefs.sounds && !this.open) void chime('message');
	}

	/** Edits, deletions and reactions. The first two count only under the key of the author. */
	#change(item: ChatItem, genuine: Genuine): void {
		const { type, ref, text, publicKey } = genuine.content;
		this.#count(genuine, item.id);
		const entry = this.#byUid.get(ref);
		if (!entry) {
			if (this.#early.size < 500) this.#early.set(ref, [...(this.#early.get(ref) ?? []), { item, genuine }]);
			return;
		}
		if (type === 'reaction') this.#reacted(entry, text, item.from);
		else if (toBase64Url(publicKey) === entry.publicKey) this.#changed(entry, type, text);
	}

	#changed(entry: Entry, type: MessageType, text: string): void {
		if (entry.deleted) return;
		entry.edited = type === 'edit';
		entry.deleted = type === 'delete';
		entry.text = type === 'edit' ? text : '';
	}

	#reacted(entry: Entry, emoji: string, from: string): void {
		const short = [...emoji].slice(0, 8).join('');
		const { [short]: old = [], ...rest } = entry.reactions;
		const now = old.includes(from) ? old.filter((f) => f !== from) : [...old, from];
		entry.reactions = now.length > 0 ? { ...rest, [short]: now } : rest;
	}

	/* ---- gaps: counters of one session that nobody delivered ---- */

	/** Counters by session, in order, and the messages that had them. */
	readonly #counters = new Map<string, { counter: number; id: number }[]>();

	#count({ session, counter }: { session: string; counter: number }, id: number | null): void {
		if (counter < 0) return;
		const list = this.#counters.get(session) ?? [];
		this.#counters.set(session, list);
		let at = list.length;
		while (at > 0 && list[at - 1]!.counter >= counter) at -= 1;
		if (list[at]?.counter !== counter) list.splice(at, 0, { counter, id: id ?? Infinity });
		for (const i of [at, at + 1]) {
			const entry = this.#byUid.get(`${session}.${list[i]?.counter}`);
			/* what came before the first one known may simply be older than the history */
			if (entry) entry.gap = i > 0 ? this.#missing(entry.from, list[i - 1]!, list[i]!) : 0;
		}
	}

	/** What was deleted between two messages is not missing. */
	#missing(from: string, a: { counter: number; id: number }, b: { counter: number; id: number }): number {
		const gap = b.counter - a.counter - 1;
		if (gap === 0) return 0;
		const told = this.entries.filter((e) => e.deleted && e.bad && e.from === from && e.id! > a.id && e.id! < b.id);
		return Math.max(0, gap - told.length);
	}

	#insert(entry: Entry): void {
		this.#byUid.set(entry.uid, entry);
		const list = [...this.entries];
		let at = list.length;
		while (at > 0 && order(list[at - 1]!) > order(entry)) at -= 1;
		list.splice(at, 0, entry);
		this.entries = list;
		this.#count(entry, entry.id);
	}

	/* ---- going out ---- */

	async #send(type: MessageType, text: string, to: string, ref: string): Promise<void> {
		const cipher = this.#cipher;
		if (!cipher) return;
		const ciphertext = await cipher.encrypt({ type, ref, text, name: prefs.name, to });
		const uid = Cipher.uid(ciphertext);
		cipher.markSeen(uid);
		const [session, counter] = uid.split('.') as [string, string];
		const me = this.call.room.selfId;
		const entry = type === 'text' ? new Entry(uid, me, to, true) : null;
		if (entry) {
			entry.at = Date.now();
			entry.text = text;
			entry.name = prefs.name;
			entry.replyTo = ref || null;
			entry.publicKey = toBase64Url(cipher.identity.signPublic);
			entry.session = session;
			entry.counter = Number(counter);
			this.#insert(entry);
		} else {
			this.#count({ session, counter: Number(counter) }, null);
			const target = this.#byUid.get(ref);
			if (target && type === 'reaction') this.#reacted(target, text, me);
			else if (target) this.#changed(target, type, text);
		}
		/* not awaited: while the connection is away it waits in the socket, and writing goes on */
		const sent = { clientId: toBase64Url(randomBytes(12)), ...(to && { to }), ciphertext };
		if (entry) entry.sent = sent;
		void this.#deliver(entry, sent);
	}

	/* One at a time: who is told to wait is not overtaken. */
	#deliver(entry: Entry | null, sent: Sent): Promise<void> {
		if (entry) entry.state = 'sending';
		this.#out = this.#out.then(() => this.#deliverNow(entry, sent));
		return this.#out;
	}

	async #deliverNow(entry: Entry | null, sent: Sent): Promise<void> {
		try {
			const { id, at } = await this.call.api.call('sendChat', sent);
			this.#serverIds.add(id);
			if (!entry) return;
			entry.id = id;
			entry.at = at;
			entry.state = 'sent';
		} catch (error) {
			const wait = error instanceof RequestError ? error.retryAfterMs : undefined;
			if (wait !== undefined) {
				await new Promise((resume) => setTimeout(resume, wait));
				return this.#deliverNow(entry, sent);
			}
			if (entry) entry.state = 'failed';
		}
	}
}

/** Messages under way come last; the others in the server's order of time. */
function order(entry: Entry): number {
	return entry.id === null ? Number.MAX_SAFE_INTEGER : entry.at;
}
