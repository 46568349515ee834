/**
 * One tab of a browser is in a room at a time. The tab in the call holds a Web Lock named after
 * the room (a reload frees it); another tab asks for it over a BroadcastChannel.
 */
const PATIENCE_MS = 1500;

/** What the tab that lets go had switched on. */
export interface Handover {
	mic: boolean;
	camera: boolean;
}

export class Tabs {
	readonly #lock: string;
	readonly #channel: BroadcastChannel;
	#free: (() => void) | null = null;

	constructor(roomId: string) {
		this.#lock = `chattr:${roomId}`;
		this.#channel = new BroadcastChannel(this.#lock);
	}

	async heldElsewhere(): Promise<boolean> {
		const state = await navigator.locks?.query();
		return !this.#free && !!state?.held?.some((l) => l.name === this.#lock);
	}

	/** Takes the room for this tab; false if another one has it and keeps it. */
	async hold(handover: () => Handover, lost: () => void): Promise<boolean> {
		if (this.#free || !navigator.locks) return true;
		this.#channel.onmessage = ({ data }) => {
			if (data !== 'take-over' || !this.#free) return;
			this.#channel.postMessage({ handover: handover() });
			lost();
			this.release();
		};
		return new Promise((resolve) => {
			const patience = AbortSignal.timeout(PATIENCE_MS);
			navigator.locks
				.request(this.#lock, { signal: patience }, () => {
					resolve(true);
					return new Promise<void>((free) => (this.#free = free));
				})
				.catch(() => resolve(false));
		});
	}

	async takeOver(): Promise<Handover | null> {
		let handover: Handover | null = null;
		this.#channel.onmessage = ({ data }) => {
			if (data?.handover) handover = data.handover as Handover;
		};
		this.#channel.postMessage('take-over');
		const until = performance.now() + PATIENCE_MS;
		while ((await this.heldElsewhere()) && performance.now() < until) {
			await new Promise((r) => setTimeout(r, 50));
		}
		return handover;
	}

	release(): void {
		this.#channel.close();
		this.#free?.();
		this.#free = null;
	}
}
