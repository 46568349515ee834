// An unmodified mediasoup client that knows nothing of this product meets
// another in a room of policy `open`.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import http from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as e2e from './lib.mjs';

const PORT = 8088;
let server, browser, site;

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

before(async () => {
	const code = await bundle();
	site = http
		.createServer((req, res) => {
			const script = req.url === '/client.js';
			res.setHeader('content-type', script ? 'text/javascript' : 'text/html');
			res.end(script ? code : '<!doctype html><body><script type="module" src="/client.js"></script>');
		})
		.listen(PORT, e2e.SERVER_V4);
	server = await e2e.startServer({ CHATTR_ROOMS_POLICY: 'open' });
	browser = await e2e.launchChromium({
		args: [`--unsafely-treat-insecure-origin-as-secure=http://${e2e.SERVER_V4}:${PORT}`, '--ignore-certificate-errors']
	});
});
after(async () => {
	await browser?.close();
	await server?.stop();
	site?.close();
});

test('two plain mediasoup clients exchange media in an open room', async () => {
	const pages = [];
	for (const id of ['plain-a', 'plain-b']) {
		const page = await e2e.person(browser);
		await page.goto(`http://${e2e.SERVER_V4}:${PORT}/`);
		await page.waitForFunction(() => window.join);
		const others = await page.evaluate(
			(url) => window.join(url),
			`wss://${e2e.SERVER_V4}:${server.port}/?roomId=plain-room&peerId=${id}`
		);
		assert.equal(others, pages.length);
		pages.push(page);
	}
	for (const page of pages) {
		await e2e.until('video is decoded', async () => (await e2e.received(page, 1000)).fps > 5);
	}
	await e2e.plays(pages, 15, 4000);
	assert.ok((await pages[0].evaluate(() => window.notes)).includes('newPeer'));
});
