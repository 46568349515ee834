// Failures of the product that this one replaces that take a media worker to
// be seen, each by its name: real daemons, many producers, no media.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, ROOT, Site, connected, sleep } from '../lib/protoo.mjs';

const PORT = Number(process.env.PORT ?? 6963);
const fixture = (name) => JSON.parse(readFileSync(join(ROOT, `tests/fixtures/mediasoup/client-${name}.json`), 'utf8')).request.data;
const { rtpCapabilities } = fixture('join');
const AUDIO = fixture('produce-audio');

let passed = 0;
let failed = 0;

function hold(what, ok, more = '') {
	console.log(`${ok ? 'ok  ' : 'FAIL'} ${what} ${more}`);
	if (ok) passed++;
	else failed++;
}

async function joined(room, name) {
	const c = await Client.connect(PORT, room);
	await c.ask('enter', { displayName: name });
	await c.ask('join', { displayName: name, rtpCapabilities });
	return c;
}

async function produce(c, mid) {
	const { data } = await c.ask('createWebRtcTransport', { producing: true, consuming: false });
	const rtpParameters = structuredClone(AUDIO.rtpParameters);
	rtpParameters.mid = String(mid);
	rtpParameters.encodings = [{ ssrc: 1000 + Math.floor(Math.random() * 4e9) }];
	return c.ask('produce', { transportId: data.id, kind: 'audio', rtpParameters, appData: { source: 'mic' } });
}

/** 88 transports were opened in 4 s by one user. */
async function chattrTransportsAreFew() {
	const c = await joined('few', 'Ann');
	const made = [];
	const refused = new Set();
	for (let i = 0; i < 88; i++) {
		const a = await c.ask('createWebRtcTransport', { producing: true, consuming: false });
		if (a.ok) made.push(a.data.id);
		else refused.add(a.errorReason);
		await sleep(45);
	}
	hold('chattr_transports_are_few', made.length === 4 && refused.has('too-many'), `${made.length} of 88, ${[...refused]}`);
	c.hangUp();
}

/** 30 consumes at once got 20 answers, so joining a full room stalled. */
async function chattrFullRoomDoesNotStall() {
	const PEOPLE = 80;
	const people = await Promise.all(Array.from({ length: PEOPLE }, (_, i) => joined('full', `P${i}`)));
	for (const c of people) {
		const a = await produce(c, 0);
		if (!a.ok) return hold('chattr_full_room_does_not_stall', false, JSON.stringify(a));
	}
	const late = await joined('full', 'Late');
	const offered = new Set();
	let open = 0;
	let most = 0;
	late.onmessage = (m) => {
		if (!m.request) return;
		open++;
		most = Math.max(most, open);
		setTimeout(() => {
			open--;
			offered.add(m.data.producerId);
			late.send(JSON.stringify({ response: true, id: m.id, ok: true, data: {} }));
		}, 20);
	};
	const start = Date.now();
	await late.ask('createWebRtcTransport', { producing: false, consuming: true });
	while (offered.size < PEOPLE && Date.now() - start < 10000) await sleep(10);
	hold('chattr_full_room_does_not_stall', offered.size === PEOPLE, `${offered.size} of ${PEOPLE} in ${Date.now() - start} ms`);
	hold('at most 50 are asked at once', most <= 50, `${most}`);
	for (const c of [...people, late]) c.hangUp();
}

/** One who is sent back to the line while its transport is made hears no more of it. */
async function sentBackHearsNothing() {
	const host = await joined('back', 'Host');
	let leaks = 0;
	for (let i = 0; i < 20; i++) {
		const guest = await Client.connect(PORT, 'back');
		const { data } = await guest.ask('enter', { displayName: 'Guest' });
		if (data.status === 'waiting') {
			const told = guest.hear('admitted');
			await host.ask('admit', { peerId: data.peerId });
			await told;
		}
		await guest.ask('join', { displayName: 'Guest', rtpCapabilities });
		let waiting = false;
		guest.onmessage = (m) => {
			if (m.method === 'waitingState') waiting = true;
			else if (waiting) leaks += m.ok === true || m.notification === true || m.request === true;
		};
		guest.ask('createWebRtcTransport', { producing: false, consuming: true }).catch(() => {});
		guest.ask('createWebRtcTransport', { producing: true, consuming: false }).catch(() => {});
		await host.ask('sendToWaiting', { peerId: data.peerId });
		await sleep(50);
		await guest.ask('leave');
		guest.hangUp();
	}
	hold('who is sent back hears of state and place alone', leaks <= 20, `${leaks} besides the answers of leave`);
	host.hangUp();
}

