// Firefox through WebDriver BiDi. It is on the server's side of the wire, for
// it listens for its driver on loopback alone; its media takes the address of
// the veth all the same.
import * as e2e from './lib.mjs';

const puppeteer = e2e.require('puppeteer-core');

export function launchFirefox(prefs = {}) {
	return puppeteer.launch({
		browser: 'firefox',
		executablePath: '/usr/bin/firefox-esr',
		headless: true,
		acceptInsecureCerts: true,
		protocolTimeout: 60000,
		extraPrefsFirefox: {
			'media.navigator.streams.fake': true,
			'media.navigator.permission.disabled': true,
			'media.autoplay.default': 0,
			'media.peerconnection.ice.obfuscate_host_addresses': false,
			'app.update.enabled': false,
			'datareporting.policy.dataSubmissionEnabled': false,
			...prefs
		}
	});
}

/** A page that remembers its connections and its complaints. */
export async function firefoxPerson(browser) {
	const page = await browser.newPage();
	await page.setViewport(e2e.DESK);
	await page.evaluateOnNewDocument(e2e.watchConnections);
	page.complaints = [];
	page.on('pageerror', (e) => page.complaints.push(`page error: ${e.message}`));
	page.on('console', (m) => {
		if (m.type() === 'error') page.complaints.push(`console: ${m.text()}`);
	});
	return page;
}

/** Finds what is shown under an accessible name. */
const find = (kinds, name) => {
	const named = (el) => (el.getAttribute('aria-label') ?? el.labels?.[0]?.innerText ?? el.innerText ?? '').trim();
	return [...document.querySelectorAll(kinds)].find((el) => el.checkVisibility() && named(el) === name);
};
const handle = (page, kinds, name) =>
	e2e.until(`"${name}" in Firefox`, async () => {
		const found = await page.evaluateHandle(`(${find})(${JSON.stringify(kinds)}, ${JSON.stringify(name)})`);
		return found.asElement();
	}, 30000);

export const sees = (page, name) => handle(page, 'h1, h2, article', name);
export const click = async (page, name) => (await handle(page, 'button', name)).evaluate((el) => el.click());
export const fill = async (page, name, text) => (await handle(page, 'input, textarea', name)).type(text);
