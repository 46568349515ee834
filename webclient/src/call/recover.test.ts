import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { IceKeeper, Silence } from './recover';

let keeper: IceKeeper;
let restarts: string[];
let states: string[];

beforeEach(() => {
	vi.useFakeTimers();
	restarts = [];
	states = [];
	const actions = {
		restart: async (id: string) => void restarts.push(id),
		connection: (state: string) => void states.push(state)
	};
	keeper = new IceKeeper(actions, () => Date.now());
});

afterEach(() => {
	keeper.close();
	vi.useRealTimers();
});

test('a second of disconnection restarts ICE, a shorter one does not', async () => {
	keeper.state('t', 'disconnected');
	await vi.advanceTimersByTimeAsync(900);
	keeper.state('t', 'connected');
	await vi.advanceTimersByTimeAsync(5000);
	expect(restarts).toEqual([]);
	keeper.state('t', 'disconnected');
	await vi.advanceTimersByTimeAsync(1000);
	expect(restarts).toEqual(['t']);
	expect(states).toEqual(['broken', 'connected', 'broken']);
});

test('at most one restart in five seconds, and on until it works', async () => {
	keeper.state('t', 'failed');
	await vi.advanceTimersByTimeAsync(14_000);
	expect(restarts.length).toBe(3);
	keeper.state('t', 'connected');
	await vi.advanceTimersByTimeAsync(20_000);
	expect(restarts.length).toBe(3);
});

test('a changed network restarts at once', async () => {
	keeper.state('a', 'connected');
	keeper.networkChanged(['a', 'b']);
	await vi.advanceTimersByTimeAsync(0);
	expect(restarts.sort()).toEqual(['a', 'b']);
});

test('a transport that is gone is left alone', async () => {
	keeper.state('t', 'disconnected');
	keeper.forget('t');
	await vi.advanceTimersByTimeAsync(10_000);
	expect(restarts).toEqual([]);
	expect(states.at(-1)).toBe('connected');
});

test('silence is told once, and again only after media ran', () => {
	const silence = new Silence(700);
	expect(silence.look(null)).toBe(false);
	expect(silence.look(5000)).toBe(false); /* it never ran */
	expect(silence.look(20)).toBe(false);
	expect(silence.look(650)).toBe(false);
	expect(silence.look(701)).toBe(true);
	expect(silence.look(1400)).toBe(false);
	expect(silence.look(30)).toBe(false);
	expect(silence.look(null)).toBe(false);
	expect(silence.look(900)).toBe(false); /* paused in between */
});
