// Firefox meets Chromium: join, picture and sound both ways, chat, leave.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import * as e2e from './lib.mjs';
import { allow, button, inRoom, joinAs, meetingLink, newMeeting, openPanel, sees, tile } from './people.mjs';
import * as fox from './firefox.mjs';

let server, chromium, firefox, ada, ben;

before(async () => {
	server = await e2e.startServer();
	[chromium, firefox] = await Promise.all([e2e.launchChromium(), fox.launchFirefox()]);
	ada = await e2e.person(chromium);
	ben = await fox.firefoxPerson(firefox);
});
after(async () => {
	await firefox?.close();
	await chromium?.close();
	await server?.stop();
});

test('Firefox knocks with the link, is let in, and both see and hear each other', { timeout: 120000 }, async () => {
	await newMeeting(ada, server);
	await joinAs(ada, 'Ada');
	await inRoom(ada);
	const link = await meetingLink(ada);
	await ben.goto(link);
	await fox.fill(ben, 'Your name', 'Ben');
	assert.ok(!ben.url().includes('#'), 'the address bar lost the key');
	await fox.click(ben, 'Join now');
	await fox.sees(ben, 'You have knocked');
	await allow(ada, 'Ben');
	await fox.sees(ben, 'Ada');
	await sees(ada, 'Ben', 30000);
	for (const page of [ada, ben]) {
		await e2e.until('video is decoded', async () => (await e2e.received(page, 1000)).fps > 5, 30000);
		const got = await e2e.received(page, 4000);
		assert.ok(got.fps >= 8, `${got.fps} frames a second`);
		assert.ok(got.width >= 320 && got.height >= 180, `${got.width}x${got.height}`);
		assert.ok(got.energy > 0, 'audio has energy');
	}
});

test('a camera off and on, and mute, are seen from Firefox', async () => {
	await fox.click(ben, 'Turn camera off');
	await e2e.until('off', async () => (await tile(ada, 'Ben').getAttribute('data-showing')) === 'false');
	await fox.click(ben, 'Turn camera on');
	await sees(ada, 'Ben');
	await fox.click(ben, 'Mute');
	await tile(ada, 'Ben').getByRole('img', { name: 'Muted' }).waitFor();
	await fox.click(ben, 'Unmute');
	await tile(ada, 'Ben').getByRole('img', { name: 'Muted' }).waitFor({ state: 'detached' });
});

test('chat goes both ways', async () => {
	await openPanel(ada, 'Chat');
	await fox.click(ben, 'Chat');
	await fox.fill(ben, 'Message', 'from Firefox');
	await fox.click(ben, 'Send');
	await ada.getByRole('log', { name: 'Chat' }).getByText('from Firefox').waitFor();
	await ada.getByRole('textbox', { name: 'Message', exact: true }).fill('from Chromium');
	await button(ada, 'Send').click();
	await e2e.until('the answer', () => ben.evaluate(() => document.querySelector('[role="log"][aria-label="Chat"]').innerText.includes('from Chromium')));
});

test('a reload in Firefox resumes, and leaving ends it', async () => {
	await ben.reload();
	await fox.sees(ben, 'Ada');
	await sees(ada, 'Ben', 30000);
	await fox.click(ben, 'Leave');
	await fox.click(ben, 'Leave the meeting');
	await fox.sees(ben, 'You left the meeting');
	await tile(ada, 'Ben').waitFor({ state: 'detached' });
});

test('nothing complained', () => {
	assert.deepEqual([...ada.complaints, ...ben.complaints], []);
});
