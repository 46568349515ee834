// What people do, by the names that assistive technology hears.
import { until } from './lib.mjs';

export const button = (page, name) => page.getByRole('button', { name, exact: typeof name === 'string' }).first();
export const tile = (page, name, source = 'webcam') =>
	page.locator(`article[data-source="${source}"][aria-label="${name}"]`);

/** From the home page to the lobby of a new meeting; returns its link. */
export async function newMeeting(page, server) {
	await page.goto(server.url);
	await button(page, 'New meeting').click();
	await page.getByLabel('Your name').waitFor();
	return page.url();
}

/** From a lobby through the door. */
export async function joinAs(page, name) {
	await page.getByLabel('Your name').fill(name);
	await page.getByRole('button', { name: /^(Join now|Use the invitation and join)$/ }).click();
}

export const inRoom = (page) => page.getByRole('toolbar', { name: 'Meeting controls' }).waitFor();

/** The link that the host copies, with the key of the chat in it. */
export async function meetingLink(page) {
	await button(page, 'Invite people').click();
	await button(page, 'Copy link').click();
	return until('a link on the clipboard', () => page.evaluate(() => navigator.clipboard.readText()));
}

export async function allow(host, name) {
	await button(host, `Allow ${name}`).click();
}

/**
 * A meeting of a host and a guest who knocked and was let in. Both have
 * passed their lobbies; media may still be starting.
 */
export async function meetingOfTwo(server, host, guest) {
	await newMeeting(host, server);
	await joinAs(host, 'Ada');
	await inRoom(host);
	const link = await meetingLink(host);
	await guest.goto(link);
	await joinAs(guest, 'Ben');
	await guest.getByRole('heading', { name: 'You have knocked' }).waitFor();
	await allow(host, 'Ben');
	await inRoom(guest);
	return link;
}

/** Video of `name` is on `page` and moves. */
export async function sees(page, name, ms = 40000) {
	const video = tile(page, name).locator('video');
	await until(
		`${name}'s picture moves`,
		async () => {
			const [a, b] = await video.evaluate(async (v) => {
				const frames = () => v.getVideoPlaybackQuality().totalVideoFrames;
				const first = frames();
				await new Promise((r) => setTimeout(r, 400));
				return [first, v.videoWidth > 0 ? frames() : first];
			});
			return b > a;
		},
		ms
	);
}

/** Chooses an action of a menu. */
export async function menu(page, label, item) {
	await button(page, label).click();
	await page.getByRole('menuitem', { name: item, exact: true }).or(
		page.getByRole('menuitemcheckbox', { name: item, exact: true })
	).click();
}

/** Puts somebody out, and means it. */
export async function putOut(page, name, item = 'Remove') {
	await menu(page, `More for ${name}`, item);
	await page.getByRole('dialog', { name: `${item} ${name}?` }).getByRole('button', { name: item, exact: true }).click();
}

/** Opens a panel of the toolbar, if it is not open. */
export async function openPanel(page, name) {
	const toggle = page.getByRole('toolbar').getByRole('button', { name: new RegExp(`^${name}`) });
	if ((await toggle.getAttribute('aria-pressed')) !== 'true') await toggle.click();
	await page.getByRole('complementary', { name, exact: true }).waitFor();
}

/**
 * Somebody who takes a seat by signaling alone, without a browser: many of
 * them cost nothing. Returns how he leaves.
 */
export async function takeSeat(link, displayName) {
	process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
	const url = new URL(link);
	const roomId = url.pathname.split('/').pop();
	const ws = new WebSocket(`wss://${url.host}/ws?roomId=${roomId}&peerId=seat`, 'protoo');
	let id = 0;
	const open = new Map();
	ws.onmessage = ({ data }) => {
		const frame = JSON.parse(data);
		if (frame.request) ws.send(JSON.stringify({ response: true, id: frame.id, ok: true, data: {} }));
		if (frame.response) open.get(frame.id)?.(frame);
	};
	await new Promise((done, fail) => {
		ws.onopen = done;
		ws.onerror = fail;
	});
	const ask = (method, data) =>
		new Promise((done, fail) => {
			id += 1;
			open.set(id, (answer) => (answer.ok ? done(answer.data) : fail(new Error(answer.errorReason))));
			ws.send(JSON.stringify({ request: true, id, method, data }));
		});
	const device = { flag: 'seat', name: 'seat', version: '1' };
	const answer = await ask('enter', { displayName, device });
	if (answer.status !== 'admitted') throw new Error(`${displayName} is ${answer.status}`);
	await ask('join', { displayName, device });
	return () => void ask('leave', {}).catch(() => undefined).then(() => ws.close());
}
