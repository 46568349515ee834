// What a person does with the room alone: layouts, sharing, settings, keys.
import { test, before, after, afterEach } from 'node:test';
import assert from 'node:assert/strict';
import * as e2e from './lib.mjs';
import { button, meetingOfTwo, menu, openPanel, sees, tile } from './people.mjs';

let server, browser, ada, ben;

before(async () => {
	server = await e2e.startServer();
	browser = await e2e.launchChromium();
	ada = await e2e.person(browser, { light: true });
	ben = await e2e.person(browser, { light: true, viewport: e2e.PHONE, hasTouch: true });
	await meetingOfTwo(server, ada, ben);
	await ada.getByRole('complementary').getByRole('button', { name: 'Close' }).click();
	await Promise.all([sees(ada, 'Ben'), sees(ben, 'Ada')]);
});
after(async () => {
	await browser?.close();
	await server?.stop();
});
afterEach(() => ada.keyboard.press('Escape'));

const area = async (locator) => {
	const box = await locator.boundingBox();
	return box ? box.width * box.height : 0;
};
const closePanel = (page) => page.getByRole('complementary').getByRole('button', { name: 'Close' }).click();

/** The element of a tile's video, to see that it is never remounted. */
const mark = (page, name) => tile(page, name).locator('video').evaluate((v) => (v.dataset.mark = '1'));
const marked = (page, name) => tile(page, name).locator('video').evaluate((v) => v.dataset.mark === '1');

test('layouts move tiles and remount none', async () => {
	await mark(ada, 'Ben');
	await menu(ada, 'More', 'Speaker');
	await e2e.until('Ben is large', async () => (await area(tile(ada, 'Ben'))) > 4 * (await area(tile(ada, 'Ada (you)'))));
	await menu(ada, 'More', 'Sidebar');
	await e2e.until('Ada is at the side', async () => {
		const [a, b] = [await tile(ada, 'Ada (you)').boundingBox(), await tile(ada, 'Ben').boundingBox()];
		return a.x > b.x + b.width - 1;
	});
	await menu(ada, 'More for Ada (you)', 'Pin');
	await e2e.until('Ada is large', async () => (await area(tile(ada, 'Ada (you)'))) > 4 * (await area(tile(ada, 'Ben'))));
	await menu(ada, 'More for Ada (you)', 'Unpin');
	await menu(ada, 'More', 'Grid');
	await menu(ada, 'More', 'Hide my own tile');
	await tile(ada, 'Ada (you)').waitFor({ state: 'detached' });
	await menu(ada, 'More', 'Hide my own tile');
	await tile(ada, 'Ada (you)').waitFor();
	await button(ben, 'Turn camera off').click();
	await e2e.until('off', async () => (await tile(ada, 'Ben').getAttribute('data-showing')) === 'false');
	await button(ben, 'Turn camera on').click();
	await sees(ada, 'Ben');
	assert.ok(await marked(ada, 'Ben'));
});

test('a shared screen arrives, large, with its pixels, and ends', async () => {
	await menu(ben, 'More', 'Share screen');
	await tile(ada, 'Ben’s screen', 'screen').waitFor();
	await e2e.until('the screen is large', async () => (await area(tile(ada, 'Ben’s screen', 'screen'))) > 4 * (await area(tile(ada, 'Ben'))));
	await e2e.until('a picture of the screen', () =>
		tile(ada, 'Ben’s screen', 'screen')
			.locator('video')
			.evaluate((v) => v.videoWidth >= 320 && v.getVideoPlaybackQuality().totalVideoFrames > 0)
	);
	await button(ada, 'Share screen').click();
	await tile(ben, 'Ada’s screen', 'screen').waitFor();
	await tile(ben, 'Your screen', 'screen').waitFor();
	await e2e.shot(ada, 'share-desk');
	await button(ada, 'Stop sharing').click();
	await tile(ben, 'Ada’s screen', 'screen').waitFor({ state: 'detached' });
	await menu(ada, 'More for Ben’s screen', 'Stop screen share');
	await tile(ada, 'Ben’s screen', 'screen').waitFor({ state: 'detached' });
	await ben.getByText('The host ended your screen share.').waitFor();
	await tile(ben, 'Your screen', 'screen').waitFor({ state: 'detached' });
});

