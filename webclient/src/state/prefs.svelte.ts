/** What a person chose, remembered in this browser. */
export type Theme = 'system' | 'dark' | 'light';
export type LayoutMode = 'grid' | 'speaker' | 'sidebar';
export type LowData = 'auto' | 'low' | 'audio';

export interface PrefValues {
	name: string;
	language: 'en' | 'de';
	theme: Theme;
	cameraId: string;
	micId: string;
	speakerId: string;
	joinMuted: boolean;
	joinCameraOff: boolean;
	layout: LayoutMode;
	hideSelf: boolean;
	mirrorSelf: boolean;
	sounds: boolean;
	keepMicWarm: boolean;
	noiseSuppression: boolean;
	blur: boolean;
	music: boolean;
	pushToTalk: boolean;
	forceTcp: boolean;
}

const KEY = 'chattr.prefs';

function defaults(): PrefValues {
	const german = typeof navigator !== 'undefined' && /^de\b/.test(navigator.language);
	return {
		name: '',
		language: german ? 'de' : 'en',
		theme: 'dark',
		cameraId: '',
		micId: '',
		speakerId: '',
		joinMuted: false,
		joinCameraOff: false,
		layout: 'grid',
		hideSelf: false,
		mirrorSelf: true,
		sounds: true,
		keepMicWarm: false,
		noiseSuppression: false,
		blur: false,
		music: false,
		pushToTalk: false,
		forceTcp: false
	};
}

/** Stored values of the right type only: an old or broken entry costs nothing else. */
export function mergePrefs(base: PrefValues, stored: unknown): PrefValues {
	if (typeof stored !== 'object' || stored === null) return base;
	const out = { ...base };
	for (const key of Object.keys(base) as (keyof PrefValues)[]) {
		const value = (stored as Record<string, unknown>)[key];
		if (typeof value === typeof base[key]) (out as Record<string, unknown>)[key] = value;
	}
	if (out.language !== 'en' && out.language !== 'de') out.language = base.language;
	if (!['system', 'dark', 'light'].includes(out.theme)) out.theme = base.theme;
	if (!['grid', 'speaker', 'sidebar'].includes(out.layout)) out.layout = base.layout;
	return out;
}

function load(): PrefValues {
	try {
		return mergePrefs(defaults(), JSON.parse(localStorage.getItem(KEY) ?? 'null'));
	} catch {
		return defaults();
	}
}

export const prefs: PrefValues = $state(load());

/** Call once: writes each change and applies the theme and language to the page. */
export function keepPrefs(): void {
	$effect.root(() => {
		$effect(() => {
			const text = JSON.stringify(prefs);
			try {
				localStorage.setItem(KEY, text);
			} catch {
				/* nothing is remembered */
			}
		});
		$effect(() => {
			const root = document.documentElement;
			root.lang = prefs.language;
			if (prefs.theme === 'system') root.removeAttribute('data-theme');
			else root.setAttribute('data-theme', prefs.theme);
		});
	});
}
