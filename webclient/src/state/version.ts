/**
 * A page that is older than its server: files that it would load later have other names by now.
 * What it has goes on; the person is told once, and chooses the time.
 */
import { i18n } from '../i18n/i18n.svelte';
import { toast } from './toasts.svelte';

const own = (page: Document) => page.querySelector('script[type="module"]')?.getAttribute('src');

async function isOld(): Promise<boolean> {
	const response = await fetch('/', { cache: 'no-store' });
	const page = new DOMParser().parseFromString(await response.text(), 'text/html');
	return response.ok && !!own(page) && own(page) !== own(document);
}

let told = false;

/** A file did not come: is it gone for good? */
export async function fileMissing(): Promise<void> {
	if (told || !(await isOld().catch(() => false)) || told) return;
	told = true;
	toast(i18n.t.app.newVersion, {
		ms: 60_000,
		actions: [{ label: i18n.t.app.reload, run: () => location.reload() }]
	});
}

/** Call once. */
export function watchVersion(): void {
	window.addEventListener('vite:preloadError', () => void fileMissing());
}
