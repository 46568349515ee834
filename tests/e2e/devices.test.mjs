// Cameras, microphones and speakers: what people see of them, what the other
// side gets, and that nothing stays on that was switched off.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as e2e from './lib.mjs';
import { allow, button, inRoom, joinAs, meetingLink, menu, newMeeting, sees, tile } from './people.mjs';

let server, browser, dir;

/** BT.601, as cameras have it. */
const ORANGE = { rgb: [222, 130, 50], yuv: [141, 79, 177] };
const BLUE = { rgb: [40, 70, 190], yuv: [72, 191, 108] };

/** A camera's picture, orange on the left and blue on the right. */
function twoColours(path) {
	const [w, h] = [640, 360];
	const plane = (i, width, height) =>
		Buffer.from(
			Uint8Array.from({ length: width * height }, (_, at) => (at % width < width / 2 ? ORANGE : BLUE).yuv[i])
		);
	const frame = Buffer.concat([Buffer.from('FRAME\n'), plane(0, w, h), plane(1, w / 2, h / 2), plane(2, w / 2, h / 2)]);
	writeFileSync(path, Buffer.concat([Buffer.from(`YUV4MPEG2 W${w} H${h} F30:1 Ip A1:1 C420jpeg\n`), frame, frame]));
}

/** Ten seconds of a tone: somebody who never stops talking. */
function tone(path) {
	const samples = Int16Array.from({ length: 480_000 }, (_, i) => 12_000 * Math.sin((i * 2 * Math.PI * 440) / 48_000));
	const head = Buffer.alloc(44);
	head.write('RIFF', 0);
	head.writeUInt32LE(36 + samples.byteLength, 4);
	head.write('WAVEfmt ', 8);
	for (const [at, size, value] of [[16, 4, 16], [20, 2, 1], [22, 2, 1], [24, 4, 48_000], [28, 4, 96_000], [32, 2, 2], [34, 2, 16]]) {
		head.writeUIntLE(value, at, size);
	}
	head.write('data', 36);
	head.writeUInt32LE(samples.byteLength, 40);
	writeFileSync(path, Buffer.concat([head, Buffer.from(samples.buffer)]));
}

before(async () => {
	dir = mkdtempSync(join(tmpdir(), 'chattr-camera-'));
	twoColours(join(dir, 'camera.y4m'));
	tone(join(dir, 'tone.wav'));
	server = await e2e.startServer();
	browser = await e2e.launchChromium({
		args: [
			`--use-file-for-fake-video-capture=${join(dir, 'camera.y4m')}`,
			`--use-file-for-fake-audio-capture=${join(dir, 'tone.wav')}`
		]
	});
});
after(async () => {
	await browser?.close();
	await server?.stop();
	rmSync(dir, { recursive: true, force: true });
});

/**
 * Remembers every track the page captured and how it asked; `__fail` makes
 * asking fail with that name; `__extra` is a device that was just plugged in.
 */
function watchCapture() {
	const devices = navigator.mediaDevices;
	const open = devices.getUserMedia.bind(devices);
	window.__tracks = [];
	window.__asked = [];
	devices.getUserMedia = async (wanted) => {
		if (window.__fail) throw new DOMException('planted', window.__fail);
		window.__asked.push(wanted);
		const stream = await open(wanted);
		window.__tracks.push(...stream.getTracks());
		return stream;
	};
	const list = devices.enumerateDevices.bind(devices);
	devices.enumerateDevices = async () => [...(await list()), ...(window.__extra ?? [])];
	window.__sinks = [];
	const choose = HTMLMediaElement.prototype.setSinkId;
	HTMLMediaElement.prototype.setSinkId = function (id) {
		window.__sinks.push(id);
		return choose.call(this, id);
	};
}

async function watched(options) {
	const page = await e2e.person(browser, options);
	await page.context().addInitScript(watchCapture);
	return page;
}

const live = (page, kind) =>
	page.evaluate((k) => window.__tracks.filter((t) => t.kind === k && t.readyState === 'live').length, kind);

/** Colour at a quarter and at three quarters of a received picture. */
function colours(video) {
	return video.evaluate((v) => {
		const canvas = Object.assign(document.createElement('canvas'), { width: v.videoWidth, height: v.videoHeight });
		const c = canvas.getContext('2d');
		c.drawImage(v, 0, 0);
		const at = (x) => [...c.getImageData(Math.floor(canvas.width * x), canvas.height >> 1, 1, 1).data].slice(0, 3);
		return [at(0.25), at(0.75)];
	});
}
const near = (a, b) => a.every((value, i) => Math.abs(value - b[i]) < 45);

