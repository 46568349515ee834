// Every page, in both themes: axe finds nothing, nothing is wider than the
// screen, and build/shots/ has a picture to be looked at.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import * as e2e from './lib.mjs';
import { allow, button, inRoom, joinAs, meetingLink, menu, newMeeting, openPanel, putOut, sees, takeSeat, tile } from './people.mjs';

const axe = readFileSync(e2e.require.resolve('axe-core'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const SIZES = { desk: { viewport: e2e.DESK }, phone: { viewport: e2e.PHONE, hasTouch: true, isMobile: true } };
const SEATS = 16;
/** Pages whose server has gone, by size: they try for a minute, while the others are looked at. */
const left = [];
let server, browser;

before(async () => {
	browser = await e2e.launchChromium();
	const gone = await e2e.startServer({}, 4444);
	try {
		for (const [i, size] of Object.keys(SIZES).entries()) {
			const page = await e2e.person(browser, { looks: i, ...SIZES[size] });
			await newMeeting(page, gone);
			await joinAs(page, 'Ada');
			await inRoom(page);
			left.push([size, page]);
		}
	} finally {
		await gone.stop();
	}
	server = await e2e.startServer({ CHATTR_ROOMS_SEATS: String(SEATS) });
});
after(async () => {
	await browser?.close();
	await server?.stop();
});

const closePanel = (page) => page.getByRole('complementary').getByRole('button', { name: 'Close' }).click();
/** What was said at the edge of the screen is not in the picture of the next page. */
const dismiss = async (page) => {
	for (const each of await page.getByRole('button', { name: 'Dismiss' }).all()) await each.click().catch(() => undefined);
};

async function theme(page, name) {
	await page.evaluate((t) => document.documentElement.setAttribute('data-theme', t), name);
}

/** Looks at a page with axe and a ruler, and takes its picture. */
async function look(page, name, size, { settleMs = 250 } = {}) {
	for (const colours of ['dark', 'light']) {
		await theme(page, colours);
		await e2e.sleep(settleMs);
		await e2e.shot(page, `${name}-${size}-${colours}`);
		if (!(await page.evaluate(() => !!window.axe))) await page.evaluate(axe);
		const violations = await page.evaluate((values) => window.axe.run({ runOnly: { type: 'tag', values } }).then((r) => r.violations), RULES);
		const found = violations.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.target} ${n.failureSummary}`).join(' | ')}`);
		assert.deepEqual(found, [], `${name} ${size} ${colours}`);
		/* not innerWidth: a page that is too wide widens that, too, on a phone */
		const width = await page.evaluate(() => document.documentElement.scrollWidth);
		assert.ok(width <= page.viewportSize().width, `${name} ${size} is ${width} px wide`);
		const cut = await page.evaluate(() => [...document.querySelectorAll('.panel .scroll')].filter((e) => e.scrollWidth > e.clientWidth).length);
		assert.equal(cut, 0, `${name} ${size}: a panel is wider than its frame`);
	}
	await theme(page, 'dark');
}

test('a server that went away is told', async () => {
	for (const [size, page] of left) {
		await page.getByText(/connection to the server is interrupted|The server restarts/).waitFor();
		await look(page, 'reconnecting', size);
	}
});

