// The first call: two people see and hear each other.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import * as e2e from './lib.mjs';
import { allow, button, inRoom, joinAs, meetingOfTwo, sees, tile } from './people.mjs';

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
		60000
	);
	for (const got of await e2e.plays([ada, ben], 15, 10000)) {
		assert.ok(got.width >= 640 && got.height >= 360, `${got.width}x${got.height}`);
	}
	await e2e.shot(ada, 'call-desk');
});

test('all three simulcast layers flow and SRTP is AES-GCM', async () => {
	const camera = await ada.evaluate(() => {
		const [track] = window.__pcs.flatMap((pc) => pc.getSenders()).flatMap((s) => (s.track?.kind === 'video' ? [s.track] : []));
		return track.getSettings();
	});
	assert.deepEqual([camera.width, camera.height], [1280, 720]);
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
	await e2e.until('three layers', async () => (await layers()).length === 3, 60000);
	await ben.setViewportSize(e2e.DESK);
	const transports = e2e.pick(await e2e.stats(ada), 'transport');
	assert.ok(transports.length >= 2);
	for (const t of transports) assert.equal(t.srtpCipher, 'SRTP_AEAD_AES_128_GCM');
});

/**
 * Time from a click on `name` by one to the moment the other's tile of him
 * says so: its attribute, that it is muted, or that it is there at all.
 */
async function delay([from, who], to, name, what, wanted) {
	const seen = to.evaluate(
		([who, what, wanted]) =>
			new Promise((done) => {
				const read = () => {
					const el = document.querySelector(`article[data-source="webcam"][aria-label="${who}"]`);
					if (what === 'there') return String(!!el);
					if (what === 'muted') return String(!!el?.querySelector('[aria-label="Muted"]'));
					return el?.getAttribute(what);
				};
				const look = () => {
					if (read() === wanted) done(performance.timeOrigin + performance.now());
					else requestAnimationFrame(look);
				};
				look();
			}),
		[who, what, wanted]
	);
	const clicked = await button(from, name).evaluate((b) => {
		const at = performance.timeOrigin + performance.now();
		b.click();
		return at;
	});
	return (await seen) - clicked;
}

/**
 * The median of the last five of each must be below 300 ms; two encoders on
 * a machine that does more besides may need some more tries.
 */
async function within300(acts, between, tries = 20) {
	const took = Object.fromEntries(Object.keys(acts).map((what) => [what, []]));
	const last = (ms) => Math.round(e2e.median(ms.slice(-5)));
	for (let i = 0; i < 5 || (i < tries && Object.values(took).some((ms) => last(ms) >= 300)); i++) {
		if (i > 0) await between();
		for (const [what, act] of Object.entries(acts)) took[what].push(await act());
	}
	for (const [what, ms] of Object.entries(took)) {
		console.log(`# ${what}: median ${last(ms)} ms`);
		assert.ok(last(ms) < 300, `${what}: ${ms}`);
	}
}

test('camera off and on, and mute, are seen by the other within 300 ms', async () => {
	await within300(
		{
			off: () => delay([ada, 'Ada'], ben, 'Turn camera off', 'data-showing', 'false'),
			on: () => delay([ada, 'Ada'], ben, 'Turn camera on', 'data-showing', 'true'),
			mute: () => delay([ada, 'Ada'], ben, 'Mute', 'muted', 'true'),
			unmute: () => delay([ada, 'Ada'], ben, 'Unmute', 'muted', 'false')
		},
		() => e2e.sleep(300)
	);
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

test('leaving takes the tile away, within 300 ms', async () => {
	const leave = async () => {
		await button(ben, 'Leave').click();
		await button(ben, 'Leave the meeting').waitFor();
		const ms = await delay([ben, 'Ben'], ada, 'Leave the meeting', 'there', 'false');
		await ben.getByRole('heading', { name: 'You left the meeting' }).waitFor();
		return ms;
	};
	const again = async () => {
		await button(ben, 'Join again').click();
		await joinAs(ben, 'Ben');
		await allow(ada, 'Ben');
		await inRoom(ben);
		await tile(ada, 'Ben').waitFor();
	};
	await within300({ leave }, again, 10);
});

test('nothing complained', () => {
	assert.deepEqual([...ada.complaints, ...ben.complaints], []);
});