test('a film is shared with its motion', async () => {
	await menu(ben, 'More', 'Share a film or game');
	await tile(ada, 'Ben’s screen', 'screen').waitFor();
	const hints = () =>
		ben.evaluate(() => window.__pcs.flatMap((pc) => pc.getSenders().map((s) => s.track?.contentHint)).filter(Boolean));
	assert.deepEqual(await hints(), ['motion']);
	await menu(ben, 'More', 'Stop sharing');
	await tile(ada, 'Ben’s screen', 'screen').waitFor({ state: 'detached' });
});

test('the whole screen, and a picture outside of the page', async () => {
	await menu(ada, 'More', 'Full screen');
	await e2e.until('full screen', () => ada.evaluate(() => document.fullscreenElement !== null));
	await menu(ada, 'More', 'Leave full screen');
	await e2e.until('not full screen', () => ada.evaluate(() => document.fullscreenElement === null));
	await menu(ada, 'More', 'Picture in picture');
	await e2e.until('a picture outside', () => ada.evaluate(() => document.pictureInPictureElement !== null));
	await menu(ada, 'More', 'Picture in picture');
	await e2e.until('and back', () => ada.evaluate(() => document.pictureInPictureElement === null));
});

test('a person asks for little: small pictures come, and larger ones again', async () => {
	await menu(ada, 'More', 'Settings');
	const asked = [];
	const listen = (ws) =>
		ws.on('framesent', ({ payload }) => {
			const { method, data } = JSON.parse(payload);
			if (method === 'setConsumerViewport' && data.visible) asked.push(data.width);
		});
	ada.on('websocket', listen);
	await ada.reload();
	await menu(ada, 'More', 'Settings');
	const full = await e2e.until('a size is asked for', () => asked.at(-1));
	await ada.getByLabel('Data use').selectOption('low');
	await e2e.until('a quarter of it', () => asked.at(-1) < full / 3);
	await sees(ada, 'Ben');
	await ada.getByLabel('Data use').selectOption('auto');
	await e2e.until('all of it', () => asked.at(-1) > full / 2);
	ada.off('websocket', listen);
	await closePanel(ada);
});

test('each switch of the settings does what it says and is remembered', async () => {
	await menu(ada, 'More', 'Settings');
	const panel = ada.getByRole('complementary', { name: 'Settings' });
	const mirrored = () =>
		tile(ada, 'Ada (you)').locator('video').evaluate((v) => getComputedStyle(v).transform.startsWith('matrix(-1'));
	assert.ok(await mirrored());
	await panel.getByRole('switch', { name: 'Mirror my own picture' }).click();
	assert.ok(!(await mirrored()));
	await panel.getByRole('combobox', { name: 'Theme' }).selectOption('light');
	assert.equal(await ada.evaluate(() => getComputedStyle(document.body).backgroundColor), 'rgb(250, 246, 242)');
	await panel.getByRole('switch', { name: 'Play sounds' }).click();
	await panel.getByRole('switch', { name: 'Use TCP only' }).click();
	/* the second before the devices of the first are open */
	await ada.reload({ waitUntil: 'commit' });
	await ada.getByRole('toolbar', { name: 'Meeting controls' }).waitFor();
	await ada.reload();
	await menu(ada, 'More', 'Settings');
	for (const [name, on] of [['Mirror my own picture', 'false'], ['Play sounds', 'false'], ['Use TCP only', 'true']]) {
		assert.equal(await panel.getByRole('switch', { name }).getAttribute('aria-checked'), on, name);
	}
	assert.ok(!(await mirrored()));
	await Promise.all([sees(ada, 'Ben'), sees(ben, 'Ada')]);
	assert.equal(await tile(ben, 'Ada').getByText('Reconnecting…').count(), 0);
	const all = await e2e.stats(ada);
	const pairs = e2e.pick(all, 'candidate-pair').filter((p) => p.nominated && p.state === 'succeeded');
	const paths = pairs.map((p) => all.find((r) => r.id === p.remoteCandidateId && r.pc === p.pc)?.protocol);
	assert.ok(paths.length > 1 && paths.every((p) => p === 'tcp'), `${paths}`);
	for (const name of ['Mirror my own picture', 'Play sounds', 'Use TCP only']) await panel.getByRole('switch', { name }).click();
	await panel.getByRole('combobox', { name: 'Theme' }).selectOption('dark');
	await ada.reload();
	await Promise.all([sees(ada, 'Ben'), sees(ben, 'Ada')]);
});

