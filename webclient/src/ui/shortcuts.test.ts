import { expect, test } from 'vitest';
import { en } from '../i18n/en';
import { SHORTCUTS, shortcutOf } from './shortcuts';

function press(key: string, options: Partial<KeyboardEvent> & { within?: string } = {}): KeyboardEvent {
	const { within = '', ...rest } = options;
	const target = { closest: (selector: string) => (within && selector.includes(within) ? {} : null) };
	return { key, target, ...rest } as unknown as KeyboardEvent;
}

test('every shortcut has words and keys of its own', () => {
	const keys = SHORTCUTS.flatMap((s) => s.keys);
	expect(new Set(keys).size).toBe(keys.length);
	for (const { name } of SHORTCUTS) expect(en.shortcuts[name]).toBeTruthy();
});

test('typing and modified keys are left alone', () => {
	expect(shortcutOf(press('m'))).toBe('mic');
	expect(shortcutOf(press('M'))).toBe('mic');
	expect(shortcutOf(press('m', { ctrlKey: true }))).toBeNull();
	expect(shortcutOf(press('m', { within: 'textarea' }))).toBeNull();
	expect(shortcutOf(press(' ', { within: 'button' }))).toBeNull();
	expect(shortcutOf(press(' '))).toBe('talk');
});
