/**
 * One person's session in one room: enter, wait, be admitted, come back after a break, leave.
 * It owns the socket and the numbering of notifications; it knows nothing of media, which lives on
 * while signaling is away and is asked only for its inventory.
 */
import { Api, type Admitted, type EnterData, type Inventory, type NotificationName, type Waiting } from './api';
import { RequestError, Socket, type Notification, type SocketOptions } from './socket';

export type SessionPhase =
	| { name: 'connecting' }
	| { name: 'waiting'; position: number | null }
	| { name: 'in' }
	/** Signaling is away; media may well run. */
	| { name: 'reconnecting'; reason: 'network' | 'restart'; attempt: number }
	/** Nothing came back in time: the person chooses. */
	| { name: 'away' }
	| { name: 'ended'; reason: string };

export interface SessionEvents {
	phase(phase: SessionPhase): void;
	/** First admission, or a resume that found the session gone: media begins from nothing. */
	admitted(answer: Admitted): void;
	/** The same session goes on. */
	resumed(answer: Admitted): void;
	credentials(peerId: string, resumeToken: string): void;
	inventory(): Inventory | undefined;
	request(method: string, data: unknown): Promise<unknown>;
	notification(method: NotificationName, data: unknown): void;
}

export interface SessionOptions extends SocketOptions {
	roomId: string;
	/** ws: or wss: origin, without a path. */
	origin: string;
	enter: EnterData;
	peerId?: string;
	/** How long a break may last before the person is asked. */
	giveUpMs?: number;
}

/** Refusals that pass by themselves. */
const PASSING = new Set(['rate-limited', 'busy', 'no-worker', 'worker-timeout', 'no-memory']);

export class Session {
	readonly socket: Socket;
	readonly api: Api;
	#phase: SessionPhase = { name: 'connecting' };
	#enter: EnterData;
	#peerId: string | undefined;
	#epoch: string | undefined;
	#lastSeq = 0;
	#admitted = false;
	#restart = false;
	#giveUp: ReturnType<typeof setTimeout> | undefined;
	#again: ReturnType<typeof setTimeout> | undefined;
	#entering = false;
	/** Notifications that overtake the answer of `enter` wait for it. */
	#early: Notification[] = [];

	constructor(
		private readonly options: SessionOptions,
		private readonly events: SessionEvents
	) {
		this.#enter = options.enter;
		this.#peerId = options.peerId;
		this.socket = new Socket(
			() => this.#url(),
			{
				open: () => void this.#prove(),
				down: (_retryMs, attempt) => this.#down(attempt),
				closed: (_code, reason) => this.#end(reason || 'closed'),
				request: (method, data) => this.events.request(method, data),
				notification: (notification) => this.#notified(notification)
			},
			options
		);
		this.api = new Api(this.socket);
	}

	get phase(): SessionPhase {
		return this.#phase;
	}

	get peerId(): string | undefined {
		return this.#peerId;
	}

	start(): void {
		this.#armGiveUp();
		this.socket.connect();
	}

