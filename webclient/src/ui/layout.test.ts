import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arrange, bestCells, PAGER, type Mode, type Rect } from './layout';

const EPSILON = 0.01;
const areas = fc.record({ w: fc.integer({ min: 280, max: 2560 }), h: fc.integer({ min: 200, max: 1440 }) });
const modes = fc.constantFrom<Mode>('grid', 'speaker', 'sidebar');
const names = (count: number) => Array.from({ length: count }, (_, i) => `p${i}`);

function overlap(a: Rect, b: Rect): boolean {
	return (
		a.x + EPSILON < b.x + b.w && b.x + EPSILON < a.x + a.w && a.y + EPSILON < b.y + b.h && b.y + EPSILON < a.y + a.h
	);
}

test('tiles stay inside and never overlap', () => {
	fc.assert(
		fc.property(modes, areas, fc.integer({ min: 1, max: 120 }), fc.nat(20), fc.boolean(), (mode, area, n, page, big) => {
			const keys = names(n);
			const { rects, pages } = arrange(mode, keys, big ? 'p0' : null, area, page);
			const bottom = pages > 1 ? area.h - PAGER : area.h;
			const list = [...rects.values()];
			expect(list.length).toBeGreaterThan(0);
			for (const [i, rect] of list.entries()) {
				expect(rect.w).toBeGreaterThan(0);
				expect(rect.h).toBeGreaterThan(0);
				expect(rect.x).toBeGreaterThanOrEqual(-EPSILON);
				expect(rect.y).toBeGreaterThanOrEqual(-EPSILON);
				expect(rect.x + rect.w).toBeLessThanOrEqual(area.w + EPSILON);
				expect(rect.y + rect.h).toBeLessThanOrEqual(bottom + EPSILON);
				for (const other of list.slice(i + 1)) expect(overlap(rect, other)).toBe(false);
			}
		})
	);
});

test('every tile is on exactly one page, the main one on all', () => {
	fc.assert(
		fc.property(modes, areas, fc.integer({ min: 1, max: 120 }), fc.boolean(), (mode, area, n, big) => {
			const keys = names(n);
			const main = big ? 'p0' : null;
			const { pages } = arrange(mode, keys, main, area, 0);
			const seen = new Map<string, number>();
			for (let page = 0; page < pages; page += 1) {
				for (const key of arrange(mode, keys, main, area, page).rects.keys()) {
					seen.set(key, (seen.get(key) ?? 0) + 1);
				}
			}
			for (const key of keys) expect(seen.get(key)).toBe(key === main ? pages : 1);
		})
	);
});

test('two people share a desk screen side by side and a phone one above the other', () => {
	expect(bestCells(2, { w: 1280, h: 680 }).cols).toBe(2);
	expect(bestCells(2, { w: 370, h: 680 }).cols).toBe(1);
});

test('a strip that fits beside the pager alone is one page without it', () => {
	expect(arrange('speaker', names(3), 'p0', { w: 374, h: 764 }, 0).pages).toBe(1);
});

test('a main tile that has left makes room for the grid', () => {
	expect(arrange('grid', ['a', 'b'], 'gone', { w: 800, h: 600 }, 0).rects.size).toBe(2);
});