for (const [size, viewport] of [
	['desk', e2e.DESK],
	['phone', e2e.PHONE]
]) {
	test(`the colours of a picture arrive, the right way round (${size})`, async () => {
		const ada = await e2e.person(browser);
		const ben = await e2e.person(browser, { viewport });
		await newMeeting(ada, server);
		await joinAs(ada, 'Ada');
		await inRoom(ada);
		await ben.goto(await meetingLink(ada));
		await joinAs(ben, 'Ben');
		await allow(ada, 'Ben');
		await Promise.all([sees(ada, 'Ben'), sees(ben, 'Ada')]);
		for (const [page, name] of [[ada, 'Ben'], [ben, 'Ada']]) {
			await e2e.until(`the colours of ${name}`, async () => {
				const [left, right] = await colours(tile(page, name).locator('video'));
				return (near(left, ORANGE.rgb) && near(right, BLUE.rgb)) || Promise.reject(new Error(`${left} | ${right}`));
			});
		}
		assert.deepEqual([...ada.complaints, ...ben.complaints], []);
		await ada.context().close();
		await ben.context().close();
	});

	test(`each reason why a device does not run is said, and one may join without (${size})`, async () => {
		const page = await watched({ viewport });
		await page.addInitScript(() => (window.__fail = 'NotAllowedError'));
		await newMeeting(page, server);
		await page.getByText('The browser may not use your camera.').waitFor();
		await page.getByText('The browser may not use your microphone.').waitFor();
		for (const [name, camera, mic] of [
			['NotFoundError', 'No camera was found.', 'No microphone was found.'],
			['NotReadableError', 'Your camera is used by another program.', 'Your microphone is used by another program.'],
			['UnknownError', 'Your camera could not be started.', 'Your microphone could not be started.']
		]) {
			await page.evaluate((n) => (window.__fail = n), name);
			await button(page, 'Turn camera on').click();
			await page.getByText(camera).waitFor();
			await button(page, 'Turn microphone on').click();
			await page.getByText(mic).waitFor();
		}
		await e2e.shot(page, `problems-${size}-dark`);
		await page.getByText('You can join without camera or microphone.').waitFor();
		await joinAs(page, 'Ada');
		await inRoom(page);
		await button(page, 'Unmute').waitFor();
		await button(page, 'Turn camera on').waitFor();
		/* it comes back as soon as the browser allows it */
		await page.evaluate(() => (window.__fail = ''));
		await button(page, 'Turn camera on').click();
		await sees(page, 'Ada (you)');
		await page.context().close();
	});
}

test('the lobby: a level, devices to choose from, a sound to test; all is remembered', async () => {
	const page = await watched();
	await newMeeting(page, server);
	const level = page.getByRole('meter', { name: 'Microphone level' });
	await e2e.until('a level', async () => Number(await level.getAttribute('aria-valuenow')) > 0);
	await button(page, 'Turn microphone off').click();
	await level.waitFor({ state: 'hidden' });
	assert.equal(await live(page, 'audio'), 0);
	await button(page, 'Turn microphone on').click();
	await level.waitFor();
	await page.getByText('Devices').click();
	const chosen = {};
	for (const kind of ['Camera', 'Microphone', 'Speaker']) {
		const list = page.getByRole('combobox', { name: kind });
		const values = await list.locator('option').evaluateAll((all) => all.map((o) => o.value));
		assert.ok(values.length > 1, `a ${kind} to choose`);
		chosen[kind] = values.at(-1);
		await list.selectOption(chosen[kind]);
	}
	await e2e.until('the chosen camera was asked for', () =>
		page.evaluate((id) => window.__asked.some((w) => w.video?.deviceId?.exact === id), chosen.Camera)
	);
	await button(page, 'Play a test sound').click();
	await e2e.until('the sound goes to the chosen speaker', () =>
		page.evaluate((id) => window.__sinks.includes(id), chosen.Speaker)
	);
	await button(page, 'Turn camera off').click();
	await e2e.until('the camera is released', async () => (await live(page, 'video')) === 0);
	/* plugged in: it is in the list without a reload */
	await page.evaluate(() => {
		window.__extra = [{ kind: 'videoinput', deviceId: 'usb', label: 'A new camera', groupId: '' }];
		navigator.mediaDevices.dispatchEvent(new Event('devicechange'));
	});
	await page.getByRole('combobox', { name: 'Camera' }).locator('option', { hasText: 'A new camera' }).waitFor({ state: 'attached' });
	await joinAs(page, 'Ada');
	await inRoom(page);
	await button(page, 'Leave').click();
	await button(page, 'Leave the meeting').click();
	await e2e.until('nothing is on', async () => (await live(page, 'video')) + (await live(page, 'audio')) === 0);
	await button(page, 'Join again').click();
	await page.getByText('Devices').click();
	for (const [kind, value] of Object.entries(chosen)) {
		assert.equal(await page.getByRole('combobox', { name: kind }).inputValue(), value);
	}
	await button(page, 'Turn camera on').waitFor();
	assert.deepEqual(page.complaints, []);
	await page.context().close();
});

