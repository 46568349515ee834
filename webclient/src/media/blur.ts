/**
 * The room behind a person, blurred. The packaged selfie segmentation model finds the person in
 * each frame; a canvas puts the sharp person over the blurred frame and is sent instead of the
 * camera. Script, model and WebAssembly come from this server and are loaded when first wanted.
 */
import scriptUrl from '@mediapipe/selfie_segmentation/selfie_segmentation.js?url';
import graphUrl from '@mediapipe/selfie_segmentation/selfie_segmentation.binarypb?url';
import modelUrl from '@mediapipe/selfie_segmentation/selfie_segmentation.tflite?url';
import landscapeUrl from '@mediapipe/selfie_segmentation/selfie_segmentation_landscape.tflite?url';
import loaderUrl from '@mediapipe/selfie_segmentation/selfie_segmentation_solution_simd_wasm_bin.js?url';
import wasmUrl from '@mediapipe/selfie_segmentation/selfie_segmentation_solution_simd_wasm_bin.wasm?url';
import type { Results, SelfieSegmentation } from '@mediapipe/selfie_segmentation';
import type { Processor } from './process';

const FILES: Record<string, string> = {
	'selfie_segmentation.binarypb': graphUrl,
	'selfie_segmentation.tflite': modelUrl,
	'selfie_segmentation_landscape.tflite': landscapeUrl,
	'selfie_segmentation_solution_simd_wasm_bin.js': loaderUrl,
	'selfie_segmentation_solution_simd_wasm_bin.wasm': wasmUrl
};

const BLUR_PX = 14;
const FRAME_MS = 1000 / 24;
const LOAD_MS = 20_000;

let loaded: Promise<SelfieSegmentation> | null = null;

/** Rejects where the browser cannot do it. */
export async function loadBlur(): Promise<void> {
	loaded ??= load();
	loaded.catch(() => (loaded = null));
	await loaded;
}

async function load(): Promise<SelfieSegmentation> {
	await script(scriptUrl);
	const { SelfieSegmentation: Segmentation } = window as unknown as {
		SelfieSegmentation: new (config: object) => SelfieSegmentation;
	};
	const segmentation = new Segmentation({ locateFile: (name: string) => FILES[name] ?? `/missing/${name}` });
	segmentation.setOptions({ modelSelection: 1 });
	const late = new Promise<never>((_, reject) => setTimeout(() => reject(new Error('timeout')), LOAD_MS));
	await Promise.race([segmentation.initialize(), late]);
	return segmentation;
}

function script(src: string): Promise<void> {
	return new Promise((resolve, reject) => {
		const element = document.createElement('script');
		element.src = src;
		element.onload = () => resolve();
		element.onerror = () => reject(new Error(`cannot load ${src}`));
		document.head.append(element);
	});
}

export async function blurBackground(track: MediaStreamTrack): Promise<Processor> {
	const segmentation = await loaded;
	if (!segmentation) throw new Error('not loaded');
	const { width = 1280, height = 720 } = track.getSettings();
	const video = document.createElement('video');
	video.muted = true;
	video.srcObject = new MediaStream([track]);
	await video.play();
	const canvas = Object.assign(document.createElement('canvas'), { width, height });
	const context = canvas.getContext('2d', { alpha: false })!;
	const person = Object.assign(document.createElement('canvas'), { width, height }).getContext('2d')!;
	segmentation.onResults((results) => compose(context, person, results));
	const stop = pump(segmentation, video);
	return {
		track: canvas.captureStream(30).getVideoTracks()[0]!,
		stop() {
			stop();
			video.srcObject = null;
		}
	};
}

function compose(out: CanvasRenderingContext2D, person: CanvasRenderingContext2D, results: Results): void {
	const { width, height } = out.canvas;
	person.globalCompositeOperation = 'copy';
	person.drawImage(results.segmentationMask, 0, 0, width, height);
	person.globalCompositeOperation = 'source-in';
	person.drawImage(results.image, 0, 0, width, height);
	out.filter = `blur(${BLUR_PX}px)`;
	/* drawn larger than the canvas: the blur's pale edge stays outside */
	const edge = BLUR_PX * 2;
	out.drawImage(results.image, -edge, -edge, width + 2 * edge, height + 2 * edge);
	out.filter = 'none';
	out.drawImage(person.canvas, 0, 0);
}

/** One frame at a time; a timer, not the screen's clock, so that a hidden tab goes on. */
function pump(segmentation: SelfieSegmentation, video: HTMLVideoElement): () => void {
	let running = true;
	const turn = async () => {
		const began = performance.now();
		if (video.readyState >= 2) await segmentation.send({ image: video }).catch(() => undefined);
		if (running) setTimeout(() => void turn(), Math.max(0, FRAME_MS - (performance.now() - began)));
	};
	void turn();
	return () => (running = false);
}
