/**
 * The chat of a screen under a server that does what it likes with the messages of others: drops,
 * repeats, reorders, replays, splices, cuts, forges, renames. What is shown was written by who is
 * named, as it is shown; all else is "could not be decrypted"; no message costs more than another.
 */
import fc from 'fast-check';
import { beforeAll, expect, test, vi } from 'vitest';
import type { Admitted, ChatItem, NotificationName, Notifications } from '../call/api';
import { RequestError } from '../call/socket';
import { fromBase64Url, toBase64Url } from '../chat/bytes';
import { Cipher } from '../chat/cipher';
import { newIdentity } from '../chat/identity';
import type { MessageType } from '../chat/frame';
import type { Call } from './call.svelte';
import { Chat } from './chat.svelte';
import { Room } from './room.svelte';

const ROOM = 'team';
const linkKey = new Uint8Array(32).fill(42);
const RUNS = Number(process.env.CHAT_RUNS ?? 10_000);
/** A walk is 257 derivations, and an epoch has two keys at most. */
const MOST_STEPS = 2 * 257;

const steps = vi.hoisted(() => ({ count: 0 }));
vi.mock('../chat/sha256', async (original) => {
	const real = await original<typeof import('../chat/sha256')>();
	const hkdf: typeof real.hkdf = (...args) => {
		steps.count += 1;
		return real.hkdf(...args);
	};
	return { ...real, hkdf };
});
const own = await newIdentity();
vi.mock('../chat/identity', async (original) => ({
	...(await original<typeof import('../chat/identity')>()),
	loadIdentity: () => Promise.resolve(own)
}));
vi.mock('./keeper', async (original) => ({
	...(await original<typeof import('./keeper')>()),
	chatKey: () => toBase64Url(linkKey)
}));

/** What was written, by whom, and what it says. */
interface Written {
	from: string;
	to: string;
	type: MessageType;
	ref: string;
	text: string;
	ciphertext: string;
	uid: string;
}

const written: Written[] = [];
const peers: { id: string; displayName: string; chatKeys: Awaited<ReturnType<Cipher['ownKeys']>> }[] = [];

async function write(author: Cipher, type: MessageType, text: string, ref = '', to = ''): Promise<Written> {
	const ciphertext = await author.encrypt({ type, text, ref, to, name: author.peerId });
	const one = { from: author.peerId, to, type, ref, text, ciphertext, uid: Cipher.uid(ciphertext) };
	written.push(one);
	return one;
}

beforeAll(async () => {
	const ciphers = await Promise.all(['ada', 'bob'].map(async (id) => new Cipher(ROOM, linkKey, await newIdentity(), id)));
	const [ada, bob] = ciphers as [Cipher, Cipher];
	const me = new Cipher(ROOM, linkKey, own, 'me');
	for (const cipher of ciphers) {
		await cipher.meet('me', await me.ownKeys());
		peers.push({ id: cipher.peerId, displayName: cipher.peerId, chatKeys: await cipher.ownKeys() });
	}
	for (let i = 0; i < 4; i += 1) {
		const a = await write(ada, 'text', `ada ${i}`);
		const b = await write(bob, 'text', `bob ${i}`, a.uid);
		await write(bob, 'text', `secret ${i}`, '', 'me');
		await write(ada, 'edit', `ada ${i} edited`, a.uid);
		await write(bob, 'edit', `ada ${i} taken over`, a.uid);
		await write(bob, 'reaction', '👍', a.uid);
		await write(ada, i % 2 ? 'delete' : 'edit', i % 2 ? '' : `not bob ${i}`, b.uid);
		if (i === 3) await write(bob, 'delete', '', b.uid);
	}
});

type Serve = (method: string, data: never) => Promise<unknown>;

/** The chat of somebody in the room, and the server's end of it. */
async function joined(serve: Serve = () => Promise.resolve({ messages: [], more: false })) {
	const room = new Room();
	const answer = { peerId: 'me', role: 'guest', room: { policy: 'waiting' }, peers } as unknown as Admitted;
	room.admitted(answer, true);
	const call = {
		options: { roomId: ROOM },
		room,
		api: { tell: (method: string, data: never) => void serve(method, data), call: serve }
	} as unknown as Call;
	const chat = new Chat(call);
	chat.show(true);
	call.onAdmitted!(answer, true);
	await chat.settled();
	expect(chat.status).toBe('ready');
	const tell = <M extends NotificationName>(method: M, data: Notifications[M]) => call.onChat!(method, data);
	const again = async () => {
		call.onAdmitted!(answer, false);
		await chat.settled();
	};
	return { chat, tell, again };
}

