import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Backoff } from './backoff';
import { Session, type SessionEvents, type SessionPhase } from './session';

/** A server of one room, as far as a session can tell. */
class Server {
	sockets: FakeWs[] = [];
	answer: (data: Record<string, unknown>) => object = () => ({});

	create = (url: string): WebSocket => {
		const ws = new FakeWs(url, this);
		this.sockets.push(ws);
		return ws as unknown as WebSocket;
	};

	get last(): FakeWs {
		return this.sockets.at(-1)!;
	}
}

class FakeWs {
	readyState = 0;
	frames: { method: string; id: number; data: Record<string, unknown> }[] = [];
	onopen: (() => void) | null = null;
	onmessage: ((event: { data: string }) => void) | null = null;
	onclose: ((event: { code: number; reason: string }) => void) | null = null;

	constructor(
		readonly url: string,
		private readonly server: Server
	) {}

	send(text: string): void {
		const frame = JSON.parse(text);
		this.frames.push(frame);
		if (frame.method !== 'enter') return;
		const data = this.server.answer(frame.data) as { error?: [number, string] };
		if (data.error) {
			const [errorCode, errorReason] = data.error;
			this.say({ response: true, id: frame.id, errorCode, errorReason });
		} else {
			this.say({ response: true, id: frame.id, ok: true, data });
		}
	}

	say(frame: object): void {
		queueMicrotask(() => this.onmessage?.({ data: JSON.stringify(frame) }));
	}

	open(): void {
		this.readyState = 1;
		this.onopen?.();
	}

	close(): void {
		this.readyState = 3;
	}

	drop(code = 1006, reason = ''): void {
		this.readyState = 3;
		this.onclose?.({ code, reason });
	}
}

const admitted = (more: object = {}) => ({
	status: 'admitted',
	peerId: 'me',
	resumeToken: 'token',
	epoch: 'e1',
	role: 'guest',
	room: { policy: 'waiting' },
	...more
});

let server: Server;
let session: Session;
let phases: SessionPhase[];
let events: { [K in keyof SessionEvents]: ReturnType<typeof vi.fn> };

beforeEach(() => {
	vi.useFakeTimers();
	server = new Server();
	phases = [];
	events = {
		phase: vi.fn((p: SessionPhase) => phases.push(p)),
		admitted: vi.fn(),
		resumed: vi.fn(),
		credentials: vi.fn(),
		inventory: vi.fn(() => ({ transports: ['t'], producers: [], consumers: [] })),
		request: vi.fn(),
		notification: vi.fn()
	};
	session = new Session(
		{
			roomId: 'room',
			origin: 'wss://h',
			enter: { displayName: 'Ada', invite: 'inv' },
			create: server.create,
			backoff: new Backoff(300, 8000, () => 0.5)
		},
		events as unknown as SessionEvents
	);
});

afterEach(() => {
	session.letGo('test');
	vi.useRealTimers();
});

const settle = () => vi.advanceTimersByTimeAsync(0);

async function connect(answer: (data: Record<string, unknown>) => object): Promise<void> {
	server.answer = answer;
	if (server.sockets.length === 0) session.start();
	server.last.open();
	await settle();
}

test('enters, and comes back with token, epoch, number and inventory', async () => {
	await connect(() => admitted());
	expect(phases.at(-1)).toEqual({ name: 'in' });
	expect(events.credentials).toHaveBeenCalledWith('me', 'token');
	expect(server.last.url).toContain('wss://h/ws?roomId=room&peerId=');
	server.last.say({ notification: true, method: 'newPeer', data: { id: 'a' }, seq: 1 });
	server.last.say({ notification: true, method: 'newPeer', data: { id: 'b' }, seq: 2 });
	await settle();
	server.last.drop();
	expect(phases.at(-1)?.name).toBe('reconnecting');
	await vi.advanceTimersByTimeAsync(500);
	await connect((data) => {
		expect(data).toMatchObject({ resumeToken: 'token', epoch: 'e1', lastSeq: 2, have: { transports: ['t'] } });
		expect(data.invite).toBeUndefined();
		return admitted({
			resumed: true,
			missed: [
				{ seq: 2, method: 'newPeer', data: { id: 'b' } },
				{ seq: 3, method: 'peerClosed', data: { peerId: 'a' } }
			]
		});
	});
	expect(events.resumed).toHaveBeenCalledOnce();
	expect(events.admitted).toHaveBeenCalledOnce();
	expect(events.notification.mock.calls.map(([m]) => m)).toEqual(['newPeer', 'newPeer', 'peerClosed']);
	expect(phases.at(-1)).toEqual({ name: 'in' });
});

