// Kills the worker of a meeting of two Chromiums, N times, and prints for each
// how long the picture stood still, in ms. No page is loaded again.
import { execFileSync } from 'node:child_process';
import * as e2e from '../e2e/lib.mjs';
import { meetingOfTwo, sees, tile } from '../e2e/people.mjs';

const kills = Number(process.argv[2] ?? 10);
const server = await e2e.startServer();
const browser = await e2e.launchChromium();
let failed = 0;
try {
	const ada = await e2e.person(browser, { light: true });
	const ben = await e2e.person(browser, { light: true });
	await meetingOfTwo(server, ada, ben);
	await Promise.all([sees(ada, 'Ben'), sees(ben, 'Ada')]);
	await ada.evaluate(() => (globalThis.sameP = true));
	for (let i = 0; i < kills; i++) {
		await e2e.sleep(3000);
		const table = execFileSync('ps', ['-eo', 'pid,ppid,args'], { encoding: 'utf8' }).split('\n').slice(1);
		const workers = table.map((row) => row.trim().split(/\s+/)).filter((w) => +w[1] === server.pid && w[2]?.includes('mediad'));
		// The longest time that the tile's video shows no new frame.
		const still = tile(ada, 'Ben').evaluate((el) => new Promise((done) => {
			const count = () => el.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames ?? 0;
			let last = performance.now(), seen = count(), worst = 0;
			const end = last + 6000;
			const timer = setInterval(() => {
				const now = performance.now(), n = count();
				if (n !== seen && n > 0) { worst = Math.max(worst, now - last); last = now; seen = n; }
				if (now > end) { clearInterval(timer); done(Math.max(worst, now - last)); }
			}, 10);
		}));
		await e2e.sleep(300);
		for (const w of workers) process.kill(+w[0], 'SIGKILL');
		console.log(Math.round(await still));
		await Promise.all([sees(ada, 'Ben'), sees(ben, 'Ada')]);
	}
	if (!(await ada.evaluate(() => globalThis.sameP))) failed = 1;
} finally {
	await browser.close();
	await server.stop();
}
process.exit(failed);