const POOL = 31;
const index = fc.nat(POOL - 1);
const byte = fc.nat(500);
const acts = fc.oneof(
	{ weight: 6, arbitrary: fc.record({ act: fc.constant('deliver' as const), i: index }) },
	{ weight: 2, arbitrary: fc.record({ act: fc.constant('flip' as const), i: index, at: byte, bit: fc.nat(7) }) },
	{ weight: 1, arbitrary: fc.record({ act: fc.constant('cut' as const), i: index, at: byte }) },
	{ weight: 1, arbitrary: fc.record({ act: fc.constant('splice' as const), i: index, j: index, at: byte }) },
	{ weight: 1, arbitrary: fc.record({ act: fc.constant('forge' as const), bytes: fc.uint8Array({ maxLength: 300 }) }) },
	{ weight: 1, arbitrary: fc.record({ act: fc.constant('plain' as const), text: fc.string() }) },
	{ weight: 1, arbitrary: fc.record({ act: fc.constant('misname' as const), i: index }) },
	{ weight: 1, arbitrary: fc.record({ act: fc.constant('redirect' as const), i: index }) },
	{ weight: 1, arbitrary: fc.record({ act: fc.constant('recount' as const), i: index, counter: fc.nat(0xffffffff) }) }
);
type Act = typeof acts extends fc.Arbitrary<infer T> ? T : never;

function tampered(act: Act): Pick<ChatItem, 'from' | 'to' | 'ciphertext'> {
	if (act.act === 'forge') return { from: 'ada', ciphertext: toBase64Url(act.bytes) };
	if (act.act === 'plain') return { from: 'ada', ciphertext: act.text };
	const { from, to, ciphertext } = written[act.i % written.length]!;
	const bytes = fromBase64Url(ciphertext);
	const item = { from, ...(to && { to }), ciphertext };
	switch (act.act) {
		case 'deliver':
			return item;
		case 'flip':
			bytes[act.at % bytes.length]! ^= 1 << act.bit;
			return { ...item, ciphertext: toBase64Url(bytes) };
		case 'cut':
			return { ...item, ciphertext: toBase64Url(bytes.slice(0, act.at % bytes.length)) };
		case 'splice': {
			const other = fromBase64Url(written[act.j % written.length]!.ciphertext);
			const at = act.at % bytes.length;
			return { ...item, ciphertext: toBase64Url(Uint8Array.of(...bytes.slice(0, at), ...other.slice(at))) };
		}
		case 'misname':
			return { ...item, from: from === 'ada' ? 'bob' : 'ada' };
		case 'redirect':
			return to ? { from, ciphertext } : { ...item, to: 'me' };
		case 'recount':
			new DataView(bytes.buffer).setUint32(1 + 4 + 16, act.counter);
			return { ...item, ciphertext: toBase64Url(bytes) };
	}
}

/** What an entry may say: its text, or what its own author made of it. */
function saying(uid: string): { from: string; texts: Set<string> } {
	const original = written.find((w) => w.uid === uid)!;
	const edits = written.filter((w) => w.ref === uid && w.type === 'edit' && w.from === original.from);
	return { from: original.from, texts: new Set([original.text, ...edits.map((e) => e.text)]) };
}

function examine(chat: Chat): void {
	const uids = new Set<string>();
	for (const entry of chat.entries) {
		expect(uids.has(entry.uid)).toBe(false);
		uids.add(entry.uid);
		if (entry.bad || entry.deleted) expect(entry.text).toBe('');
		if (entry.bad) continue;
		const { from, texts } = saying(entry.uid);
		expect(entry.from).toBe(from);
		if (!entry.deleted) expect([...texts]).toContain(entry.text);
		for (const by of Object.values(entry.reactions).flat()) {
			expect(written.some((w) => w.type === 'reaction' && w.from === by && w.ref === entry.uid)).toBe(true);
		}
	}
}

test(
	`whatever the server does, what is shown is genuine (${RUNS} sequences)`,
	{ timeout: 300_000 },
	async () => {
		let shown = 0;
		let refused = 0;
		await fc.assert(
			fc.asyncProperty(fc.array(acts, { minLength: 1, maxLength: 8 }), async (script) => {
				const { chat, tell } = await joined();
				for (const [i, act] of script.entries()) {
					steps.count = 0;
					tell('chat', { id: i, at: i, ...tampered(act) });
					await chat.settled();
					expect(steps.count).toBeLessThanOrEqual(MOST_STEPS);
				}
				examine(chat);
				shown += chat.entries.filter((e) => !e.bad).length;
				refused += chat.entries.filter((e) => e.bad).length;
			}),
			{ numRuns: RUNS }
		);
		/* both kinds were there */
		expect(shown).toBeGreaterThan(RUNS / 2);
		expect(refused).toBeGreaterThan(RUNS / 2);
	}
);

