// The stage of the end-to-end tests: daemons on one side of a veth pair,
// browsers on the other (tests/lib/ns.sh made both), and eyes on them.
import { spawn, execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync, readFileSync, openSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import https from 'node:https';

export const ROOT = resolve(import.meta.dirname, '../..');
export const require = createRequire(join(ROOT, 'webclient/package.json'));
const { chromium } = require('playwright-core');

export const SERVER_V4 = '10.77.0.1';
export const SERVER_V6 = 'fd77::1';
export const DESK = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };
export const BUILD = join(ROOT, 'build', process.env.VARIANT ?? 'release', 'bin');

export const sleep = (ms) => new Promise((r) => setTimeout(r, ms));

/** Calls `probe` until it returns something true; throws `what` after ms. */
export async function until(what, probe, ms = 30000, step = 100) {
	const end = Date.now() + ms;
	let last;
	for (;;) {
		try {
			const got = await probe();
			if (got) return got;
			last = got;
		} catch (e) {
			last = e;
		}
		if (Date.now() > end) throw new Error(`not seen in ${ms} ms: ${what} (last: ${last})`);
		await sleep(step);
	}
}

export function median(values) {
	const v = [...values].sort((a, b) => a - b);
	return v[v.length >> 1];
}

function healthy(port) {
	return new Promise((done) => {
		const req = https.get(
			{ host: SERVER_V4, port, path: '/healthz', rejectUnauthorized: false, timeout: 1000 },
			(res) => {
				res.resume();
				done(res.statusCode === 200);
			}
		);
		req.on('error', () => done(false));
		req.on('timeout', () => req.destroy());
	});
}

/**
 * Starts signald with its workers. `env` overrides config keys
 * (CHATTR_<SECTION>_<KEY>). Returns { port, url, pid, log(), stop() }.
 */
export async function startServer(env = {}, port = 4443) {
	const dir = mkdtempSync(join(tmpdir(), 'chattr-e2e-'));
	const logPath = join(dir, 'log');
	const log = openSync(logPath, 'w');
	const child = spawn(join(BUILD, 'signald'), [], {
		cwd: ROOT,
		stdio: ['ignore', log, log],
		env: {
			PATH: process.env.PATH,
			CHATTR_SERVER_USER: '',
			CHATTR_SERVER_RUN_DIR: join(dir, 'run'),
			CHATTR_SERVER_STATE_DIR: join(dir, 'state'),
			CHATTR_LISTEN_PORT: String(port),
			CHATTR_LISTEN_WEB_ROOT: join(ROOT, 'build/webclient/dist'),
			CHATTR_MEDIA_WORKERS: '1',
			...env
		}
	});
	let ended;
	child.on('exit', (code, signal) => (ended = `${code ?? signal}`));
	const text = () => readFileSync(logPath, 'utf8');
	try {
		await until('signald answers', () => {
			if (ended) throw new Error(`signald ended with ${ended}: ${text()}`);
			return healthy(port);
		});
	} catch (e) {
		child.kill('SIGKILL');
		throw new Error(`${e.message}\n${text()}`);
	}
	return {
		dir,
		port,
		pid: child.pid,
		url: `https://${SERVER_V4}:${port}`,
		log: text,
		async stop() {
			child.kill('SIGTERM');
			await until('signald ends', () => ended, 10000).catch(() => child.kill('SIGKILL'));
			const said = text().match(/^.*(Sanitizer:|runtime error:)[^]*/m);
			if (process.env.KEEP) console.log(`# kept ${dir}`);
			else rmSync(dir, { recursive: true, force: true });
			if (said) throw new Error(said[0]);
		}
	};
}

/** Remembers every RTCPeerConnection of a page, for statsOf(). */
export function watchConnections() {
	const Native = window.RTCPeerConnection;
	window.__pcs = [];
	window.RTCPeerConnection = class extends Native {
		constructor(...args) {
			super(...args);
			window.__pcs.push(this);
		}
	};
}

