/**
 * Keeps ICE alive: a transport that stays `disconnected` for a second, fails, or whose network
 * changed gets an ICE restart, at most one in five seconds.
 */
export interface IceActions {
	restart(transportId: string): Promise<void>;
	connection(state: 'connected' | 'broken'): void;
}

export type TransportState = 'new' | 'connecting' | 'connected' | 'disconnected' | 'failed' | 'closed';

/**
 * Notices that all running media stopped although ICE has not: once for each silence.
 *
 *   const silence = new Silence(700);
 *   if (silence.look(ageOfNewestPacketMs)) restartIce();
 */
export class Silence {
	#told = true;

	constructor(private readonly limitMs: number) {}

	/** `ageMs`: since the newest packet of anything that should run; null: nothing should. */
	look(ageMs: number | null): boolean {
		if (ageMs === null) {
			this.#told = true;
			return false;
		}
		if (ageMs < this.limitMs) {
			this.#told = false;
			return false;
		}
		const fresh = !this.#told;
		this.#told = true;
		return fresh;
	}
}

const DISCONNECTED_MS = 1000;
const MIN_INTERVAL_MS = 5000;

interface Watched {
	state: TransportState;
	timer?: ReturnType<typeof setTimeout>;
	restartedAt: number;
	restarting: boolean;
}

export class IceKeeper {
	readonly #watched = new Map<string, Watched>();
	#closed = false;

	constructor(
		private readonly actions: IceActions,
		private readonly now: () => number = () => performance.now()
	) {}

	state(id: string, state: TransportState): void {
		if (this.#closed) return;
		const watched = this.#get(id);
		watched.state = state;
		clearTimeout(watched.timer);
		if (state === 'disconnected') this.#later(id, watched, DISCONNECTED_MS);
		else if (state === 'failed') this.#later(id, watched, 0);
		this.actions.connection(this.#anyBroken() ? 'broken' : 'connected');
	}

	networkChanged(ids: string[]): void {
		for (const id of ids) this.#later(id, this.#get(id), 0);
	}

	/** Media stopped although ICE says nothing. */
	suspect(id: string): void {
		this.#later(id, this.#get(id), 0);
	}

	forget(id: string): void {
		clearTimeout(this.#watched.get(id)?.timer);
		this.#watched.delete(id);
		if (!this.#closed) this.actions.connection(this.#anyBroken() ? 'broken' : 'connected');
	}

	close(): void {
		this.#closed = true;
		for (const id of [...this.#watched.keys()]) this.forget(id);
	}

	#get(id: string): Watched {
		let watched = this.#watched.get(id);
		if (!watched) {
			watched = { state: 'new', restartedAt: -Infinity, restarting: false };
			this.#watched.set(id, watched);
		}
		return watched;
	}

	#anyBroken(): boolean {
		return [...this.#watched.values()].some((w) => w.state === 'disconnected' || w.state === 'failed');
	}

	#later(id: string, watched: Watched, wantedMs: number): void {
		if (this.#closed || watched.restarting) return;
		clearTimeout(watched.timer);
		const earliest = watched.restartedAt + MIN_INTERVAL_MS - this.now();
		watched.timer = setTimeout(() => void this.#restart(id, watched), Math.max(wantedMs, earliest));
	}

	async #restart(id: string, watched: Watched): Promise<void> {
		watched.restartedAt = this.now();
		watched.restarting = true;
		await this.actions.restart(id).catch(() => undefined);
		watched.restarting = false;
		if (this.#watched.get(id) !== watched || this.#closed) return;
		if (watched.state === 'disconnected' || watched.state === 'failed') this.#later(id, watched, 0);
	}
}