test('a notification that overtakes the answer waits for it', async () => {
	await connect(() => {
		server.last.say({ notification: true, method: 'newPeer', data: { id: 'x' }, seq: 1 });
		return admitted();
	});
	expect(events.admitted).toHaveBeenCalledOnce();
	expect(events.notification).toHaveBeenCalledWith('newPeer', { id: 'x' });
});

test('waits, moves up, and is admitted', async () => {
	await connect(() => ({ status: 'waiting', peerId: 'me', resumeToken: 'token', position: 2 }));
	expect(phases.at(-1)).toEqual({ name: 'waiting', position: 2 });
	server.last.say({ notification: true, method: 'waitingState', data: { position: 1 } });
	await settle();
	expect(phases.at(-1)).toEqual({ name: 'waiting', position: 1 });
	server.last.say({ notification: true, method: 'admitted', data: admitted({ resumeToken: undefined }) });
	await settle();
	expect(phases.at(-1)).toEqual({ name: 'in' });
	expect(events.admitted).toHaveBeenCalledOnce();
});

test('a blip while waiting keeps the place in line', async () => {
	await connect(() => ({ status: 'waiting', peerId: 'me', resumeToken: 'token', position: 1 }));
	server.last.drop();
	await vi.advanceTimersByTimeAsync(500);
	await connect((data) => {
		expect(data.resumeToken).toBe('token');
		return { status: 'waiting', peerId: 'me', resumeToken: 'token', position: 1 };
	});
	expect(phases.at(-1)).toEqual({ name: 'waiting', position: 1 });
});

test('denied ends with the host’s words', async () => {
	await connect(() => ({ status: 'waiting', peerId: 'me', resumeToken: 'token' }));
	server.last.say({ notification: true, method: 'denied', data: { reason: 'not today' } });
	await settle();
	expect(phases.at(-1)).toEqual({ name: 'ended', reason: 'denied: not today' });
});

test.each(['room-full', 'room-locked', 'invite-invalid', 'sign-in-required'])('%s is final', async (reason) => {
	await connect(() => ({ error: [403, reason] }));
	expect(phases.at(-1)).toEqual({ name: 'ended', reason });
	await vi.advanceTimersByTimeAsync(120_000);
	expect(server.sockets.length).toBe(1);
});

test('a session that the server forgot begins anew', async () => {
	await connect(() => admitted());
	const open = session.api.call('produce', {} as never).catch((e: Error) => e.message);
	server.last.drop();
	await vi.advanceTimersByTimeAsync(500);
	await connect(() => admitted({ peerId: 'other', epoch: 'e2' }));
	expect(events.admitted).toHaveBeenCalledTimes(2);
	expect(await open).toContain('session-gone');
});

test('a minute away ends in a choice, and the choice works', async () => {
	await connect(() => admitted());
	server.last.drop();
	for (let i = 0; i < 70; i += 1) {
		await vi.advanceTimersByTimeAsync(1000);
		if (server.last.readyState === 0) server.last.drop();
	}
	expect(phases.at(-1)).toEqual({ name: 'away' });
	session.retry();
	await vi.advanceTimersByTimeAsync(10);
	await connect(() => admitted({ resumed: true }));
	expect(phases.at(-1)).toEqual({ name: 'in' });
});

test('kicked stays kicked', async () => {
	await connect(() => admitted());
	server.last.drop(4000, 'kicked');
	expect(phases.at(-1)).toEqual({ name: 'ended', reason: 'kicked' });
});
