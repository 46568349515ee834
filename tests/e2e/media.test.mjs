// Media on bad lines and in every codec, between plain clients; each figure
// beside a control run without the fault in the same meeting.
import { test, before, after, afterEach } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as e2e from './lib.mjs';
import { firefoxPerson, launchFirefox } from './firefox.mjs';
import { SITE, inbound, launch, line, over, plain, servePlain, slack } from './plain.mjs';

const LONG = process.env.LONG ? 4 : 1;
const HD = { width: 1280, height: 720, frameRate: 15 };
const SMALL = { width: 640, height: 360, frameRate: 20 };
const HALVES = [
	{ scaleResolutionDownBy: 2, maxBitrate: 200000 },
	{ scaleResolutionDownBy: 1, maxBitrate: 600000 }
];

let server, browser, site, port = 26100;

before(async () => {
	site = await servePlain();
	server = await e2e.startServer({ CHATTR_ROOMS_POLICY: 'open' });
	browser = await launch();
});
after(async () => {
	await browser?.close();
	await server?.stop();
	site?.close();
});

/* What a failed test left is no traffic in the next one. */
afterEach(() => Promise.all((browser?.contexts() ?? []).map((c) => c.close())));

/** What `probe` needs to be true, in ms. */
async function took(what, probe, ms) {
	const start = Date.now();
	await e2e.until(what, probe, ms, 50);
	return Date.now() - start;
}

const close = (...pages) => Promise.all(pages.map((p) => p.context().close()));
const say = (what, value) => console.log(`# ${what}: ${JSON.stringify(value)}`);

/* Of the long run alone. */
const long = process.env.LONG ? test : () => undefined;

long('a viewer behind 600 kb/s gets a layer that fits, and the top again', async () => {
	const relay = await line(server, port++);
	const ada = await plain(browser, server, 'limit', 'ada', { video: HD });
	const slow = await plain(browser, server, 'limit', 'slow', { video: false, via: relay.port });
	const free = await plain(browser, server, 'limit', 'free', { video: false });
	/* As told by the server: a frame's size would count the decoder's time, too. */
	const rung = (page) =>
		page.evaluate(() => Object.values(window.layers).reduce((n, l) => n + (l.spatialLayer ?? -1) * 3 + (l.temporalLayer ?? -1), 0));
	await e2e.until('both see the top layer', async () => (await rung(slow)) >= 6 && (await rung(free)) >= 6, 60000);
	const [control, other] = await Promise.all([over(slow, 8000), over(free, 8000)]);
	const top = await rung(slow);
	relay.set('ba rate=600 queue=200');
	const limited = Promise.all([over(slow, 12000), over(free, 12000)]);
	const down = await took('a lower layer', async () => (await rung(slow)) < top, 12000);
	const [narrow, untouched] = await limited;
	const settled = await over(slow, 4000);
	relay.set('ba rate=0');
	const up = await took('the top layer again', async () => (await rung(slow)) >= top, 40000);
	say('limit', { top, down, up, control, narrow, settled, other, untouched });
	await close(ada, slow, free);
	relay.close();
	assert.ok(down <= 3000 * slack(), `a layer that fits after ${down} ms`);
	assert.ok(up <= 10000 * slack(), `the top layer after ${up} ms`);
	assert.ok(settled.bps < 600000 && settled.fps > 5, 'what flows fits');
	assert.ok(narrow.gap <= 1000 * slack() + control.gap, `a freeze of ${narrow.gap} ms`);
	assert.ok(untouched.fps >= other.fps * 0.9, `${untouched.fps} of ${other.fps} frames for the other`);
});

/** Two that send and receive over a line which loses so much both ways. */
async function lossy(percent, secs) {
	const relay = await line(server, port++);
	const room = `loss-${percent}`;
	const ada = await plain(browser, server, room, 'ada', { video: SMALL, encodings: HALVES, via: relay.port });
	const ben = await plain(browser, server, room, 'ben', { video: SMALL, encodings: HALVES, via: relay.port });
	const pages = [ada, ben];
	await e2e.until('video', async () => (await Promise.all(pages.map((p) => over(p, 1000)))).every((g) => g.fps > 10), 40000);
	const control = await Promise.all(pages.map((p) => over(p, 6000)));
	relay.set(`both loss=${percent}`);
	await e2e.sleep(1000);
	const got = await Promise.all(pages.map((p) => over(p, secs * 1000)));
	say(`loss of ${percent} %`, { control, got });
	await close(...pages);
	relay.close();
	return got.map((g, i) => ({ ...g, frozen: g.frozen - control[i].frozen }));
}

test('5 % of loss both ways: hardly a freeze, hardly a gap in the sound', async () => {
	for (const got of await lossy(5, 15 * LONG)) {
		assert.ok(got.frozen < 0.02 * slack(), `frozen ${got.frozen} of the time`);
		assert.ok(got.concealed < 0.05, `${got.concealed} of the sound made up`);
	}
});

long('15 % of loss both ways: freezes stay under a tenth of the time', async () => {
	for (const got of await lossy(15, 15 * LONG)) assert.ok(got.frozen < 0.1 * slack(), `frozen ${got.frozen} of the time`);
});

