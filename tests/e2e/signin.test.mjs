// Sign-in as people see it, with an issuer of our own that checks what the
// page sends: state, nonce, PKCE.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import http from 'node:http';
import * as e2e from './lib.mjs';
import { allow, button, inRoom, joinAs, meetingLink, openPanel, tile } from './people.mjs';

const PORT = 9444;
const ISSUER = `http://127.0.0.1:${PORT}`;
const AUTHORIZE = 'https://issuer.test/authorize';
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const b64 = (data) => Buffer.from(data).toString('base64url');
let issuer, server, browser;
/** What people were asked for, by code. */
const codes = new Map();

function idToken({ nonce, name }) {
	const now = Math.floor(Date.now() / 1000);
	const claims = { iss: ISSUER, aud: 'chattr', sub: name, name, nonce, iat: now, exp: now + 300 };
	const body = `${b64(JSON.stringify({ alg: 'RS256', kid: 'k' }))}.${b64(JSON.stringify(claims))}`;
	return `${body}.${sign('sha256', Buffer.from(body), privateKey).toString('base64url')}`;
}

const routes = {
	'/.well-known/openid-configuration': () => ({
		issuer: ISSUER,
		authorization_endpoint: AUTHORIZE,
		token_endpoint: `${ISSUER}/token`,
		jwks_uri: `${ISSUER}/keys`
	}),
	'/keys': () => ({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'RS256', use: 'sig' }] }),
	'/token': (form) => {
		const asked = codes.get(form.get('code'));
		codes.delete(form.get('code'));
		assert.equal(createHash('sha256').update(form.get('code_verifier')).digest('base64url'), asked.get('code_challenge'));
		const token = idToken({ nonce: asked.get('nonce'), name: 'Ann Example' });
		return { id_token: token, token_type: 'Bearer', access_token: 'x' };
	}
};

/** The issuer's page, in the browser: one consents by a click. */
async function consent(route) {
	const asked = new URL(route.request().url()).searchParams;
	assert.equal(asked.get('code_challenge_method'), 'S256');
	const code = b64(randomBytes(16));
	codes.set(code, asked);
	const back = new URL(asked.get('redirect_uri'));
	back.searchParams.set('code', code);
	back.searchParams.set('state', asked.get('state'));
	await route.fulfill({ contentType: 'text/html', body: `<a href="${back.href.replaceAll('&', '&amp;')}">Yes, it is me</a>` });
}

async function visitor(options) {
	const page = await e2e.person(browser, { light: true, ...options });
	await page.context().route(`${AUTHORIZE}**`, consent);
	return page;
}

async function signIn(page) {
	await button(page, 'Continue with Example').click();
	await page.getByRole('link', { name: 'Yes, it is me' }).click();
}

/** What the server asks of it. */
function answer(req, res) {
	let body = '';
	req.on('data', (data) => (body += data));
	req.on('end', () => {
		res.setHeader('content-type', 'application/json');
		res.end(JSON.stringify(routes[new URL(req.url, ISSUER).pathname](new URLSearchParams(body))));
	});
}

before(async () => {
	issuer = http.createServer(answer);
	await new Promise((done) => issuer.listen(PORT, done));
	server = await e2e.startServer({
		CHATTR_SIGNIN_ISSUER: ISSUER,
		CHATTR_SIGNIN_CLIENT_ID: 'chattr',
		CHATTR_SIGNIN_CLIENT_SECRET: 'secret',
		CHATTR_SIGNIN_LABEL: 'Example',
		CHATTR_SIGNIN_REQUIRED: 'join'
	});
	browser = await e2e.launchChromium();
});
after(async () => {
	await browser?.close();
	await server?.stop();
	issuer?.close();
});

test('signed in, one may start a meeting, come into one, and has a check mark', async () => {
	const ann = await visitor();
	await ann.goto(server.url);
	await ann.getByText('Sign in to start a meeting.').waitFor();
	assert.equal(await button(ann, 'New meeting').count(), 0);
	await signIn(ann);
	await ann.getByText('Signed in as Ann Example').waitFor();
	assert.equal(ann.url(), `${server.url}/`, 'the address bar lost the code');
	await e2e.shot(ann, 'home-signed-in-desk-dark');
	await button(ann, 'New meeting').click();
	await ann.getByText('Signed in as Ann Example').waitFor();
	await button(ann, 'Join now').click();
	await inRoom(ann);
	const link = await meetingLink(ann);

	/* the key of the chat and the room outlive the way to the issuer */
	const ben = await visitor({ viewport: e2e.PHONE });
	await ben.goto(link);
	await ben.getByText('Sign in to join this meeting.').waitFor();
	assert.equal(await button(ben, 'Join now').count(), 0);
	await e2e.shot(ben, 'lobby-sign-in-phone-dark');
	await signIn(ben);
	await button(ben, 'Join now').click();
	await allow(ann, 'Ann Example');
	await inRoom(ben);
	await openPanel(ben, 'Chat');
	await ben.getByRole('textbox', { name: 'Message', exact: true }).waitFor();
	await tile(ann, 'Ann Example').getByRole('img', { name: 'Signed in' }).waitFor();
	assert.deepEqual([...ann.complaints, ...ben.complaints], []);
	await ben.context().close();

	await button(ann, 'Leave').click();
	await button(ann, 'Leave the meeting').click();
	await button(ann, 'Back to start').click();
	await button(ann, 'Sign out').click();
	await button(ann, 'Continue with Example').waitFor();
	await ann.context().close();
});

test('a way back that nobody went forth, and a token that is none, lead to the button again', async () => {
	const eve = await visitor();
	await eve.goto(`${server.url}/auth/callback?code=stolen&state=guessed`);
	await eve.getByText('The sign-in did not succeed.').waitFor();
	assert.equal(eve.url(), `${server.url}/`);
	await eve.evaluate(() => localStorage.setItem('chattr.signin', JSON.stringify({ token: 'x'.repeat(22), name: 'Eve' })));
	await eve.goto(`${server.url}/r/some-room`);
	await button(eve, 'Join now').click();
	await eve.getByRole('heading', { name: 'This meeting needs a sign-in' }).waitFor();
	await button(eve, 'Continue with Example').waitFor();
	await eve.context().close();
});