test('on a phone reactions are in the menu', async () => {
	await menu(ben, 'More', 'React with 👏');
	await ada.getByTestId('announcements').filter({ hasText: 'Ben reacted with 👏' }).waitFor();
});

test('sound only stops all video, and leaving it restores what was on', async () => {
	await menu(ada, 'More', 'Settings');
	await ada.getByLabel('Data use').selectOption('audio');
	await e2e.until('Ada’s camera is off', async () => (await tile(ben, 'Ada').getAttribute('data-showing')) === 'false');
	const frames = async () =>
		e2e.pick(await e2e.stats(ada), 'inbound-rtp', 'video').reduce((n, r) => n + (r.framesReceived ?? 0), 0);
	await e2e.until('no video arrives', async () => {
		const before = await frames();
		await e2e.sleep(1500);
		return (await frames()) === before;
	});
	const sound = await e2e.received(ada, 1500);
	assert.ok(sound.energy > 0, 'sound goes on');
	await ada.getByLabel('Data use').selectOption('auto');
	await Promise.all([sees(ada, 'Ben'), sees(ben, 'Ada')]);
	await closePanel(ada);
});

test('noise suppression and blur work under the content policy', async () => {
	await menu(ada, 'More', 'Settings');
	for (const name of ['Suppress background noise', 'Blur my background']) {
		const control = ada.getByRole('switch', { name });
		await control.click();
		await e2e.until(`${name} is on`, async () => (await control.getAttribute('aria-checked')) === 'true', 60000);
	}
	await sees(ben, 'Ada', 60000);
	const sound = await e2e.received(ben, 2000);
	assert.ok(sound.energy > 0, 'sound goes on');
	for (const name of ['Suppress background noise', 'Blur my background']) {
		const control = ada.getByRole('switch', { name });
		await control.click();
		await e2e.until(`${name} is off`, async () => (await control.getAttribute('aria-checked')) === 'false');
	}
	await sees(ben, 'Ada');
	await closePanel(ada);
});

test('devices are switched while talking', async () => {
	await menu(ada, 'More', 'Settings');
	const camera = ada.getByRole('complementary').getByRole('combobox', { name: 'Camera' });
	const other = await camera.locator('option').nth(1).getAttribute('value');
	await camera.selectOption(other);
	await sees(ben, 'Ada');
	await ada.getByRole('complementary').getByRole('combobox', { name: 'Microphone' }).selectOption({ index: 1 });
	await button(ada, 'Play a test sound').click();
	await closePanel(ada);
});

test('statistics show living figures and layers', async () => {
	await menu(ada, 'More', 'Statistics');
	const panel = ada.getByRole('complementary', { name: 'Statistics' });
	await e2e.until('a received bit rate', async () => {
		const text = await panel.locator('dl').innerText();
		return /Received\s+[1-9]\d* kbit\/s/.test(text) && /Path\s+UDP/.test(text);
	});
	assert.ok((await panel.locator('canvas').count()) === 4);
	await panel.getByText('VP8').first().waitFor();
	await closePanel(ada);
});

