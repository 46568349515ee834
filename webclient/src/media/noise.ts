/** Background noise taken out of the microphone by RNNoise in an audio worklet. */
import { loadRnnoise, RnnoiseWorkletNode } from '@sapphi-red/web-noise-suppressor';
import workletUrl from '@sapphi-red/web-noise-suppressor/rnnoiseWorklet.js?url';
import simdUrl from '@sapphi-red/web-noise-suppressor/rnnoise_simd.wasm?url';
import url from '@sapphi-red/web-noise-suppressor/rnnoise.wasm?url';
import { audioContext } from './audio';
import type { Processor } from './process';

let loaded: Promise<ArrayBuffer> | null = null;

/** Rejects where the browser cannot do it. */
export async function loadNoiseSuppression(): Promise<void> {
	loaded ??= Promise.all([loadRnnoise({ url, simdUrl }), audioContext().audioWorklet.addModule(workletUrl)]).then(
		([binary]) => binary
	);
	loaded.catch(() => (loaded = null));
	await loaded;
}

export async function suppressNoise(track: MediaStreamTrack): Promise<Processor> {
	const wasmBinary = await loaded;
	if (!wasmBinary) throw new Error('not loaded');
	const context = audioContext();
	const source = context.createMediaStreamSource(new MediaStream([track]));
	const node = new RnnoiseWorkletNode(context, { maxChannels: 1, wasmBinary });
	const out = context.createMediaStreamDestination();
	source.connect(node).connect(out);
	return {
		track: out.stream.getAudioTracks()[0]!,
		stop() {
			source.disconnect();
			node.disconnect();
			node.destroy();
		}
	};
}