test('a page whose script does not come says so, and loads again with its key', async () => {
	const page = await e2e.person(browser, { light: true });
	await page.route('**/assets/*.js', (route) => route.abort());
	await page.goto(`${server.url}/#k=key-of-the-chat`);
	const again = page.getByRole('link', { name: 'Load it again' });
	await again.waitFor();
	await e2e.shot(page, 'fallback');
	assert.deepEqual(page.complaints.filter((c) => !/ERR_FAILED/.test(c)), []);
	await page.unroute('**/assets/*.js');
	await again.click();
	await page.getByRole('heading', { name: 'Meet without the fuss.' }).waitFor();
	assert.match(page.url(), /#k=key-of-the-chat$/);
	assert.equal(await again.count(), 0);
	await page.context().close();
});

test('the first page weighs under 130 KB and asks nobody else', async () => {
	const page = await e2e.person(browser, { light: true });
	const sizes = [];
	const hosts = new Set();
	page.on('requestfinished', (r) => {
		hosts.add(new URL(r.url()).host);
		sizes.push(r.sizes().then((s) => s.responseBodySize));
	});
	const answer = await page.goto(server.url, { waitUntil: 'networkidle' });
	const policy = answer.headers()['content-security-policy'];
	assert.match(policy, /script-src 'self' 'wasm-unsafe-eval';/);
	assert.doesNotMatch(policy, /unsafe-inline|'unsafe-eval'|\*/);
	const total = (await Promise.all(sizes)).reduce((a, b) => a + b, 0);
	console.log(`# first load: ${total} bytes`);
	assert.ok(total > 20_000 && total < 130_000, `${total} bytes`);
	assert.deepEqual([...hosts], [new URL(server.url).host]);
	await page.context().close();
});

for (const [size, options] of Object.entries(SIZES)) {
	test(`home, lobby, waiting and being turned away (${size})`, async () => {
		const host = await e2e.person(browser, { light: true });
		const page = await e2e.person(browser, { looks: 0, ...options });
		await page.goto(server.url);
		await page.getByRole('heading', { name: 'Meet without the fuss.' }).waitFor();
		await look(page, 'home', size);
		await page.getByLabel('Code or link').fill('two words');
		await button(page, 'Join').click();
		await page.getByRole('alert').waitFor();
		await look(page, 'home-error', size);

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
		await page.getByRole('textbox', { name: 'Message to the host' }).fill('It is me');
		await button(page, 'Send').click();
		await page.getByText('Sent to the host.').waitFor();
		await host.getByText('It is me').waitFor();
		await look(page, 'waiting', size);
		await button(host, 'Deny Grace Hopper').click();
		await page.getByRole('heading', { name: 'The host did not let you in' }).waitFor();
		await look(page, 'denied', size);
		await button(page, 'Back to start').click();
		await page.getByText('Recent meetings').waitFor();
		await look(page, 'home-recent', size);
		await page.setViewportSize({ width: 320, height: 640 });
		await look(page, 'home-recent', `${size}-narrow`);
		await button(page, new RegExp('^Forget')).click();
		await page.getByText('Recent meetings').waitFor({ state: 'detached' });
		assert.deepEqual([...page.complaints, ...host.complaints], []);
		await page.context().close();
		await host.context().close();
	});

	test(`the room with its panels (${size})`, async () => {
		const page = await e2e.person(browser, { looks: 0, ...options });
		await newMeeting(page, server);
		await joinAs(page, 'Ada Lovelace');
		await inRoom(page);
		await look(page, 'room-alone', size);
		const link = await meetingLink(page);
		await look(page, 'invite-copied', size);
		await dismiss(page);
		await look(page, 'invite', size);
		await closePanel(page);

		const grace = await e2e.person(browser, { looks: 1 });
		await grace.goto(link);
		await joinAs(grace, 'Grace Hopper');
		await button(page, 'Allow Grace Hopper').waitFor();
		await look(page, 'room-knock', size);
		await openPanel(page, 'People');
		await button(page, 'Deny Grace Hopper with a reason').click();
		await look(page, 'people-knock', size);
		await closePanel(page);
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
		const thanks = page.getByRole('article').filter({ hasText: 'Thank you, reading it now' });
		await thanks.getByRole('button', { name: /^Actions/ }).click();
		await look(page, 'chat-actions', size);
		await page.getByRole('menuitem', { name: 'React 👍' }).click();
		await thanks.getByRole('button', { name: /👍/ }).waitFor();
		await look(page, 'chat', size);
		await button(grace, 'Turn camera on').click();
		for (const item of ['Settings', 'Statistics']) {
			await menu(page, 'More', item);
			await page.getByRole('complementary', { name: item }).waitFor();
			if (item === 'Statistics') await e2e.sleep(6000);
			await look(page, item.toLowerCase(), size, { settleMs: item === 'Statistics' ? 1200 : 250 });
		}
		await page.getByRole('group', { name: 'Statistics' }).evaluate((el) => el.scrollTo(0, el.scrollHeight));
		await look(page, 'statistics-end', size, { settleMs: 1200 });
		await closePanel(page);
		await menu(page, 'More', 'Speaker');
		await look(page, 'room-speaker', size);
		await menu(page, 'More', 'Sidebar');
		await look(page, 'room-sidebar', size);
		await menu(page, 'More', 'Grid');
		await button(grace, 'Share screen').click();
		await tile(page, 'Grace Hopper’s screen', 'screen').waitFor();
		await e2e.sleep(1500);
		await look(page, 'room-screen', size);
		await button(grace, 'Stop sharing').click();
		await button(page, 'More').click();
		await look(page, 'more', size);
		await page.keyboard.press('Escape');
		await button(page, 'More for Grace Hopper').click();
		await look(page, 'person', size);
		await page.keyboard.press('Escape');
		await menu(page, 'More', 'Keyboard shortcuts');
		await look(page, 'shortcuts', size);
		await page.keyboard.press('Escape');
		if (size === 'phone') {
			await page.setViewportSize({ width: 320, height: 640 });
			await look(page, 'room', 'narrow');
			for (const panel of ['People', 'Chat']) {
				await openPanel(page, panel);
				await look(page, panel.toLowerCase(), 'narrow');
			}
			for (const panel of ['Settings', 'Statistics', 'Invite people']) {
				await menu(page, 'More', panel);
				await page.getByRole('complementary', { name: panel }).waitFor();
				await look(page, panel.toLowerCase().split(' ')[0], 'narrow');
			}
			await closePanel(page);
		}
		await button(page, 'Leave').click();
		await look(page, 'leave', size);
		await button(page, 'Leave the meeting').click();
		await page.getByRole('heading', { name: 'You left the meeting' }).waitFor();
		await look(page, 'left', size);
		assert.deepEqual([...page.complaints, ...grace.complaints], []);
		await page.context().close();
		await grace.context().close();
	});

	test(`every other end has its words and a way out (${size})`, async () => {
		const ada = await e2e.person(browser, { light: true });
		const page = await e2e.person(browser, { looks: 2, ...options });
		await newMeeting(ada, server);
		await joinAs(ada, 'Ada');
		await inRoom(ada);
		const link = await meetingLink(ada);
		const ends = async (heading, name) => {
			await page.getByRole('heading', { name: heading }).waitFor();
			await look(page, name, size);
			assert.ok((await page.getByRole('main').getByRole('button').count()) > 0, 'a way out');
		};
		await openPanel(ada, 'People');
		await ada.getByLabel('Who may come in').selectOption('locked');
		await page.goto(link);
		await joinAs(page, 'Mia');
		await ends('The meeting is locked', 'end-locked');
		await ada.getByLabel('Who may come in').selectOption('waiting');
		await button(page, 'Join again').click();
		await page.goto(`${link}&i=${'x'.repeat(22)}`);
		await joinAs(page, 'Mia');
		await ends('The invitation is no longer valid', 'end-invite');
		await button(page, 'Join again').click();
		await joinAs(page, 'Mia');
		await openPanel(ada, 'People');
		await button(ada, 'Deny Mia with a reason').click();
		await ada.getByRole('textbox', { name: 'Reason' }).fill('Wrong meeting');
		await ada.keyboard.press('Enter');
		await page.getByText('“Wrong meeting”').waitFor();
		await look(page, 'end-reason', size);
		await page.context().close();

		const tab = await e2e.person(browser, { looks: 3, ...options });
		await tab.goto(link);
		await joinAs(tab, 'Noa');
		await allow(ada, 'Noa');
		await inRoom(tab);
		const second = await tab.context().newPage();
		await second.goto(link);
		await second.getByRole('heading', { name: 'Open in another tab' }).waitFor();
		await look(second, 'elsewhere', size);
		await second.close();
		await menu(ada, 'More for Noa', 'Remove and ban');
		await ada.getByRole('dialog', { name: 'Remove and ban Noa?' }).waitFor();
		await ada.setViewportSize(SIZES[size].viewport);
		await look(ada, 'remove', size);
		await ada.setViewportSize(e2e.DESK);
		await ada.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
		await putOut(ada, 'Noa');
		await tab.getByRole('heading', { name: 'You were removed' }).waitFor();
		await look(tab, 'end-kicked', size);
		await button(tab, 'Back to start').click();
		await tab.context().close();

		const guest = await e2e.person(browser, { looks: 1, ...options });
		await guest.goto(link.split('#')[0]);
		await joinAs(guest, 'Ole');
		await allow(ada, 'Ole');
		await inRoom(guest);
		await openPanel(guest, 'Chat');
		await guest.getByText('so you have no key to this chat').waitFor();
		await look(guest, 'chat-no-key', size);
		await button(ada, 'Leave').click();
		await button(ada, 'End for everyone').click();
		await guest.getByRole('heading', { name: 'The meeting has ended' }).waitFor();
		await look(guest, 'end-ended', size);
		await guest.context().close();
		await ada.context().close();

		const old = await e2e.person(browser, { ...options });
		await old.addInitScript(() => delete window.RTCPeerConnection);
		await old.goto(server.url);
		await old.getByRole('heading', { name: 'This browser cannot join meetings' }).waitFor();
		await look(old, 'unsupported', size);
		await old.context().close();
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

/** The server has other files from now on: what is missing is said once, and is done without. */
async function aNewVersion(page) {
	const next = '<!doctype html><script type="module" src="/assets/index-next.js"></script>';
	await page.route(`${server.url}/`, (route) => route.fulfill({ contentType: 'text/html', body: next }));
	await menu(page, 'More', 'Settings');
	const noise = page.getByRole('switch', { name: 'Suppress background noise' });
	await noise.click();
	await page.getByText('Noise suppression could not be started.').waitFor();
	assert.equal(await noise.getAttribute('aria-checked'), 'false');
	await page.getByText('The server has a new version.').waitFor();
	await page.getByLabel('Language').selectOption('de');
	await page.getByRole('switch', { name: 'Blur my background' }).click();
	await page.getByText('Background blur could not be started.').waitFor();
	await page.getByRole('complementary', { name: 'Settings' }).waitFor();
	assert.equal(await page.getByText('The server has a new version.').count(), 1);
	assert.deepEqual(page.complaints.filter((c) => c.startsWith('page error')), []);
}

test('a long name cuts nothing off, and panels open though the server has other files by now', async () => {
	const LONG = 'Maximilian-Alexander von Habsburg-Lothringen zu Unterwaldenfels';
	const page = await e2e.person(browser, { light: true });
	await newMeeting(page, server);
	await joinAs(page, 'Ada');
	await inRoom(page);
	const loaded = page.waitForResponse(/ChatPanel-.*js/);
	loaded.catch(() => undefined);
	const link = await meetingLink(page);
	const long = await e2e.person(browser, { light: true });
	await long.goto(link);
	await joinAs(long, LONG);
	await allow(page, LONG);
	await inRoom(long);
	await openPanel(page, 'People');
	await look(page, 'people-long', 'desk');
	const right = (box) => box.x + box.width;
	const menuOf = page.getByRole('complementary').getByRole('button', { name: `More for ${LONG}` });
	const panel = page.getByRole('complementary', { name: 'People' });
	assert.ok(right(await menuOf.boundingBox()) <= right(await panel.boundingBox()), 'its menu can be reached');
	await loaded;
	await page.route(/\/assets\//, (route) => route.fulfill({ status: 404 }));
	await openPanel(page, 'Chat');
	await page.getByRole('textbox', { name: 'Message', exact: true }).waitFor();
	await aNewVersion(page);
	await sees(page, LONG);
	await page.unrouteAll({ behavior: 'ignoreErrors' });
	await button(page, 'Reload').click();
	await page.getByRole('toolbar', { name: 'Steuerung' }).waitFor();
	const late = await e2e.person(browser, { light: true });
	await newMeeting(late, server);
	await late.route(/ChatPanel/, (route) => route.fulfill({ status: 404 }));
	await joinAs(late, 'Lea');
	await inRoom(late);
	await openPanel(late, 'Chat');
	await late.getByRole('alert').filter({ hasText: 'Reload the page' }).waitFor();
	for (const each of [page, long, late]) await each.context().close();
});

test('many people: pages, turned by a swipe; and then it is full', async () => {
	const page = await e2e.person(browser, { looks: 0, ...SIZES.phone });
	await newMeeting(page, server);
	await joinAs(page, 'Ada');
	await inRoom(page);
	const link = await meetingLink(page);
	await dismiss(page);
	await openPanel(page, 'People');
	await page.getByLabel('Who may come in').selectOption('open');
	await closePanel(page);
	const wide = await e2e.person(browser, { looks: 1 });
	await wide.goto(link);
	await joinAs(wide, 'Grace Hopper');
	await inRoom(wide);
	const crowd = [];
	for (let i = 2; i < SEATS; i += 1) crowd.push(await takeSeat(link, `Guest ${i}`));
	await page.getByText('1 / 2').waitFor();
	await look(page, 'room-many', 'phone');
	await look(wide, 'room-many', 'desk');
	await menu(wide, 'More', 'Sidebar');
	await menu(wide, 'More for Guest 3', 'Pin');
	await look(wide, 'room-many-sidebar', 'desk');
	await tile(page, 'Ada (you)').waitFor();
	await page.getByRole('region', { name: 'People in the meeting' }).evaluate((stage) => {
		const send = (type, clientX) =>
			stage.dispatchEvent(new PointerEvent(type, { pointerType: 'touch', clientX, clientY: 300, bubbles: true }));
		send('pointerdown', 300);
		send('pointerup', 80);
	});
	await page.getByText('2 / 2').waitFor();
	await tile(page, 'Ada (you)').waitFor({ state: 'hidden' });
	for (const [turn, shown] of [['Previous page', '1 / 2'], ['Next page', '2 / 2'], ['Previous page', '1 / 2']]) {
		await button(page, turn).click();
		await page.getByText(shown).waitFor();
	}
	await tile(page, 'Ada (you)').waitFor();
	await page.setViewportSize({ width: 320, height: 640 });
	await e2e.sleep(500);
	await look(page, 'room-many', 'narrow');
	const late = await e2e.person(browser, { looks: 3 });
	await late.goto(link);
	await joinAs(late, 'Late');
	await late.getByRole('heading', { name: 'The meeting is full' }).waitFor();
	await look(late, 'end-full', 'desk');
	for (const leave of crowd) leave();
	for (const each of [page, wide, late]) await each.context().close();
});

/* The picture of the README is webclient/docs/room.png, taken from this one. */
test('a meeting of four, to be looked at', async () => {
	const NAMES = ['Ada Lovelace', 'Grace Hopper', 'Mary Shaw', 'Alan Turing'];
	const people = await Promise.all(NAMES.map((_, looks) => e2e.person(browser, { looks })));
	const [ada, grace] = people;
	await newMeeting(ada, server);
	await joinAs(ada, NAMES[0]);
	await inRoom(ada);
	const link = await meetingLink(ada);
	for (const [i, page] of people.entries()) {
		if (i === 0) continue;
		await page.goto(link);
		await joinAs(page, NAMES[i]);
		await allow(ada, NAMES[i]);
		await inRoom(page);
	}
	for (const name of NAMES.slice(1)) await sees(ada, name);
	await button(people[3], 'Raise hand').click();
	await button(people[2], 'Mute').click();
	for (const page of [ada, grace]) await openPanel(page, 'Chat');
	for (const [who, text] of [
		[ada, 'Good morning! The **agenda** is at https://example.org/agenda'],
		[grace, 'Thank you, reading it now'],
		[ada, 'Take your time, we begin at ten']
	]) {
		await who.getByRole('textbox', { name: 'Message', exact: true }).fill(text);
		await button(who, 'Send').click();
		await ada.getByRole('log', { name: 'Chat' }).getByText(text.slice(-12)).waitFor();
	}
	await e2e.sleep(4000);
	await dismiss(ada);
	await ada.mouse.move(640, 799);
	await look(ada, 'meeting', 'desk');
	for (const page of people) await page.context().close();
});

test('the server gone for good ends in a choice', async () => {
	for (const [size, page] of left) {
		await page.getByRole('heading', { name: 'The server cannot be reached' }).waitFor({ timeout: 90000 });
		await look(page, 'away', size);
		await button(page, 'Try again').click();
		await page.getByText(/connection to the server is interrupted|The server restarts|Connecting/).first().waitFor();
		await button(page, 'Leave').click();
		await button(page, 'Leave the meeting').click();
		await page.getByRole('heading', { name: 'You left the meeting' }).waitFor();
	}
});
