// An unmodified mediasoup client that knows nothing of this product meets
// another in a room of policy `open`.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import * as e2e from './lib.mjs';
import { launch, plain, servePlain } from './plain.mjs';

let server, browser, site;

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

test('two plain mediasoup clients exchange media in an open room', async () => {
	const pages = [];
	for (const id of ['plain-a', 'plain-b']) {
		const page = await plain(browser, server, 'plain-room', id);
		assert.equal(page.others, pages.length);
		pages.push(page);
	}
	for (const page of pages) {
		await e2e.until('video is decoded', async () => (await e2e.received(page, 1000)).fps > 5, 20000);
		const got = await e2e.received(page, 4000);
		assert.ok(got.fps >= 12, `${got.fps} frames a second`);
		assert.ok(got.energy > 0, 'audio has energy');
	}
	assert.ok((await pages[0].evaluate(() => window.notes)).includes('newPeer'));
});
