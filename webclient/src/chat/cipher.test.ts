import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { fromBase64Url, randomBytes, toBase64Url } from './bytes';
import { Cipher, type Incoming, type Outgoing, type Verdict } from './cipher';
import { newIdentity, type Identity } from './identity';

const RUNS = Number(process.env.CHAT_RUNS ?? 2000);
const ROOM = 'team';
const linkKey = new Uint8Array(32).fill(42);
const NAMES = ['ada', 'bob', 'eve'] as const;
let identities: Record<string, Identity>;

beforeAll(async () => {
	identities = {};
	for (const name of NAMES) identities[name] = await newIdentity();
});

function cipher(name: string, key = linkKey): Cipher {
	return new Cipher(ROOM, key, identities[name]!, name);
}

async function acquainted(...names: string[]): Promise<Cipher[]> {
	const ciphers = names.map((name) => cipher(name));
	for (const a of ciphers) for (const b of ciphers) if (a !== b) await a.meet(b.peerId, await b.ownKeys());
	return ciphers;
}

const text = (words: string, to?: string): Outgoing => ({ type: 'text', text: words, name: 'Ada', to });

function shown(verdict: Verdict): string | null {
	return verdict.ok ? verdict.content.text : null;
}

test('what one writes the others read, once', async () => {
	const [ada, bob] = (await acquainted('ada', 'bob')) as [Cipher, Cipher];
	const ciphertext = await ada.encrypt(text('Grüße 👋'));
	expect(ciphertext).not.toContain('Gr');
	expect(shown(await bob.decrypt({ from: 'ada', ciphertext }))).toBe('Grüße 👋');
	expect(await bob.decrypt({ from: 'ada', ciphertext })).toEqual({ ok: false, why: 'repeated' });
});

test('two copies under way at once are shown once', async () => {
	const [ada, bob] = (await acquainted('ada', 'bob')) as [Cipher, Cipher];
	const ciphertext = await ada.encrypt(text('hi'));
	const verdicts = await Promise.all([1, 2, 3].map(() => bob.decrypt({ from: 'ada', ciphertext })));
	expect(verdicts.filter((v) => v.ok).length).toBe(1);
});

test('another link key, room, sender or recipient opens nothing', async () => {
	const [ada] = (await acquainted('ada', 'bob')) as [Cipher];
	const ciphertext = await ada.encrypt(text('secret'));
	const stranger = cipher('bob', randomBytes(32));
	expect((await stranger.decrypt({ from: 'ada', ciphertext })).ok).toBe(false);
	const elsewhere = new Cipher('other', linkKey, identities.bob!, 'bob');
	expect((await elsewhere.decrypt({ from: 'ada', ciphertext })).ok).toBe(false);
	expect((await cipher('bob').decrypt({ from: 'eve', ciphertext })).ok).toBe(false);
	expect((await cipher('bob').decrypt({ from: 'ada', to: 'bob', ciphertext })).ok).toBe(false);
});

test('direct messages are for two', async () => {
	const [ada, bob, eve] = (await acquainted('ada', 'bob', 'eve')) as [Cipher, Cipher, Cipher];
	const ciphertext = await ada.encrypt(text('psst', 'bob'));
	const item: Incoming = { from: 'ada', to: 'bob', ciphertext };
	expect(shown(await bob.decrypt(item))).toBe('psst');
	expect((await eve.decrypt(item)).ok).toBe(false);
	/* the author reads his own after a reload */
	const [again] = (await acquainted('ada', 'bob')) as [Cipher];
	expect(shown(await again.decrypt(item))).toBe('psst');
});

test('keys without proof of the link, or bound to another peer, are not believed', async () => {
	const ada = cipher('ada');
	const bob = cipher('bob');
	const keys = await bob.ownKeys();
	expect(await ada.meet('bob', keys)).toBe(true);
	expect(await ada.meet('eve', keys)).toBe(false);
	const outsider = cipher('eve', randomBytes(32));
	expect(await ada.meet('eve', await outsider.ownKeys())).toBe(false);
	expect(await ada.meet('bob', { ...keys, seal: (await cipher('eve').ownKeys()).seal })).toBe(false);
});

test('a fresh epoch shuts out who is not sealed to', async () => {
	const [ada, bob, eve] = (await acquainted('ada', 'bob', 'eve')) as [Cipher, Cipher, Cipher];
	const { boxes, commit } = await ada.startEpoch(1, ['bob']);
	expect(ada.epoch).toBe(0);
	commit();
	expect(boxes.map((b) => b.to)).toEqual(['bob']);
	expect(await bob.openBox('ada', 1, boxes[0]!.box)).toBe(true);
	expect(await eve.openBox('ada', 1, boxes[0]!.box)).toBe(false);
	expect(await bob.openBox('eve', 2, boxes[0]!.box)).toBe(false);
	const ciphertext = await ada.encrypt(text('without eve'));
	expect(shown(await bob.decrypt({ from: 'ada', ciphertext }))).toBe('without eve');
	expect(await eve.decrypt({ from: 'ada', ciphertext })).toEqual({ ok: false, why: 'no-key' });
	expect(bob.safetyCode).toBe(ada.safetyCode);
	expect(eve.safetyCode).not.toBe(ada.safetyCode);
	/* a reload keeps it */
	const again = cipher('bob');
	again.restoreEpochs(bob.keptEpochs);
	expect(shown(await again.decrypt({ from: 'ada', ciphertext }))).toBe('without eve');
	/* a newcomer gets it from who lets him in */
	expect(await eve.openBox('ada', 1, (await ada.sealFor('eve')).box)).toBe(true);
	expect(shown(await eve.decrypt({ from: 'ada', ciphertext }))).toBe('without eve');
});

