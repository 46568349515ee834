// Sixteen tiles do not make the page stutter: a trace of the browser says how
// long each task of the page's own script had the CPU.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import * as e2e from './lib.mjs';
import { button, inRoom, joinAs, meetingLink, menu, newMeeting, openPanel, takeSeat, tile } from './people.mjs';

const TILES = 16;

/** CPU milliseconds of every task of the page's main thread, longest first. */
function tasks(trace) {
	const { traceEvents } = JSON.parse(trace);
	const ran = traceEvents.filter((e) => e.name === 'FunctionCall' || e.name === 'TimerFire' || e.name === 'RunMicrotasks');
	const thread = ran.reduce((n, e) => n.set(`${e.pid}/${e.tid}`, (n.get(`${e.pid}/${e.tid}`) ?? 0) + 1), new Map());
	const [page] = [...thread].sort((a, b) => b[1] - a[1]).map(([key]) => key);
	return traceEvents
		.filter((e) => e.ph === 'X' && /RunTask$/.test(e.name) && `${e.pid}/${e.tid}` === page && e.tdur !== undefined)
		.map((e) => e.tdur / 1000)
		.sort((a, b) => b - a);
}

/** An open menu stays where it is and says what it said while tiles come, go and move; its own takes it along. */
async function menuStays(page, link, leave) {
	await button(page, 'More for Guest 5').click();
	const open = page.getByRole('menu', { name: 'More for Guest 5' });
	await open.waitFor();
	const at = () => open.getByRole('menuitem', { name: 'Remove', exact: true }).boundingBox();
	const [before, where] = [await at(), await tile(page, 'Guest 5').boundingBox()];
	for (const i of [0, 1, 2, 4]) leave[i]();
	await tile(page, 'Guest 2').waitFor({ state: 'detached' });
	const come = await takeSeat(link, 'Late');
	await tile(page, 'Late').waitFor();
	await e2e.until('its tile moved', async () => (await tile(page, 'Guest 5').boundingBox()).x !== where.x);
	assert.deepEqual(await at(), before);
	leave[3]();
	await open.waitFor({ state: 'detached' });
	assert.equal(await page.evaluate(() => document.activeElement.id), 'room');
	for (const each of [...leave.slice(5, 8), come]) each();
}

test('sixteen tiles come, move, speak and go without a task of 50 ms', { timeout: 120000 }, async () => {
	const server = await e2e.startServer();
	const browser = await e2e.launchChromium();
	try {
		const ada = await e2e.person(browser, { light: true });
		await newMeeting(ada, server);
		await joinAs(ada, 'Ada');
		await inRoom(ada);
		const link = await meetingLink(ada);
		await openPanel(ada, 'People');
		await ada.getByLabel('Who may come in').selectOption('open');
		await ada.getByRole('complementary').getByRole('button', { name: 'Close' }).click();
		/* the code of a layout has run once, as in any meeting that grew */
		await browser.startTracing(ada, { categories: ['toplevel', 'devtools.timeline'] });
		const leave = [];
		for (let i = 2; i <= TILES; i += 1) leave.push(await takeSeat(link, `Guest ${i}`));
		await e2e.until('all tiles', async () => (await ada.locator('article').count()) === TILES);
		for (const layout of ['Speaker', 'Sidebar', 'Grid']) {
			await menu(ada, 'More', layout);
			await e2e.sleep(400);
		}
		await menu(ada, 'More for Guest 7', 'Pin');
		await menu(ada, 'More for Guest 7', 'Unpin');
		await button(ada, 'Raise hand').click();
		await openPanel(ada, 'People');
		await e2e.sleep(500);
		for (const each of leave.slice(8)) each();
		await tile(ada, `Guest ${TILES}`).waitFor({ state: 'detached' });
		const times = tasks(await browser.stopTracing());
		console.log(`# ${times.length} tasks, the longest: ${times.slice(0, 5).map((t) => t.toFixed(1)).join(' ')} ms`);
		assert.ok(times.length > 200, 'the trace has the page in it');
		assert.ok(times[0] < 50, `a task of ${times[0]} ms`);
		await menuStays(ada, link, leave);
	} finally {
		await browser.close();
		await server.stop();
	}
});
