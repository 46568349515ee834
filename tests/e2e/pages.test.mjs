// Every page, in both themes on a desk, in one on a phone: axe finds nothing,
// nothing is wider than the screen, and build/shots/ has a picture to be looked at.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import * as e2e from './lib.mjs';
import { allow, button, inRoom, joinAs, meetingLink, menu, newMeeting, openPanel, sees, takeSeat, tile } from './people.mjs';

const { AxeBuilder } = e2e.require('@axe-core/playwright');
const SIZES = { desk: { viewport: e2e.DESK }, phone: { viewport: e2e.PHONE, hasTouch: true, isMobile: true } };
let server, browser;

before(async () => {
	server = await e2e.startServer();
	browser = await e2e.launchChromium();
});
after(async () => {
	await browser?.close();
	await server?.stop();
});

async function theme(page, name) {
	await page.evaluate((t) => document.documentElement.setAttribute('data-theme', t), name);
}

/** Looks at a page with axe and a ruler, and takes its picture. */
async function look(page, name, size) {
	for (const colours of size === 'desk' ? ['dark', 'light'] : ['dark']) {
		await theme(page, colours);
		await e2e.sleep(250);
		await e2e.shot(page, `${name}-${size}-${colours}`);
		const { violations } = await new AxeBuilder({ page })
			.withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
			.analyze();
		const found = violations.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.target} ${n.failureSummary}`).join(' | ')}`);
		assert.deepEqual(found, [], `${name} ${size} ${colours}`);
		const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
		assert.ok(overflow <= 0, `${name} ${size} is ${overflow} px too wide`);
	}
	await theme(page, 'dark');
}

test('the first page weighs under 130 KB and asks nobody else', async () => {
	const page = await e2e.person(browser, { light: true });
	const sizes = [];
	const hosts = new Set();
	page.on('requestfinished', (r) => {
		hosts.add(new URL(r.url()).host);
		sizes.push(r.sizes().then((s) => s.responseBodySize));
	});
	await page.goto(server.url, { waitUntil: 'networkidle' });
	const total = (await Promise.all(sizes)).reduce((a, b) => a + b, 0);
	console.log(`# first load: ${total} bytes`);
	assert.ok(total > 20_000 && total < 130_000, `${total} bytes`);
	assert.deepEqual([...hosts], [new URL(server.url).host]);
	await page.context().close();
});

for (const [size, options] of Object.entries(SIZES)) {
	test(`home, lobby, waiting and end screens (${size})`, async () => {
		const host = await e2e.person(browser, { light: true });
		const page = await e2e.person(browser, { light: true, ...options });
		await page.goto(server.url);
		await page.getByRole('heading', { name: 'Meet without the fuss.' }).waitFor();
		await page.getByLabel('Code or link').fill('two words');
		await button(page, 'Join').click();
		await page.getByRole('alert').waitFor();
		await look(page, 'home', size);

		await newMeeting(host, server);
		await joinAs(host, 'Ada Lovelace');
		await inRoom(host);
		const link = await meetingLink(host);
		await page.goto(link);
		await button(page, 'Turn camera off').waitFor();
		await page.getByText('Devices').click();
		await look(page, 'lobby', size);
		await button(page, 'Join now').click();
		await page.getByText('Please enter your name.').waitFor();
		await joinAs(page, 'Grace Hopper');
		await page.getByRole('heading', { name: 'You have knocked' }).waitFor();
		await look(page, 'waiting', size);
		await button(host, 'Deny Grace Hopper').click();
		await page.getByRole('heading', { name: 'The host did not let you in' }).waitFor();
		await look(page, 'denied', size);
		await button(page, 'Back to start').click();
		await page.getByText('Recent meetings').waitFor();
		await look(page, 'home-recent', size);
		assert.deepEqual([...page.complaints, ...host.complaints], []);
		await page.context().close();
		await host.context().close();
	});

	test(`the room with its panels (${size})`, async () => {
		const page = await e2e.person(browser, { light: true, ...options });
		await newMeeting(page, server);
		await joinAs(page, 'Ada Lovelace');
		await inRoom(page);
		await look(page, 'room-alone', size);
		const link = await meetingLink(page);
		await look(page, 'invite', size);
		await page.getByRole('complementary').getByRole('button', { name: 'Close' }).click();

		const grace = await e2e.person(browser, { light: true });
		await grace.goto(link);
		await joinAs(grace, 'Grace Hopper');
		await button(page, 'Allow Grace Hopper').waitFor();
		await look(page, 'room-knock', size);
		await allow(page, 'Grace Hopper');
		await inRoom(grace);
		await sees(page, 'Grace Hopper');
		await look(page, 'room', size);
		await button(grace, 'Raise hand').click();
		await button(grace, 'Turn camera off').click();
		await button(grace, 'Mute').click();
		await tile(page, 'Grace Hopper').getByRole('img', { name: 'Hand raised' }).waitFor();
		await openPanel(page, 'People');
		await look(page, 'people', size);
		await openPanel(page, 'Chat');
		await openPanel(grace, 'Chat');
		for (const [who, text] of [
			[page, 'Hello Grace, the **agenda** is at https://example.org'],
			[grace, 'Thank you, reading it now'],
			[page, 'Take your time']
		]) {
			await who.getByRole('textbox', { name: 'Message', exact: true }).fill(text);
			await button(who, 'Send').click();
		}
		await page.getByText('Thank you, reading it now').waitFor();
		await look(page, 'chat', size);
		for (const item of ['Settings', 'Statistics']) {
			await menu(page, 'More', item);
			await page.getByRole('complementary', { name: item }).waitFor();
			await e2e.sleep(item === 'Statistics' ? 4000 : 300);
			await look(page, item.toLowerCase(), size);
		}
		await page.getByRole('complementary').getByRole('button', { name: 'Close' }).click();
		await menu(page, 'More', 'Speaker');
		await look(page, 'room-speaker', size);
		await menu(page, 'More', 'Grid');
		await button(page, 'More').click();
		await look(page, 'more', size);
		await page.keyboard.press('Escape');
		await menu(page, 'More', 'Keyboard shortcuts');
		await look(page, 'shortcuts', size);
		await page.keyboard.press('Escape');
		await button(page, 'Leave').click();
		await look(page, 'leave', size);
		await button(page, 'Leave the meeting').click();
		await page.getByRole('heading', { name: 'You left the meeting' }).waitFor();
		assert.deepEqual([...page.complaints, ...grace.complaints], []);
		await page.context().close();
		await grace.context().close();
	});
}

