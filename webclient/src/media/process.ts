/** What happens to a captured track before it is sent. */
export interface Processor {
	readonly track: MediaStreamTrack;
	/** Frees what processing took; the captured track is the owner's. */
	stop(): void;
}

/** Nothing happens. */
export function plain(track: MediaStreamTrack): Promise<Processor> {
	return Promise.resolve({ track, stop: () => undefined });
}