	/** After `away`: the person wants another round. */
	retry(): void {
		if (this.#phase.name !== 'away') return;
		this.#move(this.#admitted ? { name: 'reconnecting', reason: 'network', attempt: 0 } : { name: 'connecting' });
		this.#armGiveUp();
		this.socket.replace();
	}

	rename(displayName: string): void {
		this.#enter = { ...this.#enter, displayName };
	}

	/** Tells the server, gives it a moment to hear it, and ends. */
	async leave(): Promise<void> {
		const told = this.socket.ready ? this.api.call('leave', {}).catch(() => undefined) : Promise.resolve();
		await Promise.race([told, new Promise((r) => setTimeout(r, 500))]);
		this.#end('left');
	}

	/** Ends here without a word to the server: another tab takes over. */
	letGo(reason: string): void {
		this.#end(reason);
	}

	#url(): string {
		const query = new URLSearchParams({ roomId: this.options.roomId });
		query.set('peerId', this.#peerId ?? crypto.randomUUID().replaceAll('-', ''));
		return `${this.options.origin}/ws?${query}`;
	}

	#move(phase: SessionPhase): void {
		if (this.#phase.name === 'ended') return;
		this.#phase = phase;
		this.events.phase(phase);
	}

	#armGiveUp(): void {
		clearTimeout(this.#giveUp);
		this.#giveUp = setTimeout(() => this.#move({ name: 'away' }), this.options.giveUpMs ?? 60_000);
	}

	#down(attempt: number): void {
		if (this.#phase.name === 'in' || this.#phase.name === 'waiting') this.#armGiveUp();
		if (this.#phase.name === 'away') return;
		const reason = this.#restart ? 'restart' : 'network';
		if (this.#admitted || this.#phase.name === 'waiting' || this.#phase.name === 'reconnecting') {
			this.#move({ name: 'reconnecting', reason, attempt });
		}
	}

	async #prove(): Promise<void> {
		const data: EnterData = { ...this.#enter };
		if (data.resumeToken) delete data.message;
		if (this.#admitted) {
			const have = this.events.inventory();
			if (have) Object.assign(data, { epoch: this.#epoch, lastSeq: this.#lastSeq, have });
		}
		this.#entering = true;
		try {
			const answer = (await this.socket.handshake('enter', data)) as Admitted | Waiting;
			this.#restart = false;
			if (answer.status === 'waiting') this.#wait(answer);
			else this.#admit(answer);
		} catch (error) {
			if (!(error instanceof RequestError)) return; /* the connection broke: the socket tries again */
			this.#refused(error);
		} finally {
			this.#entering = false;
			this.#early = [];
		}
	}

	#refused(error: RequestError): void {
		if (PASSING.has(error.reason)) {
			clearTimeout(this.#again);
			this.#again = setTimeout(() => this.socket.replace(), error.retryAfterMs ?? 2000);
		} else {
			this.#end(error.reason);
		}
	}

	#wait(answer: Waiting): void {
		clearTimeout(this.#giveUp);
		this.#remember(answer.peerId, answer.resumeToken);
		this.#admitted = false;
		this.#move({ name: 'waiting', position: answer.position ?? null });
		/* setKnock may be sent while waiting */
		this.socket.markReady();
	}

	#admit(answer: Admitted): void {
		clearTimeout(this.#giveUp);
		this.#remember(answer.peerId, answer.resumeToken);
		const goesOn = this.#admitted && answer.resumed === true;
		if (!goesOn) this.socket.failOpen('session-gone');
		if (!goesOn || answer.epoch !== this.#epoch) this.#lastSeq = 0;
		this.#epoch = answer.epoch;
		this.#admitted = true;
		/* an invite is spent once; from here on the token speaks for us */
		this.#enter = { ...this.#enter, invite: undefined };
		if (goesOn) this.events.resumed(answer);
		else this.events.admitted(answer);
		for (const missed of answer.missed ?? []) this.#deliver(missed);
		const early = this.#early;
		this.#early = [];
		this.#entering = false;
		for (const notification of early) this.#deliver(notification);
		this.#move({ name: 'in' });
		this.socket.markReady();
	}

	#remember(peerId: string, resumeToken: string | undefined): void {
		this.#peerId = peerId;
		if (!resumeToken) return;
		this.#enter = { ...this.#enter, resumeToken };
		this.events.credentials(peerId, resumeToken);
	}

	#notified(notification: Notification): void {
		if (this.#entering) this.#early.push(notification);
		else this.#deliver(notification);
	}

	/** Each numbered notification counts once. */
	#deliver({ seq, method, data }: Notification): void {
		if (typeof seq === 'number') {
			if (seq <= this.#lastSeq) return;
			this.#lastSeq = seq;
		}
		if (method === 'waitingState') {
			const { position } = data as { position: number };
			this.#admitted = false;
			this.#move({ name: 'waiting', position });
		} else if (method === 'admitted' && !this.#admitted) {
			this.#admit(data as Admitted);
		} else if (method === 'denied') {
			const { reason } = (data ?? {}) as { reason?: string };
			this.#end(reason ? `denied: ${reason}` : 'denied');
		} else if (method === 'serverRestarting') {
			this.#restart = true;
		} else {
			this.events.notification(method as NotificationName, data);
		}
	}

	#end(reason: string): void {
		clearTimeout(this.#giveUp);
		clearTimeout(this.#again);
		this.socket.close();
		this.#move({ name: 'ended', reason });
	}
}
