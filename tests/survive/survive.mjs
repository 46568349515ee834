// Promises of the signaling process, over its real sockets:
//
//   races   64 clients redeem one invite at the same instant: one wins
//   kills   kill -9 at a random point of what rooms do: nothing that was
//           acknowledged is forgotten, no invite lets two in
//
//	RACES=1000 KILLS=300 PORT=24200 node tests/survive/survive.mjs
import { Client, Site, connected, nextAddress, secret, sleep } from '../lib/protoo.mjs';

const RACES = Number(process.env.RACES ?? 20);
const KILLS = Number(process.env.KILLS ?? 10);
const PORT = Number(process.env.PORT ?? 6943);
const CROWD = 64;
const TRIES = 3; /* of one connection: its bucket of `enter` */
const ROOMS = 4;
const GROWN_MS = 2050; /* who dies younger is started again later each time */

let passed = 0;
const failures = [];

function hold(what, ok, more = '') {
	if (ok) passed++;
	else {
		failures.push(what);
		console.log(`FAIL ${what} ${typeof more === 'string' ? more : JSON.stringify(more)}`);
	}
}

const isIn = (answer) => answer.ok === true && answer.data.status === 'admitted';

/* ---- races ---- */

async function crowd(room) {
	return Promise.all(Array.from({ length: CROWD }, () => Client.connect(PORT, room)));
}

async function race(clients, invite) {
	const answers = await Promise.all(clients.map((c) => c.ask('enter', { displayName: 'Racer', invite })));
	const winners = answers.filter(isIn).length;
	const losers = answers.filter((a) => a.errorReason === 'invite-invalid').length;
	hold('one winner', winners === 1 && losers === CROWD - 1, answers.find((a) => !isIn(a) && a.errorReason !== 'invite-invalid') ?? `${winners}`);
	return clients.filter((_, i) => !isIn(answers[i]));
}

async function races() {
	const start = Date.now();
	let run = 0;
	for (let n = 0; run < RACES; n++) {
		const room = `race-${n}`;
		const host = await Client.connect(PORT, room);
		await host.ask('enter', { displayName: 'Host' });
		for (let i = 0; i < TRIES * 3 && run < RACES; i += TRIES) {
			let clients = await crowd(room);
			for (let t = 0; t < TRIES && run < RACES; t++, run++) {
				const { data } = await host.ask('createInvite');
				clients = await race(clients, data.token);
				clients.push(...(await Promise.all(Array.from({ length: CROWD - clients.length }, () => Client.connect(PORT, room)))));
			}
			for (const c of clients) c.hangUp();
		}
		host.hangUp();
	}
	console.log(`races: ${run} of ${CROWD} in ${((Date.now() - start) / 1000).toFixed(1)} s`);
}

/* ---- kills ---- */

/** What a room has acknowledged. */
class Room {
	id = `room-${secret().slice(0, 6)}`;
	host = { token: '', peerId: '', client: null };
	invites = []; /* {token, entered, sure} */
	members = []; /* {token, peerId}: acknowledged as admitted */
	gone = []; /* acknowledged as kicked */
	chats = new Set(); /* ids of this round */
	policy = 'waiting'; /* null: it was under way when the server died */

	async connect() {
		this.host.client = await connected(PORT, this.id);
		const answer = await this.host.client.ask('enter', {
			displayName: 'Host',
			...(this.host.token && { resumeToken: this.host.token })
		});
		return answer;
	}
}

/* Requests whose answer may never come. */
const silently = (promise) => promise.catch(() => null);

async function makeInvite(room) {
	const a = await room.host.client.ask('createInvite', { label: 'k' });
	if (a.ok) room.invites.push({ token: a.data.token, entered: 0 });
}

async function guest(room, data) {
	const c = await Client.connect(PORT, room.id);
	try {
		return { c, answer: await c.ask('enter', { displayName: 'Guest', ...data }) };
	} catch (e) {
		c.hangUp();
		throw e;
	}
}

async function redeem(room, invite) {
	const { c, answer } = await guest(room, { invite: invite.token });
	c.hangUp();
	if (!isIn(answer)) return;
	invite.entered++;
	room.members.push({ token: answer.data.resumeToken, peerId: answer.data.peerId });
}

async function admitOne(room) {
	const { c, answer } = await guest(room, {});
	if (answer.ok && answer.data.status === 'waiting') {
		const { peerId, resumeToken } = answer.data;
		const a = await room.host.client.ask('admit', { peerId });
		if (a.ok) room.members.push({ token: resumeToken, peerId });
	}
	c.hangUp();
}