test('off means off, in the call and when one is turned away', async () => {
	const ada = await watched({ light: true });
	const ben = await watched({ light: true, viewport: e2e.PHONE });
	await newMeeting(ada, server);
	await joinAs(ada, 'Ada');
	await inRoom(ada);
	const link = await meetingLink(ada);
	await ben.goto(link);
	await joinAs(ben, 'Ben');
	await ben.getByRole('heading', { name: 'You have knocked' }).waitFor();
	await button(ben, 'Turn camera off').click();
	await e2e.until('the camera is off while waiting', async () => (await live(ben, 'video')) === 0);
	await button(ben, 'Turn camera on').click();
	await e2e.until('and on', async () => (await live(ben, 'video')) === 1);
	await button(ada, 'Deny Ben').click();
	await ben.getByRole('heading', { name: 'The host did not let you in' }).waitFor();
	await e2e.until('turned away: all is off', async () => (await live(ben, 'video')) + (await live(ben, 'audio')) === 0);
	await ben.context().close();

	await button(ada, 'Mute').click();
	await e2e.until('muted: the microphone is off', async () => (await live(ada, 'audio')) === 0);
	await button(ada, 'Unmute').click();
	await menu(ada, 'More', 'Settings');
	await ada.getByRole('switch', { name: 'Keep the microphone ready while muted' }).click();
	await button(ada, 'Mute').click();
	await e2e.until('kept ready', async () => (await live(ada, 'audio')) === 1);
	await button(ada, 'Unmute').click();
	await ada.getByRole('switch', { name: 'Music mode' }).click();
	await e2e.until('asked for unprocessed stereo', () =>
		ada.evaluate(() => window.__asked.some((w) => w.audio?.channelCount === 2 && w.audio.echoCancellation === false))
	);
	assert.deepEqual(ada.complaints, []);
	await ada.context().close();
});

test('a camera that is pulled out is replaced by another, and the others go on seeing', async () => {
	const ada = await watched({ light: true });
	const ben = await e2e.person(browser, { light: true });
	await newMeeting(ada, server);
	await joinAs(ada, 'Ada');
	await inRoom(ada);
	await ben.goto(await meetingLink(ada));
	await joinAs(ben, 'Ben');
	await allow(ada, 'Ben');
	await sees(ben, 'Ada');
	const pulled = await ada.evaluate(() => {
		const track = window.__tracks.filter((t) => t.kind === 'video' && t.readyState === 'live').at(-1);
		track.stop();
		track.dispatchEvent(new Event('ended'));
		return window.__tracks.length;
	});
	await e2e.until('another camera', () => ada.evaluate((n) => window.__tracks.length > n, pulled));
	await sees(ben, 'Ada');
	/* the last one: it is said, and the tile shows who it is */
	await ada.evaluate(() => {
		window.__fail = 'NotFoundError';
		const track = window.__tracks.filter((t) => t.kind === 'video' && t.readyState === 'live').at(-1);
		track.stop();
		track.dispatchEvent(new Event('ended'));
	});
	await e2e.until('no picture', async () => (await tile(ben, 'Ada').getAttribute('data-showing')) === 'false');
	await menu(ada, 'More', 'Settings');
	await ada.getByText('No camera was found.').waitFor();
	await ada.context().close();
	await ben.context().close();
});

test('who speaks has a ring, who speaks while muted is told, and blocked sound can be turned on', async () => {
	const ada = await watched({ light: true });
	const ben = await e2e.person(browser, { light: true, viewport: e2e.PHONE });
	await newMeeting(ada, server);
	await joinAs(ada, 'Ada');
	await inRoom(ada);
	await ben.addInitScript(() => {
		const play = HTMLMediaElement.prototype.play;
		HTMLMediaElement.prototype.play = function () {
			const blocked = this instanceof HTMLAudioElement && !window.__clicked;
			return blocked ? Promise.reject(new DOMException('planted', 'NotAllowedError')) : play.call(this);
		};
	});
	await ben.goto(await meetingLink(ada));
	await joinAs(ben, 'Ben');
	await allow(ada, 'Ben');
	await sees(ben, 'Ada');
	for (const [page, name] of [[ben, 'Ada'], [ada, 'Ada (you)']]) {
		await page.locator(`article.speaking[aria-label="${name}"]`).waitFor();
	}
	await ben.getByText('The browser blocks sound until you click.').waitFor();
	await ben.evaluate(() => (window.__clicked = true));
	await button(ben, 'Turn sound on').click();
	await ben.getByText('The browser blocks sound until you click.').waitFor({ state: 'detached' });
	await e2e.until('sound plays', () => ben.evaluate(() => [...document.querySelectorAll('audio')].every((a) => !a.paused)));
	await menu(ada, 'More', 'Settings');
	await ada.getByRole('switch', { name: 'Keep the microphone ready while muted' }).click();
	await button(ada, 'Mute').click();
	await ada.getByText('You are muted. Unmute to be heard.').waitFor();
	await ben.locator('article.speaking[aria-label="Ada"]').waitFor({ state: 'detached' });
	await button(ada, 'Unmute').click();
	await ada.getByText('You are muted. Unmute to be heard.').waitFor({ state: 'detached' });
	await ada.context().close();
	await ben.context().close();
});
