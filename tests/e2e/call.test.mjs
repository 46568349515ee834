// The first call: two people see and hear each other.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import * as e2e from './lib.mjs';
import { button, inRoom, meetingOfTwo, sees, tile } from './people.mjs';

let server, browser, ada, ben;

before(async () => {
	server = await e2e.startServer();
	browser = await e2e.launchChromium();
	ada = await e2e.person(browser);
	ben = await e2e.person(browser);
});
after(async () => {
	await browser?.close();
	await server?.stop();
});

test('a guest knocks, is admitted, and both see and hear each other', async () => {
	await meetingOfTwo(server, ada, ben);
	await Promise.all([sees(ada, 'Ben'), sees(ben, 'Ada')]);
	await e2e.until(
		'640 pixels of width',
		async () => {
			const got = await Promise.all([e2e.received(ada, 1000), e2e.received(ben, 1000)]);
			return got.every((g) => g.width >= 640 && g.height >= 360);
		},
		20000
	);
	for (const got of await Promise.all([e2e.received(ada, 10000), e2e.received(ben, 10000)])) {
		assert.ok(got.fps >= 15, `${got.fps} frames a second`);
		assert.ok(got.energy > 0, 'audio has energy');
	}
	await e2e.shot(ada, 'call-desk');
});

test('all three simulcast layers flow and SRTP is AES-GCM', async () => {
	const layers = async () => {
		const grows = async () =>
			Object.fromEntries(
				e2e.pick(await e2e.stats(ada), 'outbound-rtp', 'video').map((r) => [r.rid, r.framesEncoded])
			);
		const a = await grows();
		await e2e.sleep(1000);
		const b = await grows();
		return Object.keys(b).filter((rid) => b[rid] > (a[rid] ?? 0));
	};
	/* A tile of 600 pixels does not want the top layer; a wide screen does. */
	await ben.setViewportSize({ width: 1920, height: 1080 });
	await e2e.until('three layers', async () => (await layers()).length === 3, 30000);
	await ben.setViewportSize(e2e.DESK);
	const transports = e2e.pick(await e2e.stats(ada), 'transport');
	assert.ok(transports.length >= 2);
	for (const t of transports) assert.equal(t.srtpCipher, 'SRTP_AEAD_AES_128_GCM');
});

/** Time from a click of Ada's to the moment Ben's tile of her says so. */
async function delay(name, attribute, wanted) {
	const seen = tile(ben, 'Ada').evaluate(
		(el, [attr, value]) =>
			new Promise((done) => {
				const read = () =>
					attr === 'muted' ? String(!!el.querySelector('[aria-label="Muted"]')) : el.getAttribute(attr);
				const look = () => {
					if (read() === value) done(performance.timeOrigin + performance.now());
					else requestAnimationFrame(look);
				};
				look();
			}),
		[attribute, wanted]
	);
	const clicked = await button(ada, name).evaluate((b) => {
		const at = performance.timeOrigin + performance.now();
		b.click();
		return at;
	});
	return (await seen) - clicked;
}

test('camera off and on, and mute, are seen by the other within 300 ms', async () => {
	const took = { off: [], on: [], mute: [], unmute: [] };
	for (let i = 0; i < 5; i++) {
		took.off.push(await delay('Turn camera off', 'data-showing', 'false'));
		took.on.push(await delay('Turn camera on', 'data-showing', 'true'));
		took.mute.push(await delay('Mute', 'muted', 'true'));
		took.unmute.push(await delay('Unmute', 'muted', 'false'));
		await e2e.sleep(300);
	}
	for (const [what, ms] of Object.entries(took)) {
		console.log(`# ${what}: median ${Math.round(e2e.median(ms))} ms`);
		if (what !== 'on') assert.ok(e2e.median(ms) < 300, `${what}: ${ms}`);
	}
	await sees(ben, 'Ada');
});

test('a reload of either page resumes: same place, no knock', async () => {
	for (const [page, other, self, name] of [
		[ben, ada, 'Ben', 'Ada'],
		[ada, ben, 'Ada', 'Ben']
	]) {
		await page.reload();
		const join = page.getByRole('button', { name: 'Join now' });
		await Promise.race([inRoom(page), join.waitFor().catch(() => {})]);
		if (await join.isVisible()) await join.click();
		await inRoom(page);
		await Promise.all([sees(page, name), sees(other, self)]);
		assert.equal(await other.locator('article[data-source="webcam"]').count(), 2, 'one tile a person');
	}
	await button(ada, 'People').click();
	await ada.getByText('Host', { exact: true }).first().waitFor();
});

test('leaving takes the tile away', async () => {
	await button(ben, 'Leave').click();
	await button(ben, 'Leave the meeting').click();
	await ben.getByRole('heading', { name: 'You left the meeting' }).waitFor();
	await e2e.until('Ben is gone', async () => (await tile(ada, 'Ben').count()) === 0, 3000);
});

test('nothing complained', () => {
	assert.deepEqual([...ada.complaints, ...ben.complaints], []);
});
