// Pages of the plain mediasoup client, and a bad line in front of them.
import http from 'node:http';
import { spawn } from 'node:child_process';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as e2e from './lib.mjs';

const PORT = 8088;
export const SITE = `http://${e2e.SERVER_V4}:${PORT}`;

async function bundle() {
	const { build } = await import(pathToFileURL(e2e.require.resolve('vite')));
	const out = await build({
		configFile: false,
		logLevel: 'error',
		root: join(e2e.ROOT, 'tests/e2e/plain'),
		resolve: { alias: { 'mediasoup-client': e2e.require.resolve('mediasoup-client') } },
		build: { write: false, minify: false, lib: { entry: 'client.js', formats: ['es'] } }
	});
	return [out].flat()[0].output[0].code;
}

/** Serves the page; close() it. */
export async function servePlain() {
	const code = await bundle();
	return http
		.createServer((req, res) => {
			const script = req.url === '/client.js';
			res.setHeader('content-type', script ? 'text/javascript' : 'text/html');
			res.end(script ? code : '<!doctype html><body><script type="module" src="/client.js"></script>');
		})
		.listen(PORT, e2e.SERVER_V4);
}

export const launch = () =>
	e2e.launchChromium({
		args: [`--unsafely-treat-insecure-origin-as-secure=${SITE}`, '--ignore-certificate-errors']
	});

/** A page of it in a room; how many were there before. */
export async function plain(browser, server, room, id, options = {}) {
	const page = await e2e.person(browser);
	await page.goto(SITE);
	await page.waitForFunction(() => window.join);
	page.others = await page.evaluate(
		([url, opts]) => window.join(url, opts),
		[`wss://${e2e.SERVER_V4}:${server.port}/?roomId=${room}&peerId=${id}`, options]
	);
	return page;
}

/** Bounds of time double while others have the machine. */
export const slack = () => (loadavg()[0] > 4 ? 2 : 1);

const sum = (reports, kind, field) =>
	e2e
		.pick(reports, 'inbound-rtp', kind)
		.filter((r) => r.mid !== 'probator')
		.reduce((n, r) => n + (r[field] ?? 0), 0);

/** What a page received so far. */
export async function inbound(page) {
	const r = await e2e.stats(page);
	return {
		at: Date.now(),
		width: Math.max(0, ...e2e.pick(r, 'inbound-rtp', 'video').map((v) => v.frameWidth ?? 0)),
		frames: sum(r, 'video', 'framesDecoded'),
		bytes: sum(r, 'video', 'bytesReceived'),
		packets: sum(r, 'video', 'packetsReceived'),
		frozen: sum(r, 'video', 'totalFreezesDuration'),
		samples: sum(r, 'audio', 'totalSamplesReceived'),
		concealed: sum(r, 'audio', 'concealedSamples') - sum(r, 'audio', 'silentConcealedSamples')
	};
}

/** What it received between two looks, as rates. */
export async function over(page, ms) {
	const since = await page.evaluate(() => performance.now());
	const a = await inbound(page);
	await e2e.sleep(ms);
	const b = await inbound(page);
	const s = (b.at - a.at) / 1000;
	return {
		fps: (b.frames - a.frames) / s,
		bps: ((b.bytes - a.bytes) * 8) / s,
		packets: b.packets - a.packets,
		frozen: (b.frozen - a.frozen) / s,
		concealed: (b.concealed - a.concealed) / Math.max(1, b.samples - a.samples),
		gap: await page.evaluate((t) => window.gap(t), since),
		width: b.width
	};
}

/** The port on which a server's worker takes media. */
export function mediaPort(server) {
	const of = e2e.sh(`ss -Hlunp | grep mediad`).split('\n').filter(Boolean);
	const port = of[0]?.match(/:(\d+)\s/)?.[1];
	if (!port) throw new Error(`no media port of ${server.pid}: ${of}`);
	return Number(port);
}

/** An emulated line in front of a server's media: tests/lib/netctl.h. */
export async function line(server, port, setting = 'clear') {
	const relay = spawn(
		join(e2e.ROOT, 'build', process.env.VARIANT ?? 'release', 'bin/udprelay'),
		[e2e.SERVER_V4, `${port}`, e2e.SERVER_V4, `${mediaPort(server)}`, '7'],
		{ stdio: ['pipe', 'pipe', 'inherit'] }
	);
	process.once('exit', () => relay.kill());
	await new Promise((up) => relay.stdout.once('data', up));
	relay.stdin.write(`${setting}\n`);
	return {
		port,
		set: (to) => relay.stdin.write(`${to}\n`),
		close: () => relay.kill()
	};
}
