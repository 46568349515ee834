/** Which screen is shown and why; the one object that lives as long as the page. */
import type { Policy } from '../call/api';
import { supported } from '../media/devices';
import { LocalMedia } from '../media/local.svelte';
import { newChatKey, parseAddress, roomLink, roomPath, type Address } from './address';
import { Call } from './call.svelte';
import { Chat } from './chat.svelte';
import { chatKey, keepChatKey, keepRecent, keepSecrets, keepTabCall, tabCall } from './keeper';
import { prefs } from './prefs.svelte';
import { applyProcessing } from './processing.svelte';
import { signIn } from './signin.svelte';
import { Tabs } from './tabs';

export type Screen = 'home' | 'lobby' | 'call' | 'ended' | 'elsewhere' | 'unsupported';

export class App {
	screen: Screen = $state('home');
	roomId: string | null = $state(null);
	invite: string | null = $state(null);
	call: Call | null = $state.raw(null);
	chat: Chat | null = $state.raw(null);
	local: LocalMedia | null = $state.raw(null);
	endReason = $state('');
	#tabs: Tabs | null = null;

	/** Reads the address bar and takes the secrets out of it. */
	async open(): Promise<void> {
		if (!supported()) {
			this.screen = 'unsupported';
			return;
		}
		const back = await signIn.finish(location.href);
		if (back) history.replaceState(null, '', back.roomId ? roomPath(back.roomId) : '/');
		const address = back ? { ...back, chatKey: null } : parseAddress(location.href);
		this.#strip(address);
		window.addEventListener('popstate', () => void this.#navigated());
		window.addEventListener('hashchange', () => void this.#navigated());
		await this.#show(address);
	}

	async createRoom(policy: Policy): Promise<void> {
		const response = await fetch('/api/rooms', {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify({ policy, signInToken: signIn.token })
		});
		if (response.status === 401) signIn.forget();
		if (!response.ok) throw new Error(String(response.status));
		const { roomId, hostKey } = (await response.json()) as { roomId: string; hostKey: string };
		const chatKey = newChatKey();
		keepSecrets(roomId, { hostKey, chatKey });
		await this.enterRoom({ roomId, chatKey, invite: null });
	}

	async enterRoom(address: Address): Promise<void> {
		if (!address.roomId) return;
		history.pushState(null, '', roomPath(address.roomId));
		await this.#show(address);
	}

	/** From the lobby into the call. */
	async join(message?: string): Promise<void> {
		const { roomId, local } = this;
		if (!roomId || !local) return;
		this.#tabs ??= new Tabs(roomId);
		const held = await this.#tabs.hold(
			() => local.wants,
			() => this.#lostToOtherTab()
		);
		if (!held) {
			this.screen = 'elsewhere';
			return;
		}
		keepRecent(roomId);
		const call = new Call({ roomId, invite: this.invite, message }, local);
		this.call = call;
		this.chat = new Chat(call);
		this.screen = 'call';
		call.start();
	}

	/** The call has ended, for whatever reason. */
	ended(reason: string): void {
		this.#release();
		if (reason === 'sign-in-required') signIn.forget();
		this.endReason = reason;
		this.screen = reason === 'elsewhere' ? 'elsewhere' : 'ended';
	}

	async takeOver(): Promise<void> {
		if (!this.roomId) return;
		this.#tabs ??= new Tabs(this.roomId);
		const on = await this.#tabs.takeOver();
		this.local ??= new LocalMedia();
		if (on) await this.#switchOn(on.mic, on.camera);
		await this.join();
	}

	/** Back to the lobby of the same room. */
	async again(): Promise<void> {
		await this.#show({ roomId: this.roomId, chatKey: null, invite: this.invite });
	}

	home(): void {
		this.#release();
		history.pushState(null, '', '/');
		this.roomId = null;
		this.screen = 'home';
	}

	/** The link to give to others. */
	link(invite?: string): string {
		return this.roomId ? roomLink(location.origin, this.roomId, chatKey(this.roomId), invite) : '';
	}

	async #show(address: Address): Promise<void> {
		this.#release();
		this.roomId = address.roomId;
		if (!address.roomId) {
			this.screen = 'home';
			return;
		}
		this.invite = address.invite;
		if (address.chatKey) keepChatKey(address.roomId, address.chatKey);
		this.local = new LocalMedia();
		await applyProcessing(this.local);
		const back = tabCall();
		this.#tabs = new Tabs(address.roomId);
		if (await this.#tabs.heldElsewhere()) {
			this.screen = 'elsewhere';
		} else if (back?.roomId === address.roomId && prefs.name) {
			/* a reload in the middle of a call: straight back in */
			const devices = this.#switchOn(back.mic, back.camera);
			await this.join();
			await devices;
		} else {
			keepTabCall(null);
			this.screen = 'lobby';
		}
	}

	async #switchOn(mic: boolean, camera: boolean): Promise<void> {
		await Promise.all([mic && this.local?.setMic(true), camera && this.local?.setCamera(true)]);
	}

	#release(): void {
		void this.call?.leave();
		this.call = null;
		this.chat = null;
		this.local?.close();
		this.local = null;
		this.#tabs?.release();
		this.#tabs = null;
	}

	#lostToOtherTab(): void {
		this.call?.letGo();
		this.ended('elsewhere');
	}

	#strip({ roomId, chatKey: key, invite }: Address): void {
		if (roomId && (key || invite || location.search)) history.replaceState(null, '', roomPath(roomId));
	}

	async #navigated(): Promise<void> {
		const address = parseAddress(location.href);
		this.#strip(address);
		if (address.roomId === this.roomId && !address.invite && this.screen !== 'ended') {
			if (address.chatKey && address.roomId) keepChatKey(address.roomId, address.chatKey);
			return;
		}
		await this.#show(address);
	}
}

export const app = new App();
