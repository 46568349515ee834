/**
 * A protoo-compatible WebSocket that outlives its connections.
 *
 * Requests made while the connection is away wait; requests that were open when it broke are sent
 * again under the same id once the session is proven (`ready()`). The owner proves it on every
 * `open` with `handshake()`, which alone may be sent before `ready()`.
 *
 *   const socket = new Socket(() => url, events);
 *   socket.connect();                       // events.open -> handshake('enter', ...) -> ready()
 *   await socket.request('join', {...});
 */
import { Backoff } from './backoff';

export interface Notification {
	seq?: number;
	method: string;
	data: unknown;
}

export interface SocketEvents {
	/** A connection is up and knows nothing of us yet. */
	open(): void;
	/** The connection is gone; the next try begins in `retryMs`. */
	down(retryMs: number, attempt: number): void;
	/** The server ended it for good; nothing is retried. */
	closed(code: number, reason: string): void;
	request(method: string, data: unknown): Promise<unknown>;
	notification(notification: Notification): void;
}

/** What the server answered instead of a result; `reason` is a stable code such as `room-full`. */
export class RequestError extends Error {
	constructor(
		readonly code: number,
		readonly reason: string,
		readonly retryAfterMs?: number
	) {
		super(`${reason} (${code})`);
		this.name = 'RequestError';
	}
}

interface Open {
	frame: string;
	resolve(data: unknown): void;
	reject(error: Error): void;
	timer?: ReturnType<typeof setTimeout>;
}

export interface SocketOptions {
	create?: (url: string) => WebSocket;
	backoff?: Backoff;
	/** A request unanswered for so long means a dead connection: it is replaced and the request sent again. */
	answerMs?: number;
	connectMs?: number;
}

/** Close codes after which coming back is pointless. */
const FINAL_CODES = new Set([4000, 1008, 1009]);
/** Given up on by a connection that never answers, a request is failed after so many tries. */
const MAX_SENDS = 4;

export class Socket {
	readonly #create: (url: string) => WebSocket;
	readonly #backoff: Backoff;
	readonly #answerMs: number;
	readonly #connectMs: number;
	readonly #open = new Map<number, Open & { sends: number }>();
	#handshake: { id: number; resolve(data: unknown): void; reject(error: Error): void } | null = null;
	#ws: WebSocket | null = null;
	#ready = false;
	#ended = false;
	#nextId = 1;
	#retry: ReturnType<typeof setTimeout> | undefined;
	#connectTimer: ReturnType<typeof setTimeout> | undefined;

	constructor(
		private readonly url: () => string,
		private readonly events: SocketEvents,
		options: SocketOptions = {}
	) {
		this.#create = options.create ?? ((u) => new WebSocket(u, 'protoo'));
		this.#backoff = options.backoff ?? new Backoff();
		this.#answerMs = options.answerMs ?? 8000;
		this.#connectMs = options.connectMs ?? 6000;
	}

	get ready(): boolean {
		return this.#ready;
	}

	get ended(): boolean {
		return this.#ended;
	}