/** A viewer asks for the lowest and the highest layer; the picture follows. */
async function switches(viewer, codec) {
	const mime = async () => {
		const reports = await e2e.stats(viewer);
		const video = e2e.pick(reports, 'inbound-rtp', 'video').find((r) => r.framesDecoded > 0);
		return video && reports.find((r) => r.id === video.codecId && r.pc === video.pc)?.mimeType;
	};
	const prefer = (spatialLayer) =>
		viewer.evaluate((layer) => {
			const video = window.consumers.find((c) => c.kind === 'video');
			return window.ask('setConsumerPreferredLayers', { consumerId: video.id, spatialLayer: layer });
		}, spatialLayer);
	await e2e.until(`${codec} is decoded`, async () => (await mime())?.toLowerCase() === codec.toLowerCase(), 30000);
	const top = await e2e.until('the top layer', async () => {
		const { width } = await inbound(viewer);
		return width >= 640 && width;
	}, 40000);
	await prefer(0);
	const down = await took('a small picture', async () => (await inbound(viewer)).width < top, 15000);
	const small = (await inbound(viewer)).width;
	await prefer(2);
	const up = await took('the large one', async () => (await inbound(viewer)).width === top, 20000);
	const after = await over(viewer, 2000);
	say(codec, { top, small, down, up, fps: after.fps });
	assert.ok(after.fps > 3, `${after.fps} frames a second`);
}

const svc = (mode) => [{ scalabilityMode: mode, maxBitrate: 1200000 }];
const layers = [
	['video/VP9', svc('L3T3_KEY'), { width: 960, height: 540, frameRate: 15 }],
	['video/AV1', svc('L3T3_KEY'), { width: 960, height: 540, frameRate: 15 }],
	['video/H264', HALVES, SMALL]
];
for (const [codec, encodings, video] of layers)
	test(`${codec} in layers is decoded and switched`, async () => {
		const room = codec.slice(6);
		const ada = await plain(browser, server, room, 'ada', { codec, encodings, video });
		const ben = await plain(browser, server, room, 'ben', { video: false });
		await switches(ben, codec);
		await close(ada, ben);
	});

test('VP8 of Firefox is decoded and switched', async () => {
	const firefox = await launchFirefox({ 'media.getusermedia.insecure.enabled': true, 'media.devices.insecure.enabled': true });
	try {
		const page = await firefoxPerson(firefox);
		await page.goto(SITE);
		await page.waitForFunction(() => window.join);
		const url = `wss://${e2e.SERVER_V4}:${server.port}/?roomId=fox&peerId=fox`;
		await page.evaluate((to, options) => window.join(to, options), url, { video: SMALL, encodings: HALVES });
		const ben = await plain(browser, server, 'fox', 'ben', { video: false });
		await switches(ben, 'video/VP8');
		await close(ben);
	} finally {
		await firefox.close();
	}
});

/** Bytes that passed the loopback interface: the scripted publishers' alone. */
const loopback = () => Number(readFileSync('/proc/net/dev', 'utf8').match(/lo:\s*(\d+)/)[1]);

test('eight hidden tiles of nine cost no packets, and nobody sends for them', async () => {
	const load = spawn(
		join(e2e.ROOT, 'build', process.env.VARIANT ?? 'release', 'bin/chattr-load'),
		['--url', `127.0.0.1:${server.port}`, '--rooms', '1', '--pubs', '8', '--subs', '0',
			'--video-bps', '700000', '--layers', '3', '--fps', '15', '--audio-bps', '0', '--warm', '1', '--secs', '120'],
		{ stdio: ['ignore', 'ignore', 'inherit'] }
	);
	try {
		const ada = await plain(browser, server, `load-${load.pid}-0`, 'ada', { video: SMALL, encodings: HALVES, receive: false });
		const ben = await plain(browser, server, `load-${load.pid}-0`, 'ben', { video: false });
		await e2e.until('nine pictures', () => ben.evaluate(() => window.consumers.filter((c) => c.kind === 'video').length === 9), 40000);
		const show = (visible) =>
			ben.evaluate(async (on) => {
				const tiles = window.consumers.filter((c) => c.kind === 'video' && c.peer !== 'ada');
				await Promise.all(tiles.map((c) =>
					window.ask('setConsumerViewport', { consumerId: c.id, width: 320, height: 180, visible: on })));
			}, visible);
		const perStream = async () =>
			Object.fromEntries(e2e.pick(await e2e.stats(ben), 'inbound-rtp', 'video').filter((r) => r.mid !== 'probator').map((r) => [r.ssrc, r.packetsReceived]));
		const moving = async (ms) => {
			const [a, at] = [await perStream(), loopback()];
			await e2e.sleep(ms);
			const b = await perStream();
			return { streams: Object.keys(b).filter((k) => b[k] > (a[k] ?? 0)).length, bps: ((loopback() - at) * 8000) / ms };
		};
		await e2e.until('all nine move', async () => (await moving(1000)).streams === 9, 40000);
		const shown = await moving(3000);
		await show(false);
		await e2e.sleep(7000);
		const hidden = await moving(3000);
		await show(true);
		const back = await took('they are back', async () => (await moving(200)).streams === 9, 20000);
		say('tiles', { shown, hidden, back });
		await close(ada, ben);
		assert.equal(hidden.streams, 1, 'the one that is shown');
		assert.ok(hidden.bps < shown.bps / 20, `${hidden.bps} of ${shown.bps} b/s`);
		assert.ok(back < 3000 * slack(), `back after ${back} ms`);
	} finally {
		load.kill();
	}
});
