// Sign-in against a real issuer (the package oidc-provider) and against one
// that forges. signald runs for real, on loopback addresses.
import assert from 'node:assert/strict';
import { createHash, createHmac, createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, openSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { Provider } from 'oidc-provider';

const ROOT = resolve(import.meta.dirname, '../..');
const SIGNALD = join(ROOT, 'build', process.env.VARIANT ?? 'release', 'bin/signald');
const b64 = (data) => Buffer.from(data).toString('base64url');
const sleep = (ms) => new Promise((r) => setTimeout(r, ms));

// ---- signald ----

async function startSignald(port, issuer, env = {}) {
	const dir = mkdtempSync(join(tmpdir(), 'chattr-signin-'));
	const log = openSync(join(dir, 'log'), 'w');
	const child = spawn(SIGNALD, [], {
		cwd: ROOT,
		stdio: ['ignore', log, log],
		env: {
			PATH: process.env.PATH,
			CHATTR_SERVER_RUN_DIR: join(dir, 'run'),
			CHATTR_SERVER_STATE_DIR: join(dir, 'state'),
			CHATTR_LISTEN_ADDRESS: '127.0.0.1',
			CHATTR_LISTEN_PORT: String(port),
			CHATTR_MEDIA_WORKERS: '1',
			CHATTR_MEDIA_PORT: '0',
			CHATTR_SIGNIN_ISSUER: issuer,
			CHATTR_SIGNIN_CLIENT_ID: 'chattr',
			CHATTR_SIGNIN_CLIENT_SECRET: 'a secret & more',
			CHATTR_SIGNIN_LABEL: 'Test',
			...env
		}
	});
	const origin = `https://127.0.0.1:${port}`;
	const server = {
		origin,
		log: () => readFileSync(join(dir, 'log'), 'utf8'),
		call: (method, path, body) => call(origin, method, path, body),
		async stop() {
			child.kill('SIGTERM');
			await new Promise((r) => child.on('exit', r));
			assert.doesNotMatch(server.log(), /Sanitizer:|runtime error:/);
			rmSync(dir, { recursive: true, force: true });
		}
	};
	for (let i = 0; i < 100; i++) {
		const got = await server.call('GET', '/api/signin').catch(() => null);
		if (got?.data.authorizationEndpoint) return server;
		await sleep(100);
	}
	throw new Error(`signald does not answer:\n${server.log()}`);
}

function call(origin, method, path, body) {
	return new Promise((done, fail) => {
		const req = https.request(
			origin + path,
			{ method, rejectUnauthorized: false, headers: { Origin: origin, 'Content-Type': 'application/json' } },
			(res) => {
				let text = '';
				res.on('data', (d) => (text += d));
				res.on('end', () => done({ status: res.statusCode, data: JSON.parse(text) }));
			}
		);
		req.on('error', fail);
		req.end(body && JSON.stringify(body));
	});
}

// ---- a person with a browser at the issuer ----

function browser() {
	const cookies = new Map();
	return async function go(url, form) {
		const res = await fetch(url, {
			method: form ? 'POST' : 'GET',
			redirect: 'manual',
			headers: {
				Cookie: [...cookies].map(([k, v]) => `${k}=${v}`).join('; '),
				...(form && { 'Content-Type': 'application/x-www-form-urlencoded' })
			},
			body: form && new URLSearchParams(form).toString()
		});
		for (const c of res.headers.getSetCookie()) {
			const [, k, v] = /^([^=]+)=([^;]*)/.exec(c);
			cookies.set(k, v);
		}
		return res;
	};
}

/** Follows redirects and fills forms until the page would be called back. */
async function authorize(endpoint, origin, verifier, nonce) {
	const go = browser();
	const challenge = createHash('sha256').update(verifier).digest('base64url');
	let url = `${endpoint}?${new URLSearchParams({
		client_id: 'chattr',
		response_type: 'code',
		scope: 'openid profile',
		redirect_uri: `${origin}/auth/callback`,
		state: 'state',
		nonce,
		code_challenge: challenge,
		code_challenge_method: 'S256'
	})}`;
	let form;
	for (let i = 0; i < 12; i++) {
		const res = await go(url, form);
		form = undefined;
		if (res.status >= 300 && res.status < 400) {
			url = new URL(res.headers.get('location'), url).href;
			if (url.startsWith(origin)) return new URL(url).searchParams.get('code');
			continue;
		}
		const page = await res.text();
		const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1];
		assert.ok(prompt, `a form at ${url}: ${page.slice(0, 300)}`);
		form = prompt === 'login' ? { prompt, login: 'ann', password: 'x' } : { prompt };
	}
	throw new Error('the issuer goes in circles');
}

const fresh = () => ({ verifier: b64(randomBytes(40)), nonce: b64(randomBytes(16)) });

// ---- a real issuer ----

let issuer, real;

async function startProvider(port, signald, alg) {
	const { privateKey } = generateKeyPairSync(
		...(alg === 'ES256' ? ['ec', { namedCurve: 'P-256' }] : ['rsa', { modulusLength: 2048 }])
	);
	const at = `http://127.0.0.1:${port}`;
	const provider = new Provider(at, {
		clients: [
			{
				client_id: 'chattr',
				client_secret: 'a secret & more',
				redirect_uris: [`${signald}/auth/callback`],
				id_token_signed_response_alg: alg
			}
		],
		jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'k1', alg, use: 'sig' }] },
		conformIdTokenClaims: false,
		claims: { openid: ['sub'], profile: ['name'] },
		findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id, name: 'Ann Example' }) })
	});
	const server = provider.listen(port, '127.0.0.1');
	await new Promise((r) => server.once('listening', r));
	return { at, stop: () => server.close() };
}