async function kickOne(room) {
	const m = room.members.shift();
	if (!m) return;
	const a = await room.host.client.ask('kick', { peerId: m.peerId });
	if (a.ok) room.gone.push(m);
	/* Else nobody knows: it is in neither list. */
}

async function setPolicy(room) {
	const want = room.policy === 'locked' ? 'waiting' : 'locked';
	room.policy = null;
	const a = await room.host.client.ask('setPolicy', { policy: want });
	if (a.ok) room.policy = want;
}

async function chat(room) {
	const a = await room.host.client.ask('sendChat', { clientId: secret(), ciphertext: 'AAAA' });
	if (a.ok) room.chats.add(a.data.id);
}

function act(room) {
	const fresh = room.invites.filter((i) => i.entered === 0).slice(-2);
	const acts = [makeInvite(room), makeInvite(room), chat(room), chat(room), chat(room), admitOne(room), admitOne(room), kickOne(room)];
	for (const i of fresh) acts.push(redeem(room, i), redeem(room, i));
	if (Math.random() < 0.5) acts.push(setPolicy(room));
	return Promise.all(acts.map(silently));
}

async function checkHost(room, answer) {
	hold('the host is the host', isIn(answer) && answer.data.peerId === room.host.peerId && answer.data.role === 'host', answer);
}

async function checkMembers(room) {
	const old = room.members.slice(0, 2);
	for (const m of [...old, ...room.members.slice(-4)]) {
		const { c, answer } = await guest(room, { resumeToken: m.token });
		hold('who was let in is in', isIn(answer) && answer.data.peerId === m.peerId, answer);
		c.hangUp();
	}
}

async function checkGone(room) {
	for (const m of room.gone.slice(-3)) {
		const { c, answer } = await guest(room, { resumeToken: m.token });
		hold('who was kicked is gone', !isIn(answer), answer);
		if (answer.ok) await silently(c.ask('leave')); /* it knocks now */
		c.hangUp();
	}
}

async function checkInvites(room) {
	for (const i of room.invites) {
		hold('an invite lets one in', i.entered <= 1);
		if (i.entered === 0 || i.checked) continue;
		const { c, answer } = await guest(room, { invite: i.token });
		hold('a spent invite stays spent', answer.errorReason === 'invite-invalid', answer);
		i.checked = true;
		c.hangUp();
	}
	room.invites = room.invites.filter((i) => !i.checked).slice(-10);
}

async function checkChat(room) {
	const { data } = await room.host.client.ask('chatHistory', { limit: 100 });
	const ids = new Set(data.messages.map((m) => m.id));
	for (const id of room.chats) hold('a message is kept', ids.has(id));
	room.chats.clear();
}

async function checkPolicy(room) {
	if (!room.policy) {
		/* Known again by setting it. */
		await room.host.client.ask('setPolicy', { policy: 'waiting' });
		room.policy = 'waiting';
	}
	const { c, answer } = await guest(room, {});
	hold('a lock is kept', (answer.errorReason === 'room-locked') === (room.policy === 'locked'), answer);
	if (answer.ok) await silently(c.ask('leave'));
	c.hangUp();
}

async function round(site, rooms, bornMs) {
	await sleep(GROWN_MS - (Date.now() - bornMs));
	const acts = rooms.map(act);
	await sleep(Math.random() * 25);
	const pid = site.kill();
	await Promise.all(acts);
	while (site.server() === pid) await sleep(2);
	const born = Date.now();
	await Promise.all(
		rooms.map(async (room) => {
			room.host.client.hangUp();
			await checkHost(room, await room.connect());
			await checkMembers(room);
			await checkGone(room);
			await checkInvites(room);
			await checkChat(room);
			await checkPolicy(room);
		})
	);
	return born;
}

async function kills(site) {
	const start = Date.now();
	const rooms = Array.from({ length: ROOMS }, () => new Room());
	for (const room of rooms) {
		const { data } = await room.connect();
		room.host.token = data.resumeToken;
		room.host.peerId = data.peerId;
	}
	let born = 0;
	for (let n = 0; n < KILLS && failures.length < 10; n++) born = await round(site, rooms, born);
	console.log(`kills: ${KILLS} in ${((Date.now() - start) / 1000).toFixed(1)} s`);
}

const site = await Site.start(PORT, { CHATTR_ROOMS_SEATS: '1000', CHATTR_LISTEN_CONNS_PER_ADDR: '1000', CHATTR_LIMITS_NEWCOMER_RATE: '20000' });
try {
	if (RACES) await races();
	if (KILLS) await kills(site);
} catch (e) {
	hold('no exception', false, `${e.stack}\n${site.log().slice(-2000)}`);
}
await site.stop();
console.log(`survive: ${passed} passed, ${failures.length} failed`);
process.exit(failures.length ? 1 : 0);
