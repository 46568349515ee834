/** Attachments that tie a track to an element without ever remounting it. */
import type { Attachment } from 'svelte/attachments';

/** Shows or plays one track; null shows nothing. */
export function plays(track: MediaStreamTrack | null | undefined, blocked?: () => void): Attachment<HTMLMediaElement> {
	return (element) => {
		const current = element.srcObject instanceof MediaStream ? element.srcObject.getTracks()[0] : undefined;
		if (current === (track ?? undefined)) return;
		element.srcObject = track ? new MediaStream([track]) : null;
		if (!track) return;
		element.play().catch((error: Error) => {
			if (error.name === 'NotAllowedError') blocked?.();
		});
	};
}

/** Plays through the chosen speaker, where the browser lets one choose. */
export function speaker(deviceId: string): Attachment<HTMLMediaElement> {
	return (element) => {
		if ('setSinkId' in element && element.sinkId !== deviceId) {
			element.setSinkId(deviceId).catch(() => undefined);
		}
	};
}
