/**
 * Noise suppression and background blur: their code and models are loaded when first wanted, and
 * a device that is running is reopened through them.
 */
import type { LocalMedia } from '../media/local.svelte';
import { plain } from '../media/process';
import { prefs } from './prefs.svelte';
import { fileMissing } from './version';

/** Applies what is remembered; a failure leaves the plain track. */
export async function applyProcessing(local: LocalMedia): Promise<void> {
	if (prefs.noiseSuppression) await useNoiseSuppression(local).catch(() => (prefs.noiseSuppression = false));
	if (prefs.blur) await useBlur(local).catch(() => (prefs.blur = false));
}

export async function setNoiseSuppression(local: LocalMedia, on: boolean): Promise<void> {
	if (on) await useNoiseSuppression(local);
	else local.processMic = plain;
	prefs.noiseSuppression = on;
	await local.reopenMic();
}

export async function setBlur(local: LocalMedia, on: boolean): Promise<void> {
	if (on) await useBlur(local);
	else local.processCamera = plain;
	prefs.blur = on;
	await local.reopenCamera();
}

/** Their models are files, too. */
async function loaded(model: Promise<unknown>): Promise<void> {
	await model.catch((error: unknown) => {
		void fileMissing();
		throw error;
	});
}

async function useNoiseSuppression(local: LocalMedia): Promise<void> {
	const { loadNoiseSuppression, suppressNoise } = await import('../media/noise');
	await loaded(loadNoiseSuppression());
	local.processMic = suppressNoise;
}

async function useBlur(local: LocalMedia): Promise<void> {
	const { loadBlur, blurBackground } = await import('../media/blur');
	await loaded(loadBlur());
	local.processCamera = blurBackground;
}
