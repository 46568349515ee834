/** Full screen and picture in picture, where the browser has them. */
import { i18n } from '../i18n/i18n.svelte';
import { toast } from '../state/toasts.svelte';

export function fullScreen(): void {
	const work = document.fullscreenElement
		? document.exitFullscreen()
		: document.documentElement.requestFullscreen?.();
	work?.catch(() => undefined);
}

/** The largest running picture of somebody else leaves the page, or comes back. */
export function pictureInPicture(): void {
	if (document.pictureInPictureElement) {
		document.exitPictureInPicture().catch(() => undefined);
		return;
	}
	const area = (v: Element) => v.clientWidth * v.clientHeight;
	const [largest] = [...document.querySelectorAll<HTMLVideoElement>('article[data-showing="true"] video')].sort(
		(a, b) => area(b) - area(a)
	);
	largest?.requestPictureInPicture?.().catch(() => toast(i18n.t.people.failed, { tone: 'warn' }));
}
