// The same call where UDP is blocked (ICE-TCP), and over IPv6.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import * as e2e from './lib.mjs';
import { meetingOfTwo, sees } from './people.mjs';

async function call(server, check) {
	const browser = await e2e.launchChromium();
	try {
		const ada = await e2e.person(browser);
		const ben = await e2e.person(browser);
		await meetingOfTwo(server, ada, ben);
		await Promise.all([sees(ada, 'Ben'), sees(ben, 'Ada')]);
		await e2e.plays([ada, ben], 15, 4000);
		for (const page of [ada, ben]) {
			const reports = await e2e.stats(page);
			const pairs = e2e.pick(reports, 'candidate-pair').filter((p) => p.nominated && p.state === 'succeeded');
			assert.ok(pairs.length > 0);
			for (const p of pairs) check(reports.find((r) => r.id === p.remoteCandidateId && r.pc === p.pc));
		}
	} finally {
		await browser.close();
	}
}

test('two people meet over TCP when UDP is blocked', async () => {
	const server = await e2e.startServer();
	const unblock = e2e.blockUdp();
	try {
		await call(server, (remote) => assert.equal(remote.protocol, 'tcp'));
	} finally {
		unblock();
		await server.stop();
	}
});

test('two people meet over IPv6', async () => {
	const server = await e2e.startServer({ CHATTR_MEDIA_ANNOUNCE: e2e.SERVER_V6 });
	try {
		await call(
			{ ...server, url: `https://[${e2e.SERVER_V6}]:${server.port}` },
			(remote) => assert.ok(remote.address.includes(':'), remote.address)
		);
	} finally {
		await server.stop();
	}
});
