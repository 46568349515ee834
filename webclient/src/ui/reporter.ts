/** Collects the sizes of pictures and reports what changed, a few times a second at most. */
import type { Source } from '../call/api';
import type { Rect } from './layout';

const FLUSH_MS = 150;
/** Changes of less than this are not worth a message. */
const STEP_PX = 16;

interface Entry {
	peerId: string;
	source: Source;
	w: number;
	h: number;
	visible: boolean;
}

export type Report = (peerId: string, source: Source, width: number, height: number, visible: boolean) => void;

export class Reporter {
	#wanted = new Map<string, Entry>();
	#told = new Map<string, Entry>();
	#timer: ReturnType<typeof setTimeout> | undefined;

	constructor(
		private readonly report: Report,
		private readonly ratio: () => number = () => Math.min(2, globalThis.devicePixelRatio || 1)
	) {}

	/** Begins a new account of all pictures. */
	begin(): void {
		this.#wanted = new Map();
	}

	/** `key` names the stream: another consumer of the same picture is told anew. */
	set(key: string, peerId: string, source: Source, rect: Rect | null, pageVisible: boolean): void {
		const ratio = this.ratio();
		this.#wanted.set(key, {
			peerId,
			source,
			w: rect ? Math.round(rect.w * ratio) : 0,
			h: rect ? Math.round(rect.h * ratio) : 0,
			visible: rect !== null && pageVisible
		});
	}

	flushSoon(): void {
		this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS);
	}

	flush(): void {
		clearTimeout(this.#timer);
		this.#timer = undefined;
		for (const [key, entry] of this.#wanted) {
			const told = this.#told.get(key);
			if (told && !differs(told, entry)) continue;
			this.#told.set(key, entry);
			this.report(entry.peerId, entry.source, entry.w, entry.h, entry.visible);
		}
		for (const key of [...this.#told.keys()]) if (!this.#wanted.has(key)) this.#told.delete(key);
	}
}

function differs(a: Entry, b: Entry): boolean {
	if (a.visible !== b.visible) return true;
	return b.visible && (Math.abs(a.w - b.w) >= STEP_PX || Math.abs(a.h - b.h) >= STEP_PX);
}
