// Roles, moderation, knocks, invitations: what hosts do and guests feel.
import { test, before, after, afterEach } from 'node:test';
import assert from 'node:assert/strict';
import * as e2e from './lib.mjs';
import { allow, button, inRoom, joinAs, meetingOfTwo, menu, openPanel, putOut, sees, tile } from './people.mjs';

let server, browser, ada, ben, link;

before(async () => {
	server = await e2e.startServer();
	browser = await e2e.launchChromium();
	ada = await e2e.person(browser, { light: true });
	ben = await e2e.person(browser, { light: true, viewport: e2e.PHONE, hasTouch: true });
	link = await meetingOfTwo(server, ada, ben);
	await Promise.all([sees(ada, 'Ben'), sees(ben, 'Ada')]);
});
after(async () => {
	await browser?.close();
	await server?.stop();
});
afterEach(async () => {
	for (const page of [ada, ben]) await page.keyboard.press('Escape');
});

const onBen = (item) => menu(ada, 'More for Ben', item);
const benTile = () => tile(ada, 'Ben');
const has = (page, name) => page.getByRole('img', { name, exact: true });

test('a raised hand is seen, queued, and lowered by the host', async () => {
	await button(ben, 'Raise hand').click();
	await benTile().getByRole('img', { name: 'Hand raised' }).waitFor();
	await openPanel(ada, 'People');
	await button(ada, 'Lower all hands').click();
	await benTile().getByRole('img', { name: 'Hand raised' }).waitFor({ state: 'detached' });
	await button(ben, 'Raise hand').waitFor();
});

test('a reaction floats over the tile and is announced', async () => {
	await menu(ada, 'Reactions', 'React with 🎉');
	await ben.getByTestId('announcements').filter({ hasText: 'Ada reacted with 🎉' }).waitFor();
});

test('the host mutes a guest, who is told and may unmute', async () => {
	await onBen('Mute');
	await benTile().getByRole('img', { name: 'Muted' }).waitFor();
	await ben.getByText('The host muted you.').waitFor();
	await button(ben, 'Unmute').click();
	await benTile().getByRole('img', { name: 'Muted' }).waitFor({ state: 'detached' });
});

test('mute everyone, then ask one to unmute', async () => {
	await openPanel(ada, 'People');
	await button(ada, 'Mute everyone').click();
	await button(ben, 'Unmute').first().waitFor();
	await onBen('Ask to unmute');
	await ben.getByText('The host asks you to unmute.').waitFor();
	await ben.getByRole('log').getByRole('button', { name: 'Unmute' }).click();
	await button(ben, 'Mute').waitFor();
});

test('the host stops a guest’s video; the guest turns it on again', async () => {
	await onBen('Stop video');
	await e2e.until('no picture', async () => (await benTile().getAttribute('data-showing')) === 'false');
	await button(ben, 'Turn camera on').click();
	await sees(ada, 'Ben');
});

test('where unmuting is forbidden a muted guest stays muted', async () => {
	await openPanel(ada, 'People');
	const rule = ada.getByRole('switch', { name: 'Guests may unmute themselves' });
	await rule.click();
	await onBen('Mute');
	await button(ben, 'Unmute').click();
	await ben.getByText('The host does not allow you to unmute yourself.').first().waitFor();
	await rule.click();
	await e2e.until('allowed again', async () => (await rule.getAttribute('aria-checked')) === 'true');
	await e2e.sleep(300);
	await button(ben, 'Unmute').click();
	await button(ben, 'Mute').waitFor();
});

test('a new name is seen by the others', async () => {
	await menu(ben, 'More', 'Settings');
	await ben.getByRole('complementary').getByLabel('Your name').fill('Benjamin');
	await button(ben, 'Save').click();
	await tile(ada, 'Benjamin').waitFor();
	await ben.getByRole('complementary').getByLabel('Your name').fill('Ben');
	await button(ben, 'Save').click();
	await benTile().waitFor();
	await ben.getByRole('complementary').getByRole('button', { name: 'Close' }).click();
});

test('a spotlight is large on every screen', async () => {
	await onBen('Spotlight for everyone');
	await benTile().getByRole('img', { name: 'In the spotlight' }).waitFor();
	await ben.getByRole('article', { name: 'Ben (you)' }).getByRole('img', { name: 'In the spotlight' }).waitFor();
	await onBen('End spotlight');
	await has(ben, 'In the spotlight').waitFor({ state: 'detached' });
});

