/** `i18n.t` is the dictionary of the chosen language; reading it in a template follows changes. */
import { prefs } from '../state/prefs.svelte';
import { en, type Dictionary } from './en';

const loaders: Record<string, () => Promise<Dictionary>> = {
	de: async () => (await import('./de')).de
};

class I18n {
	t: Dictionary = $state.raw(en);

	/** Call once: loads a dictionary when its language is chosen. */
	follow(): void {
		$effect.root(() => {
			$effect(() => void this.#load(prefs.language));
		});
	}

	async #load(language: string): Promise<void> {
		const load = loaders[language];
		/* without it the page goes on in the language that it has */
		const dictionary = load ? await load().catch(() => null) : en;
		if (dictionary && prefs.language === language) this.t = dictionary;
	}

	time(ms: number): string {
		return new Date(ms).toLocaleTimeString(prefs.language, { hour: '2-digit', minute: '2-digit' });
	}

	dateTime(ms: number): string {
		return new Date(ms).toLocaleString(prefs.language, { dateStyle: 'medium', timeStyle: 'short' });
	}
}

export const i18n = new I18n();
