/**
 * Where tiles go. Pure: keys and sizes in, rectangles out, so that one keyed list of tiles can be
 * moved between layouts without remounting a single video.
 */
export interface Rect {
	x: number;
	y: number;
	w: number;
	h: number;
}

export interface Arrangement {
	rects: Map<string, Rect>;
	/** Pages of what is paged: the grid, or the strip beside the main tile. */
	pages: number;
	page: number;
	perPage: number;
}

export interface Size {
	w: number;
	h: number;
}

export type Mode = 'grid' | 'speaker' | 'sidebar';

const GAP = 10;
/** Cameras are 16:9: wide screens crop them little, upright ones down to a portrait. */
const MIN_ASPECT_WIDE = 4 / 3;
const MIN_ASPECT_UPRIGHT = 0.9;
const MAX_ASPECT = 16 / 9;
/** Tiles smaller than this are no use as faces. */
const MIN_TILE: Size = { w: 150, h: 110 };
const MAX_PER_PAGE = 25;
/** What the buttons that turn pages take below the tiles. */
export const PAGER = 44;

interface Cells {
	cols: number;
	rows: number;
	w: number;
	h: number;
}

function cellSize(cols: number, rows: number, area: Size): Size {
	const w = (area.w - GAP * (cols - 1)) / cols;
	const h = (area.h - GAP * (rows - 1)) / rows;
	if (w <= 0 || h <= 0) return { w: 0, h: 0 };
	if (w / h > MAX_ASPECT) return { w: h * MAX_ASPECT, h };
	const least = area.w > area.h ? MIN_ASPECT_WIDE : MIN_ASPECT_UPRIGHT;
	if (w / h < least) return { w, h: w / least };
	return { w, h };
}

/** The columns that give the largest tiles. */
export function bestCells(count: number, area: Size): Cells {
	let best: Cells = { cols: 1, rows: Math.max(1, count), w: 0, h: 0 };
	for (let cols = 1; cols <= Math.max(1, count); cols += 1) {
		const rows = Math.ceil(Math.max(1, count) / cols);
		const { w, h } = cellSize(cols, rows, area);
		if (w * h > best.w * best.h) best = { cols, rows, w, h };
	}
	return best;
}

export function gridCapacity(area: Size): number {
	const cols = Math.max(1, Math.floor((area.w + GAP) / (MIN_TILE.w + GAP)));
	const rows = Math.max(1, Math.floor((area.h + GAP) / (MIN_TILE.h + GAP)));
	return Math.min(MAX_PER_PAGE, cols * rows);
}

function pageOf(keys: string[], perPage: number, page: number): { shown: string[]; page: number; pages: number } {
	const pages = Math.max(1, Math.ceil(keys.length / perPage));
	const at = Math.min(Math.max(0, page), pages - 1);
	return { shown: keys.slice(at * perPage, (at + 1) * perPage), page: at, pages };
}

/** Rows from the top, each centred, the whole centred in the area. */
function place(keys: string[], area: Size, at: { x: number; y: number }, rects: Map<string, Rect>): void {
	const { cols, rows, w, h } = bestCells(keys.length, area);
	const top = at.y + (area.h - rows * h - (rows - 1) * GAP) / 2;
	keys.forEach((key, i) => {
		const row = Math.floor(i / cols);
		const inRow = Math.min(cols, keys.length - row * cols);
		const left = at.x + (area.w - inRow * w - (inRow - 1) * GAP) / 2;
		rects.set(key, { x: left + (i - row * cols) * (w + GAP), y: top + row * (h + GAP), w, h });
	});
}

export function arrangeGrid(keys: string[], area: Size, page: number): Arrangement {
	const perPage = gridCapacity(area);
	const paged = pageOf(keys, perPage, page);
	const rects = new Map<string, Rect>();
	place(paged.shown, area, { x: 0, y: 0 }, rects);
	return { rects, pages: paged.pages, page: paged.page, perPage };
}

/** One large tile, the others in a strip below (`speaker`) or in a column beside (`sidebar`). */
export function arrangeMain(keys: string[], main: string, area: Size, page: number, beside: boolean): Arrangement {
	const others = keys.filter((key) => key !== main);
	const rects = new Map<string, Rect>();
	if (others.length === 0) {
		rects.set(main, { x: 0, y: 0, w: area.w, h: area.h });
		return { rects, pages: 1, page: 0, perPage: 1 };
	}
	const strip = beside ? Math.min(300, Math.max(160, area.w * 0.2)) : Math.min(150, Math.max(84, area.h * 0.18));
	const cell: Size = beside ? { w: strip, h: Math.min(area.h, strip * (9 / 16)) } : { w: strip * (4 / 3), h: strip };
	const length = beside ? area.h : area.w;
	const each = beside ? cell.h : cell.w;
	const perPage = Math.max(1, Math.floor((length + GAP) / (each + GAP)));
	const paged = pageOf(others, perPage, page);
	const used = paged.shown.length * (each + GAP) - GAP;
	const start = Math.max(0, (length - used) / 2);
	paged.shown.forEach((key, i) => {
		const along = start + i * (each + GAP);
		rects.set(
			key,
			beside
				? { x: area.w - cell.w, y: along, ...cell }
				: { x: along, y: area.h - cell.h, ...cell, w: Math.min(cell.w, area.w) }
		);
	});
	rects.set(
		main,
		beside
			? { x: 0, y: 0, w: area.w - strip - GAP, h: area.h }
			: { x: 0, y: 0, w: area.w, h: area.h - strip - GAP }
	);
	return { rects, pages: paged.pages, page: paged.page, perPage };
}

/**
 * `main`: what has to be large (pinned, spotlit, a screen); a grid then gives way to it. Of several
 * pages each leaves room for the pager, whose coming must not change how many there are.
 */
export function arrange(mode: Mode, keys: string[], main: string | null, area: Size, page: number): Arrangement {
	const whole = arrangeIn(mode, keys, main, area, page);
	if (whole.pages === 1) return whole;
	return arrangeIn(mode, keys, main, { w: area.w, h: Math.max(40, area.h - PAGER) }, page);
}

function arrangeIn(mode: Mode, keys: string[], main: string | null, area: Size, page: number): Arrangement {
	if (area.w < 40 || area.h < 40 || keys.length === 0) {
		return { rects: new Map(), pages: 1, page: 0, perPage: 1 };
	}
	const narrow = area.w < 640 || area.w < area.h;
	if (main === null || !keys.includes(main)) return arrangeGrid(keys, area, page);
	return arrangeMain(keys, main, area, page, !narrow && mode !== 'speaker');
}
