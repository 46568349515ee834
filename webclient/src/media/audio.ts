/** One audio context for meters, chimes and processing: browsers allow few. */
let context: AudioContext | null = null;

export function audioContext(): AudioContext {
	context ??= new AudioContext({ latencyHint: 'interactive', sampleRate: 48_000 });
	if (context.state === 'suspended') void context.resume();
	return context;
}

/** Calls `onLevel` with the loudness of a track, 0 to 1, ten times a second; gives a stop. */
export function meter(track: MediaStreamTrack, onLevel: (level: number) => void): () => void {
	const ctx = audioContext();
	const source = ctx.createMediaStreamSource(new MediaStream([track]));
	const analyser = ctx.createAnalyser();
	analyser.fftSize = 1024;
	source.connect(analyser);
	const samples = new Float32Array(analyser.fftSize);
	const timer = setInterval(() => {
		analyser.getFloatTimeDomainData(samples);
		onLevel(loudness(samples));
	}, 100);
	return () => {
		clearInterval(timer);
		source.disconnect();
	};
}

/** -60 dBFS and below is 0, -10 and above is 1. */
export function loudness(samples: Float32Array): number {
	let sum = 0;
	for (const sample of samples) sum += sample * sample;
	const db = 10 * Math.log10(sum / samples.length + 1e-12);
	return Math.min(1, Math.max(0, (db + 60) / 50));
}

export type Chime = 'join' | 'leave' | 'knock' | 'message' | 'test';

const NOTES: Record<Chime, number[]> = {
	join: [523, 784],
	leave: [784, 523],
	knock: [659, 659, 988],
	message: [880],
	test: [523, 659, 784, 1047]
};

/** A few soft notes; `sinkId` plays them on a certain speaker. */
export async function chime(kind: Chime, sinkId = ''): Promise<void> {
	const ctx = audioContext();
	const out = ctx.createMediaStreamDestination();
	const notes = NOTES[kind];
	const step = kind === 'test' ? 0.22 : 0.12;
	notes.forEach((frequency, i) => note(ctx, out, frequency, ctx.currentTime + 0.02 + i * step));
	const audio = new Audio();
	audio.srcObject = out.stream;
	if (sinkId && 'setSinkId' in audio) await audio.setSinkId(sinkId).catch(() => undefined);
	await audio.play().catch(() => undefined);
	setTimeout(() => (audio.srcObject = null), (notes.length * step + 0.6) * 1000);
}

function note(ctx: AudioContext, out: AudioNode, frequency: number, at: number): void {
	const oscillator = ctx.createOscillator();
	const gain = ctx.createGain();
	oscillator.frequency.value = frequency;
	gain.gain.setValueAtTime(0, at);
	gain.gain.linearRampToValueAtTime(0.12, at + 0.015);
	gain.gain.exponentialRampToValueAtTime(0.0005, at + 0.35);
	oscillator.connect(gain).connect(out);
	oscillator.start(at);
	oscillator.stop(at + 0.4);
}
