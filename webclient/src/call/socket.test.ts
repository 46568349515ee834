import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Backoff } from './backoff';
import { RequestError, Socket, type Notification, type SocketEvents } from './socket';

class FakeWebSocket {
	readyState = 0;
	sent: Record<string, unknown>[] = [];
	onopen: (() => void) | null = null;
	onmessage: ((event: { data: string }) => void) | null = null;
	onclose: ((event: { code: number; reason: string }) => void) | null = null;

	send(text: string): void {
		this.sent.push(JSON.parse(text));
	}

	close(): void {
		this.readyState = 3;
	}

	/* ---- what the server does ---- */

	accept(): void {
		this.readyState = 1;
		this.onopen?.();
	}

	say(frame: object): void {
		this.onmessage?.({ data: JSON.stringify(frame) });
	}

	answer(id: unknown, data: object = {}): void {
		this.say({ response: true, id, ok: true, data });
	}

	drop(code = 1006, reason = ''): void {
		this.readyState = 3;
		this.onclose?.({ code, reason });
	}
}

let made: FakeWebSocket[];
let events: { [K in keyof SocketEvents]: ReturnType<typeof vi.fn> };
let socket: Socket;
const last = () => made.at(-1)!;

beforeEach(() => {
	vi.useFakeTimers();
	made = [];
	events = { open: vi.fn(), down: vi.fn(), closed: vi.fn(), request: vi.fn(), notification: vi.fn() };
	socket = new Socket(() => 'wss://h/ws', events as unknown as SocketEvents, {
		create: () => {
			const ws = new FakeWebSocket();
			made.push(ws);
			return ws as unknown as WebSocket;
		},
		backoff: new Backoff(300, 8000, () => 0.5)
	});
});

afterEach(() => {
	socket.close();
	vi.useRealTimers();
});

async function enter(): Promise<void> {
	last().accept();
	const done = socket.handshake('enter', {});
	last().answer(last().sent.at(-1)!.id);
	await done;
	socket.markReady();
}

test('requests wait for the handshake and go out in order', async () => {
	socket.connect();
	const a = socket.request('a');
	const b = socket.request('b');
	last().accept();
	expect(last().sent).toEqual([]);
	const shake = socket.handshake('enter', {});
	expect(last().sent.map((f) => f.method)).toEqual(['enter']);
	last().answer(last().sent[0]!.id);
	await shake;
	socket.markReady();
	expect(last().sent.map((f) => f.method)).toEqual(['enter', 'a', 'b']);
	last().answer(last().sent[2]!.id, { n: 2 });
	last().answer(last().sent[1]!.id, { n: 1 });
	expect(await a).toEqual({ n: 1 });
	expect(await b).toEqual({ n: 2 });
});

test('an open request is sent again under the same id after a break', async () => {
	socket.connect();
	await enter();
	const request = socket.request('produce', { kind: 'audio' });
	const first = last().sent.at(-1)!;
	last().drop();
	expect(events.down).toHaveBeenCalledOnce();
	await vi.advanceTimersByTimeAsync(200);
	expect(made.length).toBe(2);
	await enter();
	expect(last().sent.at(-1)).toEqual(first);
	last().answer(first.id, { id: 'p' });
	expect(await request).toEqual({ id: 'p' });
	/* answered: a further break sends nothing again */
	last().drop();
	await vi.advanceTimersByTimeAsync(5000);
	await enter();
	expect(last().sent.map((f) => f.method)).toEqual(['enter']);
});

test('an error answer carries code, reason and when to try again', async () => {
	socket.connect();
	await enter();
	const request = socket.request('admit');
	const id = last().sent.at(-1)!.id;
	last().say({ response: true, id, errorCode: 429, errorReason: 'rate-limited', errorData: { retryAfterMs: 250 } });
	const error = (await request.catch((e) => e)) as RequestError;
	expect(error).toBeInstanceOf(RequestError);
	expect([error.code, error.reason, error.retryAfterMs]).toEqual([429, 'rate-limited', 250]);
});

test('a server request is answered, a failing one with an error', async () => {
	socket.connect();
	await enter();
	events.request.mockResolvedValueOnce({ fine: 1 });
	last().say({ request: true, id: 77, method: 'newConsumer', data: {} });
	await vi.advanceTimersByTimeAsync(0);
	expect(last().sent.at(-1)).toEqual({ response: true, id: 77, ok: true, data: { fine: 1 } });
	events.request.mockRejectedValueOnce(new RequestError(404, 'unknown-method'));
	last().say({ request: true, id: 78, method: 'x', data: {} });
	await vi.advanceTimersByTimeAsync(0);
	expect(last().sent.at(-1)).toEqual({ response: true, id: 78, errorCode: 404, errorReason: 'unknown-method' });
});

test('code 4000 ends it for good', async () => {
	socket.connect();
	await enter();
	const request = socket.request('x').catch((e: RequestError) => e.reason);
	last().drop(4000, 'kicked');
	expect(events.closed).toHaveBeenCalledWith(4000, 'kicked');
	expect(await request).toBe('kicked');
	await vi.advanceTimersByTimeAsync(60_000);
	expect(made.length).toBe(1);
	await expect(socket.request('y')).rejects.toThrow('closed');
});

test('4001 and lost connections are tried again with growing waits', async () => {
	socket.connect();
	for (const wait of [150, 300, 600, 1200, 2400, 4000]) {
		last().drop(4001);
		await vi.advanceTimersByTimeAsync(wait + 1);
	}
	expect(made.length).toBe(7);
	const waits = events.down.mock.calls.map(([ms]) => ms as number);
	expect(waits).toEqual([150, 300, 600, 1200, 2400, 4000]);
});

test('a request unanswered for long replaces the connection', async () => {
	socket.connect();
	await enter();
	void socket.request('x').catch(() => undefined);
	await vi.advanceTimersByTimeAsync(8001);
	expect(events.down).toHaveBeenCalledOnce();
});

test('a connection that never opens is given up', async () => {
	socket.connect();
	await vi.advanceTimersByTimeAsync(6001);
	expect(events.down).toHaveBeenCalledOnce();
});

test('garbage is ignored', async () => {
	socket.connect();
	await enter();
	last().onmessage?.({ data: '{nonsense' });
	last().say({ response: true, id: 424242, ok: true });
	const got: Notification[] = [];
	events.notification.mockImplementation((n: Notification) => got.push(n));
	last().say({ notification: true, method: 'newPeer', data: { id: 'p' }, seq: 4 });
	expect(got).toEqual([{ notification: true, method: 'newPeer', data: { id: 'p' }, seq: 4 }]);
});