test('a guest is made co-host, may admit, and is made guest again', async () => {
	await onBen('Make co-host');
	await openPanel(ben, 'People');
	await ben.getByRole('complementary').getByText('Co-host', { exact: true }).waitFor();
	await button(ben, 'Mute everyone').waitFor();
	await openPanel(ben, 'Chat');
	const kim = await e2e.person(browser, { light: true });
	await kim.goto(link);
	await joinAs(kim, 'Kim');
	await ben.getByRole('log').filter({ hasText: 'Kim wants to come in' }).getByRole('button', { name: 'View' }).click({ trial: true });
	await allow(ben, 'Kim');
	await inRoom(kim);
	await ben.getByRole('log').filter({ hasText: 'Kim wants to come in' }).waitFor({ state: 'detached' });
	await kim.context().close();
	await openPanel(ben, 'People');
	await onBen('Make guest');
	await button(ben, 'Mute everyone').waitFor({ state: 'detached' });
	await ben.getByRole('complementary').getByRole('button', { name: 'Close' }).click();
});

test('a knock is denied, with the words of the end screen', async () => {
	const carl = await e2e.person(browser, { light: true });
	await carl.goto(link);
	await carl.getByLabel('A word to the host').fill('It is me');
	await joinAs(carl, 'Carl');
	await ada.getByText('It is me').waitFor();
	await button(carl, 'Stop waiting').click();
	await button(ada, 'Deny Carl').waitFor({ state: 'detached' });
	await button(carl, 'Join again').click();
	await joinAs(carl, 'Carl');
	await button(ada, 'Deny Carl').click();
	await carl.getByRole('heading', { name: 'The host did not let you in' }).waitFor();
	assert.deepEqual(carl.complaints, []);
	await carl.context().close();
});

/** It asks first: one key too many takes nobody out. */
async function removeByKeys(cara) {
	const more = button(ada, 'More for Cara');
	const question = ada.getByRole('dialog', { name: 'Remove Cara?' });
	const ask = async () => {
		await more.focus();
		for (const key of ['Enter', 'End', 'ArrowUp', 'Enter']) await ada.keyboard.press(key);
		await question.waitFor();
	};
	await ask();
	await ada.keyboard.press('Escape');
	await question.waitFor({ state: 'detached' });
	assert.ok(await more.evaluate((el) => el === document.activeElement), 'the keyboard is back where it was');
	await sees(cara, 'Ada');
	await ask();
	await question.getByRole('button', { name: 'Cancel' }).click();
	await ask();
	await ada.keyboard.press('Tab');
	assert.ok(await question.getByRole('button', { name: 'Remove' }).evaluate((el) => el === document.activeElement));
	await ada.keyboard.press('Enter');
}

test('a knock survives a reload of the guest', async () => {
	const carl = await e2e.person(browser, { light: true });
	await carl.goto(link);
	await joinAs(carl, 'Cara');
	await button(ada, 'Allow Cara').waitFor();
	await carl.reload();
	await carl.getByRole('heading', { name: 'You have knocked' }).waitFor();
	await allow(ada, 'Cara');
	await inRoom(carl);
	await sees(carl, 'Ada');
	await menu(ada, 'More for Cara', 'Send to waiting room');
	await carl.getByRole('heading', { name: 'You have knocked' }).waitFor();
	await tile(ada, 'Cara').waitFor({ state: 'detached' });
	await allow(ada, 'Cara');
	await inRoom(carl);
	await sees(carl, 'Ada');
	await removeByKeys(carl);
	await carl.getByRole('heading', { name: 'You were removed from the meeting' }).waitFor();
	await carl.context().close();
});

