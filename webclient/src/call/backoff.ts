/**
 * Full-jitter back-off: the n-th wait is uniform in [0, min(cap, base * 2^n)).
 * A crowd that lost the same server comes back spread out.
 */
export class Backoff {
	#attempt = 0;

	constructor(
		private readonly baseMs = 300,
		private readonly capMs = 8000,
		private readonly random: () => number = Math.random
	) {}

	get attempt(): number {
		return this.#attempt;
	}

	nextMs(): number {
		const ceiling = Math.min(this.capMs, this.baseMs * 2 ** Math.min(this.#attempt, 16));
		this.#attempt += 1;
		return this.random() * ceiling;
	}

	reset(): void {
		this.#attempt = 0;
	}
}