test('keys do what the sheet says', async () => {
	await ada.locator('#room').focus();
	await ada.keyboard.press('m');
	await button(ada, 'Unmute').waitFor();
	await ada.keyboard.press('m');
	await button(ada, 'Mute').waitFor();
	await ada.keyboard.press('v');
	await button(ada, 'Turn camera on').waitFor();
	await ada.keyboard.press('v');
	await button(ada, 'Turn camera off').waitFor();
	await ada.keyboard.press('h');
	await button(ada, 'Lower hand').waitFor();
	await ada.keyboard.press('h');
	await ada.keyboard.press('p');
	await ada.getByRole('complementary', { name: 'People' }).waitFor();
	await ada.keyboard.press('p');
	await ada.getByRole('complementary').waitFor({ state: 'detached' });
	await ada.keyboard.press('c');
	await ada.getByRole('complementary', { name: 'Chat' }).waitFor();
	const input = ada.getByRole('textbox', { name: 'Message', exact: true });
	await e2e.until('one may write at once', () => input.evaluate((el) => el === document.activeElement));
	await ada.keyboard.press('Escape');
	await ada.getByRole('complementary').waitFor({ state: 'detached' });
	assert.equal(await ada.evaluate(() => document.activeElement.id), 'room');
	const bar = ada.getByRole('toolbar', { name: 'Meeting controls' });
	await bar.getByRole('button', { name: 'Mute' }).focus();
	await ada.keyboard.press('ArrowRight');
	assert.equal(await ada.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Turn camera off');
	await ada.keyboard.press('ArrowLeft');
	await ada.keyboard.press('ArrowLeft');
	assert.equal(await ada.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Leave');
	await ada.locator('#room').focus();
	await ada.keyboard.press('l');
	await e2e.until('Ben is large', async () => (await area(tile(ada, 'Ben'))) > 4 * (await area(tile(ada, 'Ada (you)'))));
	await ada.keyboard.press('l');
	await ada.keyboard.press('l');
	await ada.keyboard.press('s');
	await tile(ben, 'Ada’s screen', 'screen').waitFor();
	await ada.keyboard.press('s');
	await tile(ben, 'Ada’s screen', 'screen').waitFor({ state: 'detached' });
	await ada.keyboard.press('f');
	await e2e.until('full screen', () => ada.evaluate(() => document.fullscreenElement !== null));
	await ada.keyboard.press('f');
	await e2e.until('not full screen', () => ada.evaluate(() => document.fullscreenElement === null));
	await ada.keyboard.press('?');
	await ada.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
	await ada.keyboard.press('Escape');
	await ada.getByRole('dialog').waitFor({ state: 'detached' });
});

test('push to talk: heard while the key is held', async () => {
	await menu(ada, 'More', 'Settings');
	await ada.getByRole('switch', { name: 'Push to talk' }).click();
	await closePanel(ada);
	await ada.locator('#room').focus();
	await ada.keyboard.press('m');
	await button(ada, 'Unmute').waitFor();
	await ada.keyboard.down(' ');
	await tile(ben, 'Ada').getByRole('img', { name: 'Muted' }).waitFor({ state: 'detached' });
	await ada.keyboard.up(' ');
	await tile(ben, 'Ada').getByRole('img', { name: 'Muted' }).waitFor();
	await ada.keyboard.press('m');
});

test('the other language', async () => {
	await menu(ada, 'More', 'Settings');
	await ada.getByLabel('Language').selectOption('de');
	await ada.getByRole('complementary', { name: 'Einstellungen' }).waitFor();
	assert.equal(await ada.evaluate(() => document.documentElement.lang), 'de');
	await ada.getByLabel('Sprache').selectOption('en');
	await closePanel(ada);
});

test('nothing complained', () => {
	const calm = (list) => list.filter((c) => !/GL Driver|gl_context/.test(c));
	assert.deepEqual([...calm(ada.complaints), ...calm(ben.complaints)], []);
});
