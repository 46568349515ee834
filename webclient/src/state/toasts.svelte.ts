/** Short messages at the edge of the screen, and what screen readers are told. */
export interface ToastAction {
	label: string;
	/** What assistive technology calls it, where the label says too little. */
	name?: string;
	run(): void;
}

export interface Toast {
	id: number;
	text: string;
	tone: 'info' | 'warn';
	actions: ToastAction[];
}

let nextId = 1;
export const toasts: Toast[] = $state([]);

/** Read out, never shown. */
export const announcement = $state({ text: '' });

export function toast(text: string, options: Partial<Pick<Toast, 'tone' | 'actions'>> & { ms?: number } = {}): number {
	const id = nextId++;
	toasts.push({ id, text, tone: options.tone ?? 'info', actions: options.actions ?? [] });
	if (toasts.length > 4) toasts.shift();
	setTimeout(() => dismiss(id), options.ms ?? 6000);
	return id;
}

export function dismiss(id: number): void {
	const at = toasts.findIndex((t) => t.id === id);
	if (at >= 0) toasts.splice(at, 1);
}

export function announce(text: string): void {
	announcement.text = text;
}
