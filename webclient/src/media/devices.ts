/** Asking the browser for cameras and microphones, and saying in one word why it would not. */
export type MediaProblem = 'denied' | 'none' | 'busy' | 'insecure' | 'failed';

export interface DeviceLists {
	cameras: MediaDeviceInfo[];
	microphones: MediaDeviceInfo[];
	speakers: MediaDeviceInfo[];
}

export interface MicOptions {
	deviceId: string;
	/** Music: no processing, stereo. */
	music: boolean;
	/** The page cleans the sound itself. */
	ownSuppression: boolean;
}

export function supported(): boolean {
	return typeof RTCPeerConnection === 'function' && typeof WebSocket === 'function' && !!globalThis.crypto?.subtle;
}

export function problemOf(error: unknown): MediaProblem {
	const name = error instanceof Error || error instanceof DOMException ? error.name : '';
	if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied';
	if (name === 'NotFoundError' || name === 'OverconstrainedError') return 'none';
	if (name === 'NotReadableError' || name === 'AbortError') return 'busy';
	if (name === 'TypeError' && !navigator.mediaDevices) return 'insecure';
	return 'failed';
}

export async function listDevices(): Promise<DeviceLists> {
	const all = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
	const kind = (k: MediaDeviceKind) => all.filter((d) => d.kind === k && d.deviceId !== '');
	return { cameras: kind('videoinput'), microphones: kind('audioinput'), speakers: kind('audiooutput') };
}

/** The chosen camera, or any if it is gone; 720p, or what there is. */
export async function openCamera(deviceId: string): Promise<MediaStreamTrack> {
	const size = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } };
	return open((exact) => ({ video: exact ? { ...size, deviceId: { exact } } : size }), deviceId);
}

export async function openMicrophone({ deviceId, music, ownSuppression }: MicOptions): Promise<MediaStreamTrack> {
	const processing = {
		echoCancellation: !music,
		noiseSuppression: !music && !ownSuppression,
		autoGainControl: !music,
		channelCount: music ? 2 : 1
	};
	return open((exact) => ({ audio: exact ? { ...processing, deviceId: { exact } } : processing }), deviceId);
}

async function open(
	constraints: (deviceId: string | null) => MediaStreamConstraints,
	deviceId: string
): Promise<MediaStreamTrack> {
	if (!navigator.mediaDevices) throw new TypeError('no media devices: not a secure context');
	let stream: MediaStream;
	try {
		stream = await navigator.mediaDevices.getUserMedia(constraints(deviceId || null));
	} catch (error) {
		if (!deviceId || problemOf(error) !== 'none') throw error;
		stream = await navigator.mediaDevices.getUserMedia(constraints(null));
	}
	const track = stream.getTracks()[0];
	if (!track) throw new DOMException('no track', 'NotFoundError');
	return track;
}

export interface ScreenOptions {
	motion: boolean;
}

/** A screen, window or tab, with its sound where the browser gives it. */
export async function openScreen({ motion }: ScreenOptions): Promise<MediaStream> {
	const stream = await navigator.mediaDevices.getDisplayMedia({
		video: { frameRate: { ideal: motion ? 30 : 10 }, width: { max: 1920 }, height: { max: 1200 } },
		audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
		/* no hall of mirrors, and no second copy of everybody's voice */
		selfBrowserSurface: 'exclude',
		surfaceSwitching: 'include',
		systemAudio: 'include',
		suppressLocalAudioPlayback: false
	} as DisplayMediaStreamOptions);
	for (const track of stream.getVideoTracks()) track.contentHint = motion ? 'motion' : 'detail';
	return stream;
}
