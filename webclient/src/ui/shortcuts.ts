/** Keys of the room. One table: what the sheet shows is what works. */
import type { Dictionary } from '../i18n/en';

export type ShortcutName = Exclude<keyof Dictionary['shortcuts'], 'title' | 'space'>;

export interface Shortcut {
	name: ShortcutName;
	/** As KeyboardEvent.key says it, in lower case. */
	keys: string[];
	shown: string;
}

export const SHORTCUTS: Shortcut[] = [
	{ name: 'mic', keys: ['m'], shown: 'M' },
	{ name: 'camera', keys: ['v'], shown: 'V' },
	{ name: 'share', keys: ['s'], shown: 'S' },
	{ name: 'hand', keys: ['h'], shown: 'H' },
	{ name: 'chat', keys: ['c'], shown: 'C' },
	{ name: 'people', keys: ['p'], shown: 'P' },
	{ name: 'layout', keys: ['l'], shown: 'L' },
	{ name: 'full', keys: ['f'], shown: 'F' },
	{ name: 'page', keys: ['arrowleft', 'arrowright'], shown: '← →' },
	{ name: 'talk', keys: [' '], shown: '␣' },
	{ name: 'help', keys: ['?'], shown: '?' }
];

/** Keys typed into a field, or with a modifier, are the person's own. */
export function shortcutOf(event: KeyboardEvent): ShortcutName | null {
	if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return null;
	const target = event.target as HTMLElement | null;
	if (target?.closest('input, textarea, select, [contenteditable], dialog, [role="menu"]')) return null;
	const key = event.key.toLowerCase();
	const found = SHORTCUTS.find((s) => s.keys.includes(key));
	/* a focused button keeps its own keys */
	if (found?.name === 'talk' && target?.closest('button, a, summary')) return null;
	return found?.name ?? null;
}