/** A Chromium on the client's side of the wire, with a fake camera. */
export async function launchChromium({ args = [], display = 'browser' } = {}) {
	const dir = mkdtempSync(join(tmpdir(), 'chattr-chromium-'));
	const wrapper = join(dir, 'chromium');
	writeFileSync(wrapper, '#!/bin/sh\nexec ip netns exec client /usr/bin/chromium "$@" 2>/dev/null\n');
	chmodSync(wrapper, 0o755);
	const browser = await chromium.launch({
		executablePath: wrapper,
		headless: true,
		args: [
			'--no-sandbox',
			'--disable-gpu',
			'--disable-quic',
			'--no-first-run',
			'--disable-background-networking',
			'--disable-component-update',
			'--disable-sync',
			'--disable-background-timer-throttling',
			'--disable-renderer-backgrounding',
			'--disable-backgrounding-occluded-windows',
			'--disable-features=WebRtcHideLocalIpsWithMdns',
			'--autoplay-policy=no-user-gesture-required',
			`--use-fake-ui-for-media-stream=display-media-type=${display}`,
			'--use-fake-device-for-media-stream=fps=30',
			...args
		]
	});
	const close = browser.close.bind(browser);
	browser.close = async () => {
		await close();
		rmSync(dir, { recursive: true, force: true });
	};
	return browser;
}

/**
 * Somebody in front of a camera, drawn: for pictures that people look at.
 * `who` chooses one of four.
 */
function portrait(who) {
	const looks = [
		{ wall: ['#e9c9a4', '#b98355'], skin: '#e3aa83', hair: '#3a241b', shirt: '#2f5d62' },
		{ wall: ['#b8c8bf', '#5f7f74'], skin: '#8d5a3b', hair: '#17110f', shirt: '#d98a4b' },
		{ wall: ['#d9cfe0', '#85749a'], skin: '#f0c6a4', hair: '#a5652c', shirt: '#7b2d3b' },
		{ wall: ['#c9d7e4', '#6d869d'], skin: '#c98b62', hair: '#4b4642', shirt: '#e8dfd3' }
	];
	const { wall, skin, hair, shirt } = looks[who % looks.length];
	const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 360 });
	const c = canvas.getContext('2d', { alpha: false });
	const oval = (colour, x, y, w, h) => {
		c.fillStyle = colour;
		c.beginPath();
		c.ellipse(x, y, w, h, 0, 0, 7);
		c.fill();
	};
	const draw = () => {
		const sway = Math.sin(performance.now() / 900 + who) * 5;
		const light = c.createLinearGradient(0, 0, 640, 360);
		light.addColorStop(0, wall[0]);
		light.addColorStop(1, wall[1]);
		c.fillStyle = light;
		c.fillRect(0, 0, 640, 360);
		c.fillStyle = 'rgb(255 250 235 / 0.35)';
		c.fillRect(who % 2 ? 440 : 60, 40, 130, 150);
		oval(hair, 320 + sway, 158, 74, 92);
		oval(shirt, 320 + sway / 2, 400, 158, 150);
		oval(skin, 320 + sway, 262, 30, 44);
		oval(skin, 320 + sway, 170, 60, 78);
		oval(hair, 320 + sway, 104, 66, 34);
		for (const x of [-22, 22]) oval('#241a15', 320 + sway + x, 168, 5, 6);
		oval('#9c4f3f', 320 + sway, 208, 16, 5);
	};
	draw();
	setInterval(draw, 100);
	const devices = navigator.mediaDevices;
	const open = devices.getUserMedia.bind(devices);
	devices.getUserMedia = async (wanted) => {
		const stream = new MediaStream();
		if (wanted.audio) for (const t of (await open({ audio: wanted.audio })).getTracks()) stream.addTrack(t);
		if (wanted.video) stream.addTrack(canvas.captureStream(10).getVideoTracks()[0]);
		return stream;
	};
}

