/** How each source is encoded. */
import type { Device as MsDevice, types as ms } from 'mediasoup-client';
import type { Source } from './api';

export interface SendQuality {
	/** Stereo without speech processing. */
	music?: boolean;
	/** Screen: sharp text, or smooth motion. */
	motion?: boolean;
}

const CAMERA: ms.RtpEncodingParameters[] = [
	{ rid: 'r0', scaleResolutionDownBy: 4, maxBitrate: 150_000, scalabilityMode: 'L1T3' },
	{ rid: 'r1', scaleResolutionDownBy: 2, maxBitrate: 500_000, scalabilityMode: 'L1T3' },
	{ rid: 'r2', scaleResolutionDownBy: 1, maxBitrate: 2_200_000, scalabilityMode: 'L1T3' }
];

function screenEncodings(motion: boolean): ms.RtpEncodingParameters[] {
	const maxFramerate = motion ? 30 : 10;
	return [
		{ rid: 'r0', scaleResolutionDownBy: 2, maxBitrate: 500_000, maxFramerate, scalabilityMode: 'L1T3' },
		{ rid: 'r1', scaleResolutionDownBy: 1, maxBitrate: 3_000_000, maxFramerate, scalabilityMode: 'L1T3' }
	];
}

export function sendOptions(source: Source, quality: SendQuality, device: MsDevice): Partial<ms.ProducerOptions> {
	if (source === 'mic') {
		return {
			codecOptions: {
				opusFec: true,
				opusDtx: !quality.music,
				opusStereo: quality.music === true,
				opusMaxAverageBitrate: quality.music ? 128_000 : 32_000,
				opusNack: true
			}
		};
	}
	if (source === 'screen-audio') {
		return { codecOptions: { opusFec: true, opusStereo: true, opusMaxAverageBitrate: 96_000, opusNack: true } };
	}
	const codec = device.sendRtpCapabilities.codecs?.find((c) => c.mimeType.toLowerCase() === 'video/vp8');
	return {
		codec,
		encodings: source === 'webcam' ? CAMERA : screenEncodings(quality.motion === true),
		codecOptions: { videoGoogleStartBitrate: 1000 }
	};
}
