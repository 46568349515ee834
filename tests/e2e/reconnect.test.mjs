// Breaks of every kind, and that each ends well or in a clear choice.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readSync, readdirSync, readlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import * as e2e from './lib.mjs';
import { button, inRoom, joinAs, meetingOfTwo, openPanel, sees, tile } from './people.mjs';

let server, browser, ada, ben, link, eve, fay;

before(async () => {
	server = await e2e.startServer();
	browser = await e2e.launchChromium();
	await halt();
	ada = await e2e.person(browser, { light: true });
	ben = await e2e.person(browser, { light: true });
	link = await meetingOfTwo(server, ada, ben);
	await Promise.all([sees(ada, 'Ben'), sees(ben, 'Ada')]);
});
after(async () => {
	await browser?.close();
	await server?.stop();
});

/** Processes below the supervisor by name of role. */
function children(pattern) {
	const table = execFileSync('ps', ['-eo', 'pid,ppid,args'], { encoding: 'utf8' }).split('\n').slice(1);
	const rows = table.map((row) => row.trim().split(/\s+/)).map(([pid, ppid, ...args]) => ({ pid: +pid, ppid: +ppid, args: args.join(' ') }));
	return rows.filter((r) => r.ppid === server.pid && pattern.test(r.args));
}

/**
 * The worker crashes at work for the room of its last datagram: that is what
 * its black box (common/blackbox.h) will say.
 */
async function crash() {
	const [worker] = children(/mediad/);
	const found = await e2e.until('a black box with something in it', () => {
		for (const fd of readdirSync(`/proc/${server.pid}/fd`)) {
			const path = `/proc/${server.pid}/fd/${fd}`;
			if (!readlinkSync(path).includes('memfd:blackbox')) continue;
			const box = openSync(path, 'r+');
			const head = Buffer.alloc(16);
			readSync(box, head, 0, 16, 0);
			if (head.readBigUInt64LE(8) > 0n) return box;
			closeSync(box);
		}
		return null;
	});
	await e2e.until('a datagram of the room', async () => {
		process.kill(worker.pid, 'SIGSTOP');
		await e2e.sleep(20);
		const [slots, slotSize] = [64, 24 + 1536];
		const n = Buffer.alloc(8);
		readSync(found, n, 0, 8, 8);
		const last = Number((n.readBigUInt64LE() - 1n) % BigInt(slots));
		const room = Buffer.alloc(8);
		readSync(found, room, 0, 8, 16 + last * slotSize + 8);
		if (room.readBigUInt64LE() > 0n) {
			writeSync(found, room, 0, 8, 0);
			return true;
		}
		process.kill(worker.pid, 'SIGCONT');
		return false;
	});
	closeSync(found);
	process.kill(worker.pid, 'SIGSEGV');
	process.kill(worker.pid, 'SIGCONT');
	await e2e.until('a new worker', () => children(/mediad/).some((c) => c.pid !== worker.pid));
}

/** A meeting whose traffic kills workers: it is without media for a minute, while the tests run. */
async function halt() {
	eve = await e2e.person(browser, { light: true });
	fay = await e2e.person(browser, { light: true });
	await meetingOfTwo(server, eve, fay);
	await Promise.all([sees(eve, 'Ben'), sees(fay, 'Ada')]);
	await crash();
	await Promise.all([sees(eve, 'Ben'), sees(fay, 'Ada')]);
	await crash();
}

const frames = (page, name) =>
	tile(page, name).locator('video').evaluate((v) => v.getVideoPlaybackQuality().totalVideoFrames);

test('a meeting whose media the server has halted is told so, until when, and who comes later, too', async () => {
	for (const page of [eve, fay]) await page.getByText(/stopped sound and video of this meeting.* about \d/).waitFor();
	await e2e.shot(eve, 'media-halted');
	await fay.reload();
	await fay.getByText(/stopped sound and video of this meeting.* after a while/).waitFor();
});

test('the signaling process is killed: media goes on, the session resumes, nobody knocks', async () => {
	const [victim] = children(/signald(?!.*mediad)/);
	assert.ok(victim, 'a server process below the supervisor');
	const before = await frames(ada, 'Ben');
	process.kill(victim.pid, 'SIGKILL');
	await e2e.until('a new server process', () => children(/signald/).some((c) => c.pid !== victim.pid));
	await e2e.sleep(2000);
	assert.ok((await frames(ada, 'Ben')) > before, 'the picture went on');
	/* signaling works again: a mute is seen by the other */
	await button(ben, 'Mute').click();
	await tile(ada, 'Ben').getByRole('img', { name: 'Muted' }).waitFor();
	await button(ben, 'Unmute').click();
	await tile(ada, 'Ben').getByRole('img', { name: 'Muted' }).waitFor({ state: 'detached' });
	await sees(ada, 'Ben');
});