/** A small, slow camera: for tests of everything but the picture. */
function smallCamera() {
	const devices = navigator.mediaDevices;
	const open = devices?.getUserMedia.bind(devices);
	if (open) {
		devices.getUserMedia = (wanted) =>
			open(wanted.video ? { ...wanted, video: { width: 320, height: 180, frameRate: 10 } } : wanted);
		const share = devices.getDisplayMedia.bind(devices);
		devices.getDisplayMedia = (wanted) =>
			share({ ...wanted, video: { width: { max: 640 }, height: { max: 400 }, frameRate: 5 } });
	}
}

/**
 * A person: a page of its own, with fake devices and a quiet console.
 * `light` spares the machine: many people fit on two cores.
 */
export async function person(browser, { viewport = DESK, permissions, light = false, looks, ...options } = {}) {
	const context = await browser.newContext({
		viewport,
		ignoreHTTPSErrors: true,
		permissions: permissions ?? ['camera', 'microphone', 'clipboard-read', 'clipboard-write'],
		...options
	});
	await context.addInitScript(watchConnections);
	if (light) await context.addInitScript(smallCamera);
	if (looks !== undefined) await context.addInitScript(portrait, looks);
	const page = await context.newPage();
	page.setDefaultTimeout(30000);
	page.complaints = [];
	page.on('pageerror', (e) => page.complaints.push(`page error: ${e.message}`));
	page.on('console', (m) => {
		if (m.type() === 'error') page.complaints.push(`console: ${m.text()}`);
	});
	return page;
}

/** All stats reports of all open connections of a page, flat. */
export function stats(page) {
	return page.evaluate(async () => {
		const out = [];
		for (const [i, pc] of window.__pcs.entries()) {
			if (pc.connectionState === 'closed') continue;
			for (const report of (await pc.getStats()).values()) out.push({ pc: i, ...report });
		}
		return out;
	});
}

export const pick = (reports, type, kind) =>
	reports.filter((r) => r.type === type && (!kind || r.kind === kind));

/** What a page received between two looks: frames, energy, size. */
export async function received(page, ms) {
	const sum = (reports, kind, field) =>
		pick(reports, 'inbound-rtp', kind)
			.filter((r) => r.mid !== 'probator')
			.reduce((n, r) => n + (r[field] ?? 0), 0);
	const a = await stats(page);
	await sleep(ms);
	const b = await stats(page);
	const video = pick(b, 'inbound-rtp', 'video');
	return {
		fps: ((sum(b, 'video', 'framesDecoded') - sum(a, 'video', 'framesDecoded')) / ms) * 1000,
		energy: sum(b, 'audio', 'totalAudioEnergy') - sum(a, 'audio', 'totalAudioEnergy'),
		width: Math.max(0, ...video.map((r) => r.frameWidth ?? 0)),
		height: Math.max(0, ...video.map((r) => r.frameHeight ?? 0)),
		freezes: sum(b, 'video', 'totalFreezesDuration') - sum(a, 'video', 'totalFreezesDuration')
	};
}

/**
 * All pages at once decode `fps` frames a second or more, and hear, for `ms`.
 * Encoding is work, so a busy machine has four tries; returns the good one.
 */
export async function plays(pages, fps, ms) {
	let got;
	for (let i = 0; i < 4; i++) {
		got = await Promise.all(pages.map((page) => received(page, ms)));
		if (got.every((g) => g.fps >= fps && g.energy > 0)) return got;
	}
	throw new Error(`${fps} frames a second and sound: ${JSON.stringify(got)}`);
}

/** Runs a command on the server's side; throws with its output. */
export function sh(command) {
	return execFileSync('sh', ['-c', command], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Drops all UDP that arrives from browsers, until the returned undo. */
export function blockUdp() {
	sh(`nft add table inet e2e && nft add chain inet e2e in '{ type filter hook input priority 0; }' &&
	    nft add rule inet e2e in iifname ve-s meta l4proto udp drop`);
	return () => sh('nft delete table inet e2e');
}

/** A screenshot under build/shots/, to be looked at. */
export async function shot(page, name) {
	mkdirSync(join(ROOT, 'build/shots'), { recursive: true });
	await page.screenshot({ path: join(ROOT, 'build/shots', `${name}.png`) });
}