test('all that was written arrives in any order, each change in its place', async () => {
	const { chat, tell } = await joined();
	for (const [i, { from, to, ciphertext }] of [...written.entries()].reverse()) {
		tell('chat', { id: i, at: i, from, ...(to && { to }), ciphertext });
	}
	await chat.settled();
	const texts = chat.entries.map((e) => (e.deleted ? 'deleted' : e.text));
	expect(texts).toEqual([0, 1, 2, 3].flatMap((i) => [`ada ${i} edited`, i === 3 ? 'deleted' : `bob ${i}`, `secret ${i}`]));
	expect(chat.entries.every((e) => e.gap === 0)).toBe(true);
});

test('what the server keeps back is told', async () => {
	const { chat, tell } = await joined();
	const adas = written.filter((w) => w.from === 'ada');
	for (const [i, w] of [adas[0]!, adas[6]!].entries()) {
		tell('chat', { id: i, at: i, from: 'ada', ciphertext: w.ciphertext });
	}
	await chat.settled();
	expect(chat.entries.map((e) => e.gap)).toEqual([0, 5]);
});

/** A server's history, in answers of as many as fit, whatever was asked for. */
function historyOf(log: ChatItem[], fit: number, asked: number[] = []): Serve {
	return (method, { before = Infinity }: { before?: number }) => {
		if (method !== 'chatHistory') return Promise.resolve({});
		asked.push(before);
		const older = log.filter((m) => m.id < before);
		return Promise.resolve({ messages: older.slice(-fit), more: older.length > fit });
	};
}

const asItem = ({ from, to, ciphertext }: Written, i: number): ChatItem => ({ id: i + 1, at: i, from, to, ciphertext });

test('older messages come answer by answer, also when an answer holds few or nothing to see', async () => {
	const log = written.map(asItem);
	const asked: number[] = [];
	const { chat } = await joined(historyOf(log, 3, asked));
	while (chat.more && asked.length <= log.length) await chat.older();
	expect(asked).toHaveLength(Math.ceil(log.length / 3));
	expect(asked.slice(1)).toEqual(asked.slice(1).map((_, i) => log[Math.max(0, log.length - 3 * (i + 1))]!.id));
	expect(chat.entries.map((e) => e.id)).toEqual(log.filter((_, i) => written[i]!.type === 'text').map((m) => m.id));
	examine(chat);
});

test('after an absence all is fetched that came meanwhile, and no more', async () => {
	const log = written.slice(0, 10).map(asItem);
	const asked: number[] = [];
	const { chat, again } = await joined(historyOf(log, 4, asked));
	expect(asked).toHaveLength(1);
	const { more } = chat;
	log.push(...written.map(asItem).slice(10, 20));
	await again();
	expect(asked).toHaveLength(4);
	expect(chat.more).toBe(more);
	expect(chat.entries.map((e) => e.id)).toEqual(
		log.filter((m, i) => m.id > 6 && written[i]!.type === 'text').map((m) => m.id)
	);
});

test('a message that failed is sent again as the same message', async () => {
	const sent: unknown[] = [];
	let up = false;
	const { chat, tell } = await joined((method, data) => {
		if (method !== 'sendChat') return Promise.resolve({ messages: [], more: false });
		sent.push(data);
		return up ? Promise.resolve({ id: 7, at: 7 }) : Promise.reject(new RequestError(503, 'busy'));
	});
	await chat.send('psst', 'ada', null);
	const [entry] = chat.entries;
	await vi.waitFor(() => expect(entry!.state).toBe('failed'));
	up = true;
	chat.retry(entry!);
	await vi.waitFor(() => expect(entry!.state).toBe('sent'));
	chat.retry(entry!);
	expect(sent).toHaveLength(2);
	expect(sent[1]).toEqual(sent[0]);
	expect(sent[0]).toMatchObject({ to: 'ada' });
	tell('chatDeleted', { id: 7 });
	await chat.settled();
	expect([entry!.id, entry!.deleted]).toEqual([7, true]);
});

test('what was deleted before one came is told as that, and is not missing', async () => {
	const log = written.filter((w) => w.from === 'ada').map(asItem);
	for (const item of log.slice(1, 6)) item.ciphertext = '';
	const { chat } = await joined(historyOf(log.slice(0, 8), 2));
	while (chat.more) await chat.older();
	expect(chat.entries.map((e) => [e.id, e.deleted, e.gap])).toEqual([
		[1, false, 0],
		...[2, 3, 4, 5, 6].map((id) => [id, true, 0]),
		...log.slice(6, 8).flatMap((m, i) => (adaWrote(i + 6) === 'text' ? [[m.id, false, 0]] : []))
	]);
});

const adaWrote = (i: number) => written.filter((w) => w.from === 'ada')[i]!.type;
