import { promisify } from 'node:util';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type Plugin } from 'vitest/config';

const OUT_DIR = resolve(import.meta.dirname, '../build/webclient/dist');
const COMPRESSIBLE = /\.(html|js|mjs|css|svg|json|webmanifest|wasm|tflite|binarypb|data)$/;

/** Writes x.br and x.gz beside each file that gains from it, so that the server never compresses. */
function precompress(): Plugin {
	const brotli = promisify(brotliCompress);
	const zip = promisify(gzip);
	return {
		name: 'precompress',
		apply: 'build',
		async closeBundle() {
			for (const entry of await readdir(OUT_DIR, { recursive: true, withFileTypes: true })) {
				const path = join(entry.parentPath, entry.name);
				if (!entry.isFile() || !COMPRESSIBLE.test(path)) continue;
				const plain = await readFile(path);
				const br = await brotli(plain, {
					params: {
						[constants.BROTLI_PARAM_QUALITY]: 11,
						[constants.BROTLI_PARAM_SIZE_HINT]: plain.length
					}
				});
				const gz = await zip(plain, { level: 9 });
				if (br.length < plain.length) await writeFile(`${path}.br`, br);
				if (gz.length < plain.length) await writeFile(`${path}.gz`, gz);
			}
		}
	};
}

export default defineConfig({
	base: '/',
	plugins: [svelte(), precompress()],
	build: {
		outDir: OUT_DIR,
		emptyOutDir: true,
		target: 'es2022',
		assetsInlineLimit: 0,
		modulePreload: { polyfill: false },
		sourcemap: false,
		reportCompressedSize: false
	},
	test: {
		include: ['src/**/*.test.ts'],
		environment: 'node',
		restoreMocks: true
	}
});
