/** Horizontal swipes turn pages. */
import type { Attachment } from 'svelte/attachments';

const MIN_PX = 60;

export function swipe(turn: (by: 1 | -1) => void): Attachment<HTMLElement> {
	return (element) => {
		let from: { x: number; y: number } | null = null;
		const down = (e: PointerEvent) => {
			from = e.pointerType === 'mouse' ? null : { x: e.clientX, y: e.clientY };
		};
		const up = (e: PointerEvent) => {
			if (!from) return;
			const dx = e.clientX - from.x;
			const dy = e.clientY - from.y;
			from = null;
			if (Math.abs(dx) >= MIN_PX && Math.abs(dx) > 2 * Math.abs(dy)) turn(dx < 0 ? 1 : -1);
		};
		const cancel = () => (from = null);
		element.addEventListener('pointerdown', down);
		element.addEventListener('pointerup', up);
		element.addEventListener('pointercancel', cancel);
		return () => {
			element.removeEventListener('pointerdown', down);
			element.removeEventListener('pointerup', up);
			element.removeEventListener('pointercancel', cancel);
		};
	};
}