test('a host comes back to an old meeting with its role and the key of its chat', async () => {
	const page = await e2e.person(browser, { light: true });
	await newMeeting(page, server);
	await joinAs(page, 'Ada');
	await inRoom(page);
	const link = await meetingLink(page);
	await button(page, 'Leave').click();
	await button(page, 'Leave the meeting').click();
	const again = await page.context().newPage();
	await again.goto(server.url);
	await again.getByRole('button', { name: new RegExp(new URL(link).pathname.split('/').pop()) }).first().click();
	await joinAs(again, 'Ada');
	await inRoom(again);
	assert.equal(await meetingLink(again), link);
	await openPanel(again, 'People');
	await again.getByRole('complementary').getByText('Host', { exact: true }).waitFor();
	await page.context().close();
});

test('many people on a phone: pages, turned by a swipe', async () => {
	const page = await e2e.person(browser, { light: true, ...SIZES.phone });
	await newMeeting(page, server);
	await joinAs(page, 'Ada');
	await inRoom(page);
	const link = await meetingLink(page);
	await page.getByRole('complementary').getByRole('button', { name: 'Close' }).click();
	await openPanel(page, 'People');
	await page.getByLabel('Who may come in').selectOption('open');
	await page.getByRole('complementary').getByRole('button', { name: 'Close' }).click();
	const crowd = [];
	for (let i = 0; i < 12; i += 1) crowd.push(await takeSeat(link, `Guest ${i}`));
	await page.getByText('1 / 2').waitFor();
	await look(page, 'room-many', 'phone');
	await tile(page, 'Ada (you)').waitFor();
	await page.getByRole('region', { name: 'People in the meeting' }).evaluate((stage) => {
		const send = (type, clientX) =>
			stage.dispatchEvent(new PointerEvent(type, { pointerType: 'touch', clientX, clientY: 300, bubbles: true }));
		send('pointerdown', 300);
		send('pointerup', 80);
	});
	await page.getByText('2 / 2').waitFor();
	await tile(page, 'Ada (you)').waitFor({ state: 'hidden' });
	await button(page, 'Previous page').click();
	await tile(page, 'Ada (you)').waitFor();
	await page.setViewportSize({ width: 320, height: 640 });
	await e2e.sleep(500);
	await look(page, 'room-many', 'narrow');
	for (const leave of crowd) leave();
	await page.context().close();
});
