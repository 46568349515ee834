/** What others are told of this browser: its family and version, no more. */
import type { Device } from './api';

const FAMILIES: [RegExp, string, string][] = [
	[/Edg\/(\d+)/, 'edge', 'Edge'],
	[/OPR\/(\d+)/, 'opera', 'Opera'],
	[/Firefox\/(\d+)/, 'firefox', 'Firefox'],
	[/Chrome\/(\d+)/, 'chrome', 'Chrome'],
	[/Version\/(\d+).*Safari/, 'safari', 'Safari']
];

export function deviceOf(userAgent: string): Device {
	for (const [pattern, flag, name] of FAMILIES) {
		const version = pattern.exec(userAgent)?.[1];
		if (version) return { flag, name, version };
	}
	return { flag: 'unknown', name: 'unknown', version: '' };
}

export function ownDevice(): Device {
	return deviceOf(navigator.userAgent);
}