/** A request sent twice at once makes one transport, and both are answered. */
async function askedTwiceIsMadeOnce() {
	const c = await joined('twice', 'Ann');
	const ids = [];
	c.onmessage = (m) => m.ok && m.data.iceParameters && ids.push(m.data.id);
	const ask = JSON.stringify({ request: true, id: 777, method: 'createWebRtcTransport', data: { producing: true, consuming: false } });
	c.send(ask);
	c.send(ask);
	for (let i = 0; i < 50 && ids.length < 2; i++) await sleep(20);
	hold('asked twice is made once', ids.length === 2 && ids[0] === ids[1], `${ids}`);
	c.hangUp();
}

/** All processes are started anew: who joined before is offered what others send. */
async function restartOfEverything(site) {
	const people = [];
	for (const displayName of ['Ann', 'Bob']) {
		const c = await Client.connect(PORT, 'anew');
		const { data } = await c.ask('enter', { displayName });
		await c.ask('join', { displayName, rtpCapabilities });
		people.push({ resumeToken: data.resumeToken, epoch: data.epoch });
	}
	await site.restart();
	for (const p of people) {
		p.c = await Client.connect(PORT, 'anew');
		const have = { transports: [], producers: [], consumers: [] };
		const { data } = await p.c.ask('enter', { ...p, c: undefined, lastSeq: 0, have });
		hold('a restart of everything: resumed', data.resumed === true);
	}
	const [ann, bob] = people.map((p) => p.c);
	let offered = 0;
	bob.onmessage = (m) => (offered += m.method === 'newConsumer');
	await bob.ask('createWebRtcTransport', { producing: false, consuming: true });
	await produce(ann, 0);
	for (let i = 0; i < 100 && !offered; i++) await sleep(20);
	hold('a restart of everything: streams are offered', offered === 1, `${offered}`);
	ann.hangUp();
	bob.hangUp();
}

/** The read callback was called again and again, in one endless turn, for the bytes of one who is not listened to. */
async function oneFloodsAlone(site) {
	const server = site.server();
	const ann = await joined('dry', 'Ann');
	const eve = await joined('wet', 'Eve');
	const text = JSON.stringify({ notification: true, method: 'x', data: { t: 'x'.repeat(60000) } });
	const before = site.cpuMs();
	let most = 0;
	for (const end = Date.now() + 2000; Date.now() < end; await sleep(20)) {
		while (eve.open && eve.socket.writableLength < 1e6) eve.send(text);
		const start = Date.now();
		const a = await Promise.race([ann.ask('setHand', { raised: true }).catch(() => null), sleep(2000)]);
		if (!a) break;
		most = Math.max(most, Date.now() - start);
	}
	const same = site.server() === server;
	hold('one floods: the server lives', same);
	if (!same) return;
	const cpu = site.cpuMs() - before;
	hold('one floods: the server has little to do', cpu < 500, `${cpu} ms of CPU, an answer in ${most} ms`);
	ann.hangUp();
	eve.hangUp();
}

/** A server that does not beat is replaced: what is patient with a busy one must not be with this. */
async function serverStandsStill(site) {
	const server = site.server();
	const start = Date.now();
	process.kill(server, 'SIGSTOP');
	while (site.server() === server && Date.now() - start < 3000) await sleep(10);
	const ms = Date.now() - start;
	hold('a server that stands still is killed', ms > 400 && ms < 1500, `${ms} ms`);
	const c = await connected(PORT, 'after');
	hold('and the next one serves', (await c.ask('enter', { displayName: 'Ann' })).ok);
	c.hangUp();
}

const site = await Site.start(PORT, { CHATTR_ROOMS_POLICY: 'waiting' });
try {
	await chattrTransportsAreFew();
	await sentBackHearsNothing();
	await site.stop();
	const open = await Site.start(PORT, { CHATTR_ROOMS_POLICY: 'open' });
	await chattrFullRoomDoesNotStall();
	await askedTwiceIsMadeOnce();
	await oneFloodsAlone(open);
	await serverStandsStill(open);
	await restartOfEverything(open);
	await open.stop();
} catch (e) {
	hold('no exception', false, e.stack);
	await site.stop();
}
console.log(`regress: ${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