	connect(): void {
		if (this.#ended || this.#ws) return;
		clearTimeout(this.#retry);
		const ws = this.#create(this.url());
		this.#ws = ws;
		this.#connectTimer = setTimeout(() => this.#lost(ws), this.#connectMs);
		ws.onopen = () => {
			if (this.#ws !== ws) return;
			clearTimeout(this.#connectTimer);
			this.events.open();
		};
		ws.onmessage = (event: MessageEvent) => {
			if (this.#ws === ws && typeof event.data === 'string') this.#receive(event.data);
		};
		ws.onclose = (event: CloseEvent) => {
			if (this.#ws !== ws) return;
			if (FINAL_CODES.has(event.code)) this.#finish(event.code, event.reason);
			else this.#lost(ws);
		};
	}

	/** Tries again at once: the network or the page came back. */
	nudge(): void {
		if (this.#ended || this.#ws) return;
		this.#backoff.reset();
		this.connect();
	}

	/** The connection is doubtful (the network changed): replace it. */
	replace(): void {
		if (this.#ended) return;
		this.#backoff.reset();
		if (this.#ws) this.#lost(this.#ws);
		this.nudge();
	}

	/** Sends a request ahead of all others on the present connection; fails with it. */
	handshake(method: string, data: unknown): Promise<unknown> {
		return new Promise((resolve, reject) => {
			if (!this.#ws) return reject(new Error('connection lost'));
			const id = this.#nextId++;
			this.#handshake = { id, resolve, reject };
			this.#ws.send(JSON.stringify({ request: true, id, method, data }));
		});
	}

	/** The session is proven: what waits is sent, in order. */
	markReady(): void {
		if (!this.#ws || this.#ended) return;
		this.#ready = true;
		this.#backoff.reset();
		for (const id of [...this.#open.keys()]) this.#send(id);
	}

	request(method: string, data: unknown = {}): Promise<unknown> {
		if (this.#ended) return Promise.reject(new RequestError(0, 'closed'));
		return new Promise((resolve, reject) => {
			const id = this.#nextId++;
			const frame = JSON.stringify({ request: true, id, method, data });
			this.#open.set(id, { frame, resolve, reject, sends: 0 });
			if (this.#ready) this.#send(id);
		});
	}

	/** Fails all that waits: the session it belonged to is gone. */
	failOpen(reason: string): void {
		for (const [id, open] of [...this.#open]) {
			clearTimeout(open.timer);
			this.#open.delete(id);
			open.reject(new RequestError(0, reason));
		}
	}

	close(): void {
		if (this.#ended) return;
		this.#ended = true;
		this.#drop();
		clearTimeout(this.#retry);
		this.failOpen('closed');
	}

	#send(id: number): void {
		const open = this.#open.get(id);
		if (!open || !this.#ws) return;
		if (open.sends >= MAX_SENDS) {
			this.#open.delete(id);
			open.reject(new RequestError(504, 'no-answer'));
			return;
		}
		open.sends += 1;
		this.#ws.send(open.frame);
		clearTimeout(open.timer);
		open.timer = setTimeout(() => this.#ws && this.#lost(this.#ws), this.#answerMs);
	}

	#receive(text: string): void {
		let frame: Record<string, unknown>;
		try {
			frame = JSON.parse(text) as Record<string, unknown>;
		} catch {
			return;
		}
		if (frame.response === true) this.#answered(frame);
		else if (frame.notification === true) this.events.notification(frame as unknown as Notification);
		else if (frame.request === true) void this.#serve(frame);
	}

	#answered(frame: Record<string, unknown>): void {
		const id = frame.id as number;
		const shake = this.#handshake?.id === id ? this.#handshake : null;
		const open = shake ?? this.#open.get(id);
		if (!open) return;
		if (shake) this.#handshake = null;
		else {
			clearTimeout((open as Open).timer);
			this.#open.delete(id);
		}
		if (frame.ok === true) return open.resolve(frame.data);
		const extra = frame.errorData as { retryAfterMs?: number } | undefined;
		open.reject(
			new RequestError(Number(frame.errorCode) || 500, String(frame.errorReason ?? 'unknown'), extra?.retryAfterMs)
		);
	}

	async #serve(frame: Record<string, unknown>): Promise<void> {
		const ws = this.#ws;
		const id = frame.id as number;
		let answer: object;
		try {
			const data = (await this.events.request(String(frame.method), frame.data)) ?? {};
			answer = { response: true, id, ok: true, data };
		} catch (error) {
			const known = error instanceof RequestError ? error : new RequestError(500, 'client-error');
			answer = { response: true, id, errorCode: known.code, errorReason: known.reason };
		}
		if (ws && ws === this.#ws && ws.readyState === 1) ws.send(JSON.stringify(answer));
	}

	#drop(): void {
		clearTimeout(this.#connectTimer);
		const ws = this.#ws;
		this.#ws = null;
		this.#ready = false;
		for (const open of this.#open.values()) clearTimeout(open.timer);
		const shake = this.#handshake;
		this.#handshake = null;
		shake?.reject(new Error('connection lost'));
		if (ws && ws.readyState <= 1) ws.close(1000);
	}

	#lost(ws: WebSocket): void {
		if (this.#ws !== ws || this.#ended) return;
		this.#drop();
		const retryMs = this.#backoff.nextMs();
		clearTimeout(this.#retry);
		this.#retry = setTimeout(() => this.connect(), retryMs);
		this.events.down(retryMs, this.#backoff.attempt);
	}

	#finish(code: number, reason: string): void {
		this.#ended = true;
		this.#drop();
		this.failOpen(reason || 'closed');
		this.events.closed(code, reason);
	}
}