test('a media worker is killed: the picture comes back by itself', async () => {
	const [worker] = children(/mediad/);
	assert.ok(worker, 'a worker below the supervisor');
	process.kill(worker.pid, 'SIGKILL');
	const at = Date.now();
	await e2e.until('a new worker', () => children(/mediad/).some((c) => c.pid !== worker.pid));
	await Promise.all([sees(ada, 'Ben'), sees(ben, 'Ada')]);
	console.log(`# picture back after ${Date.now() - at} ms`);
	const sound = await e2e.received(ada, 1500);
	assert.ok(sound.energy > 0, 'and the sound');
});

test('the network is away for three seconds', async () => {
	e2e.sh('ip link set ve-s down');
	await e2e.sleep(3000);
	e2e.sh('ip link set ve-s up && ip route replace default via 10.77.0.2');
	await Promise.all([sees(ada, 'Ben'), sees(ben, 'Ada')]);
	await button(ada, 'Raise hand').click();
	await tile(ben, 'Ada').getByRole('img', { name: 'Hand raised' }).waitFor();
	await button(ada, 'Lower hand').click();
});

test('a message written while the server is away arrives afterwards', async () => {
	await openPanel(ada, 'Chat');
	await openPanel(ben, 'Chat');
	const undo = cutTcp();
	await e2e.sleep(300);
	await ada.getByRole('textbox', { name: 'Message', exact: true }).fill('from the tunnel');
	await button(ada, 'Send').click();
	await ada.getByText('Sending…').waitFor();
	await e2e.sleep(1000);
	undo();
	await ben.getByRole('log', { name: 'Chat' }).getByText('from the tunnel').waitFor({ timeout: 30000 });
	await ada.getByText('Sending…').waitFor({ state: 'detached' });
});

/** Drops TCP from browsers until the returned undo. */
function cutTcp() {
	e2e.sh(`nft add table inet cut && nft add chain inet cut in '{ type filter hook input priority 0; }' &&
	    nft add rule inet cut in iifname ve-s meta l4proto tcp drop`);
	return () => e2e.sh('nft delete table inet cut');
}

test('a second tab offers to take over, and does', async () => {
	const second = await ben.context().newPage();
	second.setDefaultTimeout(30000);
	await second.goto(link);
	await second.getByRole('heading', { name: 'Open in another tab' }).waitFor();
	await sees(ada, 'Ben');
	await button(second, 'Continue here').click();
	await inRoom(second);
	await ben.getByRole('heading', { name: 'Open in another tab' }).waitFor();
	await sees(ada, 'Ben');
	assert.equal(await tile(ada, 'Ben').count(), 1);
	await ben.close();
	ben = second;
});

test('a closed tab is gone after its short grace', async () => {
	const carl = await e2e.person(browser, { light: true });
	await carl.goto(link);
	await joinAs(carl, 'Carl');
	await button(ada, 'Allow Carl').click();
	await tile(ada, 'Carl').waitFor();
	await carl.close({ runBeforeUnload: false });
	await tile(ada, 'Carl').waitFor({ state: 'detached', timeout: 40000 });
});

test('the halted meeting has its media back, by itself', async () => {
	for (const page of [eve, fay]) {
		await page.getByText('stopped sound and video of this meeting').waitFor({ state: 'detached', timeout: 90000 });
	}
	await Promise.all([sees(eve, 'Ben'), sees(fay, 'Ada')]);
	for (const page of [eve, fay]) await page.context().close();
});

/** The longest time between two frames of a picture while something happens, in ms. */
async function worstGap(page, name, during) {
	const video = tile(page, name).locator('video');
	await video.evaluate((v) => {
		window.__gap = { worst: 0, last: performance.now(), on: true };
		const look = (now) => {
			const g = window.__gap;
			g.worst = Math.max(g.worst, now - g.last);
			g.last = now;
			if (g.on) v.requestVideoFrameCallback(look);
		};
		v.requestVideoFrameCallback(look);
	});
	await during();
	return page.evaluate(() => {
		const g = window.__gap;
		g.on = false;
		return Math.max(g.worst, performance.now() - g.last);
	});
}

test('workers are renewed: the picture moves over without a stop', async () => {
	const [old] = children(/mediad/);
	const quiet = await worstGap(ada, 'Ben', () => e2e.sleep(3000));
	const moved = await worstGap(ada, 'Ben', async () => {
		e2e.sh(`${join(e2e.BUILD, 'chattrctl')} -s ${server.dir}/run/admin workers restart`);
		await e2e.until('the old worker has left', () => !children(/mediad/).some((c) => c.pid === old.pid), 20000);
		await e2e.sleep(1000);
	});
	console.log(`# longest gap: ${Math.round(quiet)} ms at rest, ${Math.round(moved)} ms in a move`);
	assert.ok(moved <= quiet + 600, `${moved} ms without a frame`);
	await Promise.all([sees(ada, 'Ben'), sees(ben, 'Ada')]);
	const videos = e2e.pick(await e2e.stats(ada), 'inbound-rtp', 'video').filter((r) => r.framesDecoded > 0);
	assert.equal(videos.length, 1, 'the old transport is closed');
	assert.ok(videos[0].keyFramesDecoded <= 2, `${videos[0].keyFramesDecoded} key frames: one, and one repeated`);
	const sound = await e2e.received(ada, 1500);
	assert.ok(sound.energy > 0, 'and the sound');
});
