import fc from 'fast-check';
import { beforeAll, expect, test, vi } from 'vitest';
import { fromBase64Url, randomBytes, toBase64Url } from './bytes';
import { Cipher, type Incoming, type Outgoing, type Verdict } from './cipher';
import { associatedData, decodeEnvelope, encodeContent, encodeEnvelope, pad, signedBytes } from './frame';
import { newIdentity, signWith, type Identity } from './identity';
import { messageKey } from './ratchet';
import { aesSeal } from './seal';

const RUNS = Number(process.env.CHAT_RUNS ?? 1000);
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
	expect(new TextDecoder().decode(fromBase64Url(ciphertext))).not.toContain('Grüße');
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

const MESSAGES = 100_000;

test(
	`no key encrypts twice: ${MESSAGES} messages of reloads, duplicated tabs, epochs and two people`,
	{ timeout: 300_000 },
	async () => {
		const keys = new Set<string>();
		let encrypted = 0;
		const { subtle } = crypto;
		const importKey = subtle.importKey.bind(subtle) as (...args: unknown[]) => Promise<CryptoKey>;
		const encrypt = subtle.encrypt.bind(subtle);
		vi.spyOn(subtle, 'importKey').mockImplementation((...args: unknown[]) => {
			if ((args[4] as string[])[0] === 'encrypt') keys.add(toBase64Url(args[1] as Uint8Array));
			return importKey(...args);
		});
		vi.spyOn(subtle, 'encrypt').mockImplementation((algorithm, ...rest) => {
			if (((algorithm as AesGcmParams).iv as Uint8Array).some((byte) => byte !== 0)) throw new Error('a nonce');
			encrypted += 1;
			return encrypt(algorithm, ...rest);
		});

		const [first, bob] = (await acquainted('ada', 'bob')) as [Cipher, Cipher];
		const bobsKeys = await bob.ownKeys();
		const epochs = async () => {
			const { commit } = await first.startEpoch(first.epoch + 1, []);
			commit();
		};
		const loads = 50;
		for (let load = 0; load < loads; load += 1) {
			if (load % 10 === 9) await epochs();
			/* a reload and its duplicate: the same identity, link and epochs */
			const tabs = [cipher('ada'), cipher('ada')];
			for (const tab of tabs) {
				tab.restoreEpochs(first.keptEpochs);
				await tab.meet('bob', bobsKeys);
			}
			for (let sent = 0; sent < MESSAGES / loads; sent += 50) {
				const batch = Array.from({ length: 50 }, (_, i) =>
					tabs[i % 2]!.encrypt({ type: 'text', text: 'x', name: 'A', to: i % 10 === 0 ? 'bob' : undefined })
				);
				await Promise.all(batch);
			}
		}
		expect(encrypted).toBe(MESSAGES);
		expect(keys.size).toBe(MESSAGES);
	}
);

/* A member has the keys of all; only the signatures tell members apart. */
test('a member can neither write as another nor use up his counters', async () => {
	const [ada, bob] = (await acquainted('ada', 'bob')) as [Cipher, Cipher];
	const first = await ada.encrypt(text('1'));
	const { session } = decodeEnvelope(fromBase64Url(first));
	const planted = async (from: string, signer: Identity, counter: number) => {
		const envelope = { version: 1, epoch: 0, session, counter, salt: new Uint8Array(0), sealed: new Uint8Array(0) };
		const aad = associatedData({ roomId: ROOM, from, to: '' }, envelope);
		const content = encodeContent({ type: 'text', ref: '', name: 'Ada', text: 'planted', publicKey: identities.ada!.signPublic });
		const own = encodeContent({ type: 'text', ref: '', name: 'Eve', text: 'planted', publicKey: signer.signPublic });
		const words = from === 'ada' ? content : own;
		const sealed = await aesSeal(
			messageKey(linkKey, ROOM, session, counter),
			pad(words, await signWith(signer, signedBytes(aad, words))),
			aad
		);
		return { from, ciphertext: toBase64Url(encodeEnvelope({ ...envelope, sealed })) };
	};
	expect(shown(await bob.decrypt({ from: 'ada', ciphertext: first }))).toBe('1');
	expect(await bob.decrypt(await planted('ada', identities.eve!, 1))).toEqual({ ok: false, why: 'forged' });
	expect(await bob.decrypt(await planted('eve', identities.eve!, 1))).toEqual({ ok: false, why: 'forged' });
	expect(shown(await bob.decrypt({ from: 'ada', ciphertext: await ada.encrypt(text('2')) }))).toBe('2');
});

test('a box that was opened before is no news', async () => {
	const [ada, bob] = (await acquainted('ada', 'bob')) as [Cipher, Cipher];
	const { boxes } = await ada.startEpoch(1, ['bob']);
	expect(await bob.openBox('ada', 1, boxes[0]!.box)).toBe(true);
	expect(await bob.openBox('ada', 1, boxes[0]!.box)).toBe(false);
});