for (const [alg, port] of [
	['RS256', 7461],
	['ES256', 7463]
]) {
	test(`a person signs in at a real issuer with ${alg}`, async () => {
		issuer = await startProvider(port + 1, `https://127.0.0.1:${port}`, alg);
		real = await startSignald(port, issuer.at, { CHATTR_SIGNIN_REQUIRED: 'create' });
		try {
			const { data: how } = await real.call('GET', '/api/signin');
			assert.equal(how.label, 'Test');
			assert.equal(how.required, 'create');
			const t = fresh();
			const code = await authorize(how.authorizationEndpoint, real.origin, t.verifier, t.nonce);
			const got = await real.call('POST', '/api/signin', { code, ...t });
			assert.equal(got.status, 200, real.log());
			assert.equal(got.data.name, 'Ann Example');
			// It opens what a guest may not.
			assert.equal((await real.call('POST', '/api/rooms', {})).data.errorReason, 'sign-in-required');
			const room = await real.call('POST', '/api/rooms', { signInToken: got.data.signInToken });
			assert.equal(room.status, 200);
			// A code is good once, and only with its verifier.
			const again = await real.call('POST', '/api/signin', { code, ...t });
			assert.equal(again.status, 401);
			const u = fresh();
			const other = await authorize(how.authorizationEndpoint, real.origin, u.verifier, u.nonce);
			const stolen = await real.call('POST', '/api/signin', { code: other, ...fresh(), nonce: u.nonce });
			assert.equal(stolen.data.errorReason, 'sign-in-refused');
			assert.equal((await real.call('POST', '/api/signin', { code, verifier: 'short', nonce: t.nonce })).status, 400);
		} finally {
			await real.stop();
			issuer.stop();
		}
	});
}

// ---- an issuer that forges ----

const keys = {};
for (const kid of ['good', 'rotated', 'strange']) keys[kid] = generateKeyPairSync('rsa', { modulusLength: 2048 });

function jws(header, claims, key) {
	const body = `${b64(JSON.stringify(header))}.${b64(JSON.stringify(claims))}`;
	return `${body}.${typeof key === 'function' ? key(body) : sign('sha256', Buffer.from(body), key).toString('base64url')}`;
}

test('an issuer that forges gets nobody in', async (t) => {
	const port = 7465;
	const at = `http://127.0.0.1:${port + 1}`;
	const published = ['good'];
	let fetched = 0;
	let next; // the id_token it hands out
	const server = http.createServer((req, res) => {
		res.setHeader('Content-Type', 'application/json');
		if (req.url === '/.well-known/openid-configuration')
			res.end(
				JSON.stringify({
					issuer: at,
					authorization_endpoint: `${at}/auth`,
					token_endpoint: `${at}/token`,
					jwks_uri: `${at}/jwks`
				})
			);
		else if (req.url === '/jwks') {
			fetched++;
			res.end(
				JSON.stringify({ keys: published.map((kid) => ({ ...keys[kid].publicKey.export({ format: 'jwk' }), kid })) })
			);
		} else {
			req.resume();
			res.end(JSON.stringify({ id_token: next, token_type: 'Bearer', access_token: 'x' }));
		}
	});
	await new Promise((r) => server.listen(port + 1, '127.0.0.1', r));
	const signald = await startSignald(port, at);
	const nonce = 'nonce-of-this-sign-in';
	const now = Math.floor(Date.now() / 1000);
	const claims = (over = {}) => ({ iss: at, aud: 'chattr', sub: 'ann', nonce, iat: now, exp: now + 300, ...over });
	const post = async (token) => {
		next = token;
		return (await signald.call('POST', '/api/signin', { code: 'c', verifier: 'v'.repeat(43), nonce })).status;
	};
	const rs = { alg: 'RS256', kid: 'good' };
	const good = keys.good.privateKey;
	try {
		await t.test('a good one passes', async () => assert.equal(await post(jws(rs, claims(), good)), 200));
		await t.test('the keys have changed: fetched again, once', async () => {
			published.push('rotated');
			const token = jws({ alg: 'RS256', kid: 'rotated' }, claims(), keys.rotated.privateKey);
			assert.equal(await post(token), 200);
			assert.equal(fetched, 2);
		});
		const pem = createPublicKey(keys.good.privateKey).export({ type: 'spki', format: 'pem' });
		const forged = {
			'alg none': jws({ alg: 'none' }, claims(), () => ''),
			'HS256 with the public key': jws({ alg: 'HS256', kid: 'good' }, claims(), (b) =>
				createHmac('sha256', pem).update(b).digest('base64url')
			),
			'wrong issuer': jws(rs, claims({ iss: 'https://evil.example' }), good),
			expired: jws(rs, claims({ exp: now - 61 }), good),
			'unknown kid': jws({ alg: 'RS256', kid: 'strange' }, claims(), keys.strange.privateKey),
			'the key of another': jws(rs, claims(), keys.strange.privateKey),
			'another audience': jws(rs, claims({ aud: ['chattr', 'evil'] }), good),
			'another nonce': jws(rs, claims({ nonce: 'of-another-sign-in' }), good),
			'not yet': jws(rs, claims({ nbf: now + 600 }), good),
			garbage: 'garbage'
		};
		for (const [what, token] of Object.entries(forged))
			await t.test(what, async () => assert.equal(await post(token), 401));
		assert.equal(fetched, 2, 'an unknown key must not make us fetch again and again');
	} finally {
		await signald.stop();
		server.close();
	}
});
