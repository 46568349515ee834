/** Carries out the shortcuts of the room; push to talk while its key is held. */
import type { Call } from '../state/call.svelte';
import { prefs } from '../state/prefs.svelte';
import { shortcutOf, type ShortcutName } from './shortcuts';
import type { View } from './view.svelte';
import { fullScreen } from './windows';

export class Keys {
	#talking = false;

	constructor(
		private readonly call: Call,
		private readonly view: View
	) {}

	readonly down = (event: KeyboardEvent): void => {
		const name = shortcutOf(event);
		if (!name || event.repeat) {
			if (name === 'talk') event.preventDefault();
			return;
		}
		if (name === 'talk') {
			if (!prefs.pushToTalk) return;
			this.#talk(true);
		} else if (name === 'page') {
			this.view.page = Math.max(0, this.view.page + (event.key === 'ArrowLeft' ? -1 : 1));
		} else {
			this.#actions[name]?.();
		}
		event.preventDefault();
	};

	readonly up = (event: KeyboardEvent): void => {
		if (event.key === ' ' && this.#talking) this.#talk(false);
	};

	/** The window lost the keyboard: the key's release will never be seen. */
	readonly blur = (): void => {
		if (this.#talking) this.#talk(false);
	};

	readonly #actions: Partial<Record<ShortcutName, () => void>> = {
		mic: () => void this.call.toggleMic(),
		camera: () => void this.call.toggleCamera(),
		share: () => void this.call.shareScreen(),
		hand: () => void this.call.toggleHand(),
		chat: () => this.view.togglePanel('chat'),
		people: () => this.view.togglePanel('people'),
		layout: () => this.view.nextLayout(),
		full: fullScreen,
		help: () => (this.view.sheet = 'shortcuts')
	};

	#talk(on: boolean): void {
		this.#talking = on;
		if (this.call.local.micOn !== on) void this.call.toggleMic();
	}
}