test('an invitation lets one in without a knock, once, after a click', async () => {
	await menu(ada, 'More', 'Invite people');
	await ada.getByLabel('For whom (optional)').fill('Dora');
	await button(ada, 'Create invitation').click();
	const invitation = await ada.getByLabel('Invitation', { exact: true }).inputValue();
	assert.match(invitation, /#.*i=/);
	const dora = await e2e.person(browser, { light: true });
	const asked = [];
	dora.on('request', (r) => asked.push(r.url()));
	await dora.goto(invitation);
	assert.ok(!dora.url().includes('#'), 'the address bar lost the secrets');
	await dora.getByRole('button', { name: 'Use the invitation and join' }).waitFor();
	await ada.getByText('0 of 1 used').waitFor();
	await joinAs(dora, 'Dora');
	await inRoom(dora);
	await sees(dora, 'Ada');
	const token = new URLSearchParams(new URL(invitation).hash.slice(1)).get('i');
	assert.ok(asked.every((url) => !url.includes(token)), 'no request names the token');
	const eve = await e2e.person(browser, { light: true });
	await eve.goto(invitation);
	await joinAs(eve, 'Eve');
	await eve.getByRole('heading', { name: 'The invitation is no longer valid' }).waitFor();
	await eve.context().close();
	await dora.context().close();
});

test('an invitation for two, a week, and a role', async () => {
	await openPanel(ada, 'People');
	await menu(ada, 'More', 'Invite people');
	await ada.getByLabel('Valid for').selectOption({ label: '7 days' });
	await ada.getByLabel('Number of uses').fill('2');
	await ada.getByLabel('Comes in as').selectOption('cohost');
	await button(ada, 'Create invitation').click();
	await ada.getByText('0 of 2 used').waitFor();
	await button(ada, 'Copy').click();
	const invitation = await ada.evaluate(() => navigator.clipboard.readText());
	await ada.getByRole('img', { name: 'QR code of the meeting link' }).waitFor();
	const finn = await e2e.person(browser, { light: true });
	await finn.goto(invitation);
	await joinAs(finn, 'Finn');
	await inRoom(finn);
	await openPanel(finn, 'People');
	await button(finn, 'Mute everyone').waitFor();
	await openPanel(ada, 'People');
	await menu(ada, 'More', 'Invite people');
	await ada.getByText('1 of 2 used').waitFor();
	await finn.context().close();
});

test('what guests may not do they are not offered', async () => {
	await openPanel(ada, 'People');
	const rules = ['Guests may share their screen', 'Guests may chat', 'Guests may react'];
	for (const name of rules) await ada.getByRole('switch', { name }).click();
	await openPanel(ben, 'Chat');
	await ben.getByPlaceholder('The host has switched chat off for guests.').waitFor();
	await button(ben, 'More').click();
	await ben.getByRole('menuitem', { name: 'Settings' }).waitFor();
	for (const name of ['Share screen', 'React with 👍']) assert.equal(await ben.getByRole('menuitem', { name }).count(), 0);
	await ben.keyboard.press('Escape');
	for (const name of rules) await ada.getByRole('switch', { name }).click();
	await ben.getByPlaceholder('Write a message').waitFor();
	await ben.getByRole('complementary').getByRole('button', { name: 'Close' }).click();
});

test('many who wait are let in at once; a word to one goes to one', async () => {
	const two = await Promise.all(['Gil', 'Hal'].map(async (name) => {
		const page = await e2e.person(browser, { light: true });
		await page.goto(link);
		await joinAs(page, name);
		await page.getByRole('heading', { name: 'You have knocked' }).waitFor();
		return page;
	}));
	await openPanel(ada, 'People');
	await button(ada, 'Allow all').click();
	await Promise.all(two.map(inRoom));
	await menu(ada, 'More for Gil', 'Direct message');
	const to = ada.getByRole('combobox', { name: 'To', exact: true });
	assert.equal(await to.locator('option:checked').innerText(), 'Only to Gil');
	await to.selectOption('');
	for (const page of two) await page.context().close();
});

test('an invitation can be taken back', async () => {
	await openPanel(ada, 'People');
	await menu(ada, 'More', 'Invite people');
	await ada.getByLabel('For whom (optional)').fill('Nobody');
	await button(ada, 'Create invitation').click();
	await button(ada, 'Revoke Nobody').click();
	await button(ada, 'Revoke Nobody').waitFor({ state: 'detached' });
	await ada.getByRole('complementary').getByRole('button', { name: 'Close' }).click();
});

test('a locked meeting lets nobody knock', async () => {
	await openPanel(ada, 'People');
	await ada.getByLabel('Who may come in').selectOption('locked');
	const fay = await e2e.person(browser, { light: true });
	await fay.goto(link);
	await joinAs(fay, 'Fay');
	await fay.getByRole('heading', { name: 'The meeting is locked' }).waitFor();
	await ada.getByLabel('Who may come in').selectOption('waiting');
	await fay.context().close();
});

test('who is banned has no second chance', async () => {
	const gus = await e2e.person(browser, { light: true });
	await gus.goto(link);
	await joinAs(gus, 'Gus');
	await allow(ada, 'Gus');
	await inRoom(gus);
	await putOut(ada, 'Gus', 'Remove and ban');
	await gus.getByRole('heading', { name: /^You (were removed|may not enter)/ }).waitFor();
	await gus.goto(link);
	await joinAs(gus, 'Another name');
	await gus.getByRole('heading', { name: 'You may not enter this meeting' }).waitFor();
	await gus.context().close();
	await openPanel(ada, 'People');
	await ada.getByText('What hosts did').click();
	await ada.getByText('Ada removed and banned Gus').waitFor();
	assert.equal(await ben.getByText('What hosts did').count(), 0, 'guests have no such list');
});

test('the host’s role is handed on, and the room ends for all', async () => {
	await onBen('Make host');
	await ben.getByText('You are the host now.').waitFor();
	await button(ben, 'Leave').click();
	await button(ben, 'End for everyone').click();
	for (const page of [ada, ben]) await page.getByRole('heading', { name: 'The meeting has ended' }).waitFor();
});

test('nothing complained', () => {
	assert.deepEqual([...ada.complaints, ...ben.complaints], []);
});