test('a change of the signing key is told', async () => {
	const [ada, bob] = (await acquainted('ada', 'bob')) as [Cipher, Cipher];
	const first = await bob.decrypt({ from: 'ada', ciphertext: await ada.encrypt(text('1')) });
	expect(first.ok && first.keyChanged).toBe(false);
	const other = new Cipher(ROOM, linkKey, identities.eve!, 'ada');
	const second = await bob.decrypt({ from: 'ada', ciphertext: await other.encrypt(text('2')) });
	expect(second.ok && second.keyChanged).toBe(true);
});

test('text of 4,096 bytes fits, more is refused', async () => {
	const [ada, bob] = (await acquainted('ada', 'bob')) as [Cipher, Cipher];
	const long = 'x'.repeat(4096);
	expect(shown(await bob.decrypt({ from: 'ada', ciphertext: await ada.encrypt(text(long)) }))).toBe(long);
	await expect(ada.encrypt(text('x'.repeat(4097)))).rejects.toThrow('too long');
});

/* ---- a malicious server ---- */

type Act =
	| { do: 'deliver'; i: number }
	| { do: 'flip'; i: number; byte: number; bit: number }
	| { do: 'cut'; i: number; to: number }
	| { do: 'splice'; i: number; j: number; at: number }
	| { do: 'forge'; bytes: Uint8Array }
	| { do: 'misname'; i: number }
	| { do: 'redirect'; i: number };

const POOL = 24;
const index = fc.nat(POOL - 1);
const acts: fc.Arbitrary<Act> = fc.oneof(
	fc.record({ do: fc.constant('deliver' as const), i: index }),
	fc.record({ do: fc.constant('flip' as const), i: index, byte: fc.nat(400), bit: fc.nat(7) }),
	fc.record({ do: fc.constant('cut' as const), i: index, to: fc.nat(400) }),
	fc.record({ do: fc.constant('splice' as const), i: index, j: index, at: fc.nat(400) }),
	fc.record({ do: fc.constant('forge' as const), bytes: fc.uint8Array({ maxLength: 200 }) }),
	fc.record({ do: fc.constant('misname' as const), i: index }),
	fc.record({ do: fc.constant('redirect' as const), i: index })
);

function tamper(act: Act, pool: Incoming[]): Incoming {
	if (act.do === 'forge') return { from: 'ada', ciphertext: toBase64Url(act.bytes) };
	const item = pool[act.i]!;
	const bytes = fromBase64Url(item.ciphertext);
	const changed = (data: Uint8Array) => ({ ...item, ciphertext: toBase64Url(data) });
	switch (act.do) {
		case 'deliver':
			return item;
		case 'flip': {
			const at = act.byte % bytes.length;
			bytes[at] = bytes[at]! ^ (1 << act.bit);
			return changed(bytes);
		}
		case 'cut':
			return changed(bytes.slice(0, act.to % bytes.length));
		case 'splice': {
			const other = fromBase64Url(pool[act.j]!.ciphertext);
			const at = act.at % bytes.length;
			const out = new Uint8Array(bytes.length);
			out.set(bytes.slice(0, at));
			out.set(other.slice(at, bytes.length).slice(0, bytes.length - at), at);
			return changed(out);
		}
		case 'misname':
			return { ...item, from: item.from === 'ada' ? 'bob' : 'ada' };
		case 'redirect':
			return item.to ? { ...item, to: undefined } : { ...item, to: 'eve' };
	}
}

test(
	`whatever a server delivers, only genuine messages are shown, each once (${RUNS} sequences)`,
	{ timeout: 300_000 },
	async () => {
		const [ada, bob, eve] = (await acquainted('ada', 'bob', 'eve')) as [Cipher, Cipher, Cipher];
		const pool: Incoming[] = [];
		const genuine = new Map<string, string>();
		for (let i = 0; i < POOL; i += 1) {
			const author = i % 2 ? bob : ada;
			const to = i % 5 === 4 ? 'eve' : undefined;
			const words = `message ${i}`;
			const ciphertext = await author.encrypt(text(words, to));
			pool.push({ from: author.peerId, to, ciphertext });
			genuine.set(`${author.peerId}|${to ?? ''}|${ciphertext}`, words);
		}
		void eve;
		const keys = { ada: await ada.ownKeys(), bob: await bob.ownKeys() };
		await fc.assert(
			fc.asyncProperty(fc.array(acts, { minLength: 1, maxLength: 6 }), async (script) => {
				const reader = cipher('eve');
				await reader.meet('ada', keys.ada);
				await reader.meet('bob', keys.bob);
				const shownOnce = new Set<string>();
				for (const act of script) {
					const item = tamper(act, pool);
					const verdict = await reader.decrypt(item);
					if (!verdict.ok) continue;
					const name = `${item.from}|${item.to ?? ''}|${item.ciphertext}`;
					expect(genuine.get(name)).toBe(verdict.content.text);
					expect(shownOnce.has(name)).toBe(false);
					shownOnce.add(name);
				}
			}),
			{ numRuns: RUNS }
		);
	}
);

test('no key encrypts twice: sessions of reloads and duplicated tabs never meet', async () => {
	const seen = new Set<string>();
	for (let load = 0; load < 40; load += 1) {
		const tab = cipher('ada');
		for (let i = 0; i < 30; i += 1) {
			const uid = Cipher.uid(await tab.encrypt({ type: 'text', text: 'x', name: 'A' }));
			expect(seen.has(uid)).toBe(false);
			seen.add(uid);
		}
	}
});
