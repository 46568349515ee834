// The encrypted chat, through the real server.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import * as e2e from './lib.mjs';
import { allow, button, inRoom, joinAs, meetingOfTwo, menu, putOut, openPanel } from './people.mjs';

let server, browser, ada, ben, link, firstCode;
const frames = [];

before(async () => {
	server = await e2e.startServer();
	browser = await e2e.launchChromium();
	ada = await e2e.person(browser, { light: true });
	ben = await e2e.person(browser, { light: true, viewport: e2e.PHONE, hasTouch: true });
	for (const page of [ada, ben]) {
		page.on('websocket', (ws) => {
			ws.on('framesent', (f) => frames.push(String(f.payload)));
			ws.on('framereceived', (f) => frames.push(String(f.payload)));
		});
		page.on('request', (r) => frames.push(`${r.url()} ${JSON.stringify(r.headers())} ${r.postData() ?? ''}`));
	}
	link = await meetingOfTwo(server, ada, ben);
	for (const page of [ada, ben]) await openPanel(page, 'Chat');
});
after(async () => {
	await browser?.close();
	await server?.stop();
});

const log = (page) => page.getByRole('log', { name: 'Chat' });
const message = (page, text) => log(page).getByRole('article').filter({ hasText: text });

async function write(page, text) {
	await page.getByRole('textbox', { name: 'Message', exact: true }).fill(text);
	await button(page, 'Send').click();
}

async function act(page, text, item) {
	await message(page, text).getByRole('button', { name: /^Actions/ }).click();
	await page.getByRole('menuitem', { name: item, exact: true }).click();
}

async function safetyCode(page) {
	const details = log(page).locator('details');
	if (!(await details.evaluate((d) => d.open))) await log(page).getByText('Safety code').click();
	return details.locator('code').innerText();
}

test('messages go both ways, with markdown and without its dangers', async () => {
	await write(ada, 'Hello **Ben**, see https://example.org <img src=x onerror=alert(1)> [x](javascript:alert(1))');
	await message(ben, 'Hello Ben').waitFor();
	const text = message(ben, 'Hello Ben');
	assert.equal(await text.locator('strong', { hasText: 'Ben' }).count(), 1);
	assert.equal(await text.locator('img').count(), 0);
	const anchors = await text.locator('a').evaluateAll((list) => list.map((a) => [a.getAttribute('href'), a.rel]));
	for (const [href, rel] of anchors) {
		if (href) assert.ok(href.startsWith('https://'), href);
		assert.match(rel, /noopener noreferrer/);
	}
	await write(ben, 'Hi Ada');
	await message(ada, 'Hi Ada').waitFor();
});

test('quick sends stay in order and none is lost', async () => {
	for (let i = 0; i < 8; i += 1) await write(ada, `quick ${i}`);
	await message(ben, 'quick 7').waitFor();
	const texts = await log(ben).getByRole('article').allInnerTexts();
	const quick = texts.map((t) => /quick \d/.exec(t)?.[0]).filter(Boolean);
	assert.deepEqual(quick, ['quick 0', 'quick 1', 'quick 2', 'quick 3', 'quick 4', 'quick 5', 'quick 6', 'quick 7']);
});

test('edit, delete, reply and react', async () => {
	await act(ada, 'quick 0', 'Edit');
	await write(ada, 'edited zero');
	await message(ben, 'edited zero').getByText('(edited)').waitFor();
	await act(ada, 'quick 1', 'Delete');
	await log(ben).getByText('Message deleted').waitFor();
	await act(ben, 'quick 2', 'Reply');
	await write(ben, 'an answer');
	await message(ada, 'an answer').locator('blockquote', { hasText: 'quick 2' }).waitFor();
	await act(ben, 'quick 3', 'React 👍');
	await message(ada, 'quick 3').getByRole('button', { name: /👍/ }).waitFor();
});

test('a direct message is for one', async () => {
	await ben.getByRole('combobox', { name: 'To', exact: true }).selectOption({ label: 'Only to Ada' });
	await write(ben, 'psst');
	await message(ada, 'psst').getByText('Only to you from Ben').waitFor();
});

test('a reload keeps the conversation, the key and the authorship', async () => {
	for (const page of [ben, ada]) {
		await page.reload();
		await inRoom(page);
		await openPanel(page, 'Chat');
		await message(page, 'edited zero').waitFor();
		await message(page, 'psst').waitFor();
		assert.equal(await log(page).getByText('could not be decrypted').count(), 0);
		assert.equal(await log(page).getByText('uses a new key').count(), 0);
	}
	await act(ada, 'quick 4', 'Edit');
	await write(ada, 'edited after reload');
	await message(ben, 'edited after reload').waitFor();
});

test('long messages fit, too long ones are refused before they are sent', async () => {
	await write(ada, 'y'.repeat(4096));
	await message(ben, 'yyyyyyyy').waitFor();
	await ada.getByRole('textbox', { name: 'Message', exact: true }).fill('é'.repeat(2100));
	await ada.getByText('The message is too long').waitFor();
	assert.ok(await button(ada, 'Send').isDisabled());
	await ada.getByRole('textbox', { name: 'Message', exact: true }).fill('');
});

