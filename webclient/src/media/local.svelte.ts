/**
 * The person's own camera and microphone, from the lobby on through the call.
 * Off means released: the browser's recording indicator goes out, unless the person asked to keep
 * the microphone warm. Who sends the tracks listens through `onTrack`.
 */
import { prefs } from '../state/prefs.svelte';
import { listDevices, openCamera, openMicrophone, problemOf, type DeviceLists, type MediaProblem } from './devices';
import { plain, type Processor } from './process';

export type LocalKind = 'mic' | 'camera';
/** The track of this kind was switched on, off or replaced. */
export type TrackListener = (kind: LocalKind) => void;

/** A device with what is done to its track before anybody gets it. */
class Capture {
	raw: MediaStreamTrack | null = null;
	processor: Processor | null = null;

	get track(): MediaStreamTrack | null {
		return this.processor?.track ?? null;
	}

	release(): void {
		this.processor?.stop();
		this.raw?.stop();
		this.processor = null;
		this.raw = null;
	}
}

export class LocalMedia {
	micOn = $state(false);
	cameraOn = $state(false);
	/** A switch is under way. */
	micBusy = $state(false);
	cameraBusy = $state(false);
	micProblem: MediaProblem | null = $state(null);
	cameraProblem: MediaProblem | null = $state(null);
	micTrack: MediaStreamTrack | null = $state.raw(null);
	cameraTrack: MediaStreamTrack | null = $state.raw(null);
	devices: DeviceLists = $state.raw({ cameras: [], microphones: [], speakers: [] });
	onTrack: TrackListener | null = null;
	/** What the person chose last: known at once, while a device is on only when it has opened. */
	readonly wants = { mic: false, camera: false };
	/** Chosen by the app when the models are wanted; `plain` otherwise. */
	processMic: (track: MediaStreamTrack) => Promise<Processor> = plain;
	processCamera: (track: MediaStreamTrack) => Promise<Processor> = plain;

	readonly #mic = new Capture();
	readonly #camera = new Capture();
	#queue: Promise<unknown> = Promise.resolve();
	#closed = false;
	readonly #onDevices = () => void this.#devicesChanged();

	constructor() {
		navigator.mediaDevices?.addEventListener('devicechange', this.#onDevices);
		void this.refreshDevices();
	}

	async refreshDevices(): Promise<void> {
		this.devices = await listDevices().catch(() => this.devices);
	}

	setMic(on: boolean): Promise<void> {
		this.wants.mic = on;
		return this.#serial(() => (on ? this.#micOn() : this.#micOff()));
	}

	setCamera(on: boolean): Promise<void> {
		this.wants.camera = on;
		return this.#serial(() => (on ? this.#cameraOn() : this.#cameraOff()));
	}

	async pickMic(deviceId: string): Promise<void> {
		prefs.micId = deviceId;
		await this.reopenMic();
	}

	async pickCamera(deviceId: string): Promise<void> {
		prefs.cameraId = deviceId;
		await this.reopenCamera();
	}

	/** Applies a changed device or processing to a running microphone. */
	reopenMic(): Promise<void> {
		return this.#serial(async () => {
			const warm = this.#mic.raw !== null && !this.micOn;
			if (warm) this.#mic.release();
			if (this.micOn) await this.#micOn();
		});
	}

	reopenCamera(): Promise<void> {
		return this.#serial(async () => {
			if (this.cameraOn) await this.#cameraOn();
		});
	}

	/** Releases all devices. */
	close(): void {
		this.#closed = true;
		this.onTrack = null;
		navigator.mediaDevices?.removeEventListener('devicechange', this.#onDevices);
		this.#mic.release();
		this.#camera.release();
		this.micOn = this.cameraOn = false;
		this.micTrack = this.cameraTrack = null;
	}

	#serial(work: () => Promise<void>): Promise<void> {
		const next = this.#queue.then(() => (this.#closed ? undefined : work()));
		this.#queue = next.catch(() => undefined);
		return next;
	}

	async #micOn(): Promise<void> {
		this.micBusy = true;
		try {
			if (!this.#mic.raw || this.#mic.raw.readyState === 'ended' || this.micOn) {
				const raw = await openMicrophone({
					deviceId: prefs.micId,
					music: prefs.music,
					ownSuppression: prefs.noiseSuppression
				});
				await this.#take(this.#mic, raw, this.processMic, () => void this.#micEnded(raw));
			}
			this.micProblem = null;
			this.micOn = true;
			this.micTrack = this.#mic.track;
			this.onTrack?.('mic');
		} catch (error) {
			this.#mic.release();
			this.micOn = false;
			this.micTrack = null;
			this.micProblem = problemOf(error);
			this.onTrack?.('mic');
		} finally {
			this.micBusy = false;
			void this.refreshDevices();
		}
	}

	async #micOff(): Promise<void> {
		this.micOn = false;
		this.onTrack?.('mic');
		if (prefs.keepMicWarm && this.#mic.raw) return;
		this.#mic.release();
		this.micTrack = null;
	}

	async #cameraOn(): Promise<void> {
		this.cameraBusy = true;
		try {
			const raw = await openCamera(prefs.cameraId);
			await this.#take(this.#camera, raw, this.processCamera, () => void this.#cameraEnded(raw));
			this.cameraProblem = null;
			this.cameraOn = true;
			this.cameraTrack = this.#camera.track;
			this.onTrack?.('camera');
		} catch (error) {
			this.#camera.release();
			this.cameraOn = false;
			this.cameraTrack = null;
			this.cameraProblem = problemOf(error);
			this.onTrack?.('camera');
		} finally {
			this.cameraBusy = false;
			void this.refreshDevices();
		}
	}

	async #cameraOff(): Promise<void> {
		this.cameraOn = false;
		this.cameraTrack = null;
		this.onTrack?.('camera');
		this.#camera.release();
	}

	async #take(
		capture: Capture,
		raw: MediaStreamTrack,
		process: (track: MediaStreamTrack) => Promise<Processor>,
		ended: () => void
	): Promise<void> {
		/* a device that allows one user only is freed when the new one is another */
		const processor = await process(raw).catch(() => plain(raw));
		capture.release();
		if (this.#closed) {
			processor.stop();
			raw.stop();
			throw new DOMException('closed', 'AbortError');
		}
		capture.raw = raw;
		capture.processor = processor;
		raw.addEventListener('ended', ended);
	}

	/** The device was pulled out: fall back to another one, or say that there is none. */
	#micEnded(raw: MediaStreamTrack): Promise<void> {
		return this.#serial(async () => {
			if (this.#mic.raw !== raw) return;
			if (this.micOn) await this.#micOn();
			else this.#mic.release();
		});
	}

	#cameraEnded(raw: MediaStreamTrack): Promise<void> {
		return this.#serial(async () => {
			if (this.#camera.raw === raw && this.cameraOn) await this.#cameraOn();
		});
	}

	async #devicesChanged(): Promise<void> {
		await this.refreshDevices();
		/* the chosen microphone came back: take it again */
		const chosen = this.devices.microphones.some((d) => d.deviceId === prefs.micId);
		const current = this.#mic.raw?.getSettings().deviceId;
		if (this.micOn && prefs.micId && chosen && current && current !== prefs.micId) await this.reopenMic();
	}
}