test('older messages come by a button, however many of them fit in an answer', async () => {
	/* 128 KiB hold about two dozen of these */
	for (let i = 0; i < 28; i += 1) await write(ada, `long ${i}. ${'z'.repeat(4000)}`);
	await message(ben, 'long 27.').waitFor();
	await ada.getByText('Sending…').first().waitFor({ state: 'detached' });
	await ben.reload();
	await inRoom(ben);
	await openPanel(ben, 'Chat');
	await message(ben, 'long 27.').waitFor();
	assert.equal(await message(ben, 'long 0.').count(), 0);
	const older = button(ben, 'Show older messages');
	await older.waitFor();
	await e2e.until('the first of all', async () => {
		if ((await message(ben, 'Hello Ben').count()) > 0) return true;
		await older.click({ timeout: 2000 }).catch(() => undefined);
	}, 30000);
	await older.waitFor({ state: 'detached' });
	const texts = await log(ben).getByRole('article').allInnerTexts();
	const long = texts.map((t) => /long (\d+)\./.exec(t)?.[1]).filter(Boolean).map(Number);
	assert.deepEqual(long, Array.from({ length: 28 }, (_, i) => i));
	assert.ok(texts.some((t) => t.includes('Hello Ben')), 'the first of all');
	assert.ok(!texts.some((t) => t.includes('could not be decrypted')));
});

test('a host deletes what a guest wrote', async () => {
	await write(ben, 'not for here');
	await act(ada, 'not for here', 'Delete');
	await message(ben, 'not for here').waitFor({ state: 'detached' });
	await ben.reload();
	await inRoom(ben);
	await openPanel(ben, 'Chat');
	await message(ben, 'long 27.').waitFor();
	assert.equal(await message(ben, 'not for here').count(), 0);
});

test('what the server refused is sent again by a button', async () => {
	/* on its way when the host forbids it */
	await ben.evaluate(() => {
		const { send } = WebSocket.prototype;
		const held = [];
		WebSocket.prototype.send = function (frame) {
			held.push([this, frame]);
		};
		window.__release = () => {
			WebSocket.prototype.send = send;
			for (const [socket, frame] of held) socket.send(frame);
		};
	});
	await write(ben, 'once more');
	await message(ben, 'once more').getByText('Sending…').waitFor();
	await openPanel(ada, 'People');
	const rule = ada.getByRole('switch', { name: 'Guests may chat' });
	await rule.click();
	await ben.getByPlaceholder('The host has switched chat off for guests.').waitFor();
	await ben.evaluate(() => window.__release());
	const again = message(ben, 'once more').getByRole('button', { name: 'Send again' });
	await again.waitFor();
	await rule.click();
	await ben.getByPlaceholder('Write a message…').waitFor();
	await again.click();
	await again.waitFor({ state: 'detached' });
	await openPanel(ada, 'Chat');
	await message(ada, 'once more').waitFor();
	assert.equal(await message(ada, 'once more').count(), 1);
});

test('unread messages are counted while the panel is closed', async () => {
	await ben.getByRole('complementary').getByRole('button', { name: 'Close' }).click();
	await write(ada, 'are you there?');
	await ben.getByRole('button', { name: 'Chat, 1 unread message' }).click();
	await message(ben, 'are you there?').waitFor();
});

test('who has no key sees why, and nothing else', async () => {
	const eve = await e2e.person(browser, { light: true });
	await eve.goto(link.split('#')[0]);
	await joinAs(eve, 'Eve');
	await allow(ada, 'Eve');
	await inRoom(eve);
	await openPanel(eve, 'Chat');
	await eve.getByText('so you have no key to this chat').waitFor();
	firstCode = await safetyCode(ada);
	assert.match(firstCode, /^\d{4} \d{4}$/);
	assert.equal(firstCode, await safetyCode(ben));
	await putOut(ada, 'Eve');
	await eve.getByRole('heading', { name: 'You were removed' }).waitFor();
	await eve.context().close();
});

test('after somebody was removed there is a fresh key, for those who stay', async () => {
	await e2e.until('one new safety code', async () => {
		const [a, b] = await Promise.all([safetyCode(ada), safetyCode(ben)]);
		return a === b && a !== firstCode;
	});
	await write(ada, 'without Eve');
	await message(ben, 'without Eve').waitFor();
	await ben.reload();
	await inRoom(ben);
	await openPanel(ben, 'Chat');
	await message(ben, 'without Eve').waitFor();
	const carl = await e2e.person(browser, { light: true });
	await carl.goto(link);
	await joinAs(carl, 'Carl');
	await allow(ada, 'Carl');
	await inRoom(carl);
	await openPanel(carl, 'Chat');
	await write(ada, 'welcome Carl');
	await message(carl, 'welcome Carl').waitFor();
	assert.equal(await safetyCode(carl), await safetyCode(ada));
	await carl.context().close();
});

test('no text and no key was in any frame, request or log', () => {
	const key = new URLSearchParams(new URL(link).hash.slice(1)).get('k');
	assert.ok(key.length === 43 && frames.length > 50);
	for (const secret of [key, 'quick 0', 'psst', 'Hello **Ben**', 'without Eve']) {
		assert.ok(!frames.some((f) => f.includes(secret)), `a frame has ${secret}`);
		assert.ok(!server.log().includes(secret), `the log has ${secret}`);
	}
});

test('nothing complained', () => {
	assert.deepEqual([...ada.complaints, ...ben.complaints], []);
});
