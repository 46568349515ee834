/**
 * Sign-in with the server's OpenID Connect issuer, if it has one. The page makes state, nonce and
 * PKCE verifier (RFC 7636), goes to the issuer, comes back to /auth/callback, and hands the code to
 * the server, which answers with a token of its own: that is kept until it expires.
 */
import { randomBytes, toBase64Url, utf8 } from '../chat/bytes';
import { sha256 } from '../chat/sha256';
import { keepPendingSignIn, keepSignIn, keptSignIn, takePendingSignIn } from './keeper';
import { prefs } from './prefs.svelte';

interface How {
	required: 'no' | 'create' | 'join';
	label?: string;
	clientId?: string;
	authorizationEndpoint?: string;
}

const CALLBACK = '/auth/callback';
const RETRY_MS = 2000;

class SignIn {
	/** What the server says of it; null: not known yet. */
	how: How | null = $state.raw(null);
	/** Who has signed in here. */
	name = $state('');
	failed = $state(false);
	#token: string | undefined = $state();
	#asked = false;

	constructor() {
		const kept = keptSignIn();
		if (kept) this.#take(kept);
	}

	get token(): string | undefined {
		return this.#token;
	}

	/** Behind "Continue with"; empty: the server has no issuer, or it does not answer. */
	get label(): string {
		return this.how?.authorizationEndpoint ? (this.how.label ?? '') : '';
	}

	needed(what: 'create' | 'join'): boolean {
		const required = this.how?.required ?? 'no';
		return !this.#token && (required === 'join' || required === what);
	}

	/** Asks the server, once a page; again while a sign-in is needed and the issuer does not answer. */
	ask(): void {
		if (this.#asked) return;
		this.#asked = true;
		void fetch('/api/signin')
			.then(async (response) => {
				if (response.ok) this.how = (await response.json()) as How;
			})
			.catch(() => undefined)
			.finally(() => {
				if (!this.how || this.how.required === 'no' || this.label) return;
				setTimeout(() => {
					this.#asked = false;
					this.ask();
				}, RETRY_MS);
			});
	}

	/** Off to the issuer; `back` is where the page goes on afterwards. */
	begin(back: { roomId: string | null; invite: string | null }): void {
		const { how } = this;
		if (!how?.authorizationEndpoint) return;
		const secret = () => toBase64Url(randomBytes(32));
		const pending = { state: secret(), nonce: secret(), verifier: secret(), ...back };
		keepPendingSignIn(pending);
		const url = new URL(how.authorizationEndpoint);
		for (const [key, value] of Object.entries({
			client_id: how.clientId ?? '',
			response_type: 'code',
			scope: 'openid profile',
			redirect_uri: location.origin + CALLBACK,
			state: pending.state,
			nonce: pending.nonce,
			code_challenge: toBase64Url(sha256(utf8(pending.verifier))),
			code_challenge_method: 'S256'
		})) {
			url.searchParams.set(key, value);
		}
		location.assign(url);
	}

	/** On the way back: where to go on, or null where this is no way back. */
	async finish(href: string): Promise<{ roomId: string | null; invite: string | null } | null> {
		const url = new URL(href);
		if (url.pathname !== CALLBACK) return null;
		const pending = takePendingSignIn();
		const code = url.searchParams.get('code');
		const back = { roomId: pending?.roomId ?? null, invite: pending?.invite ?? null };
		if (!pending || !code || url.searchParams.get('state') !== pending.state) {
			this.failed = true;
			return back;
		}
		const { verifier, nonce } = pending;
		const response = await fetch('/api/signin', {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify({ code, verifier, nonce })
		}).catch(() => null);
		if (response?.ok) {
			const { signInToken, name } = (await response.json()) as { signInToken: string; name: string };
			this.#take({ token: signInToken, name });
			keepSignIn({ token: signInToken, name });
		} else {
			this.failed = true;
		}
		return back;
	}

	/** Also when the server does not take the token any more. */
	forget(): void {
		this.#token = undefined;
		this.name = '';
		keepSignIn(null);
	}

	#take({ token, name }: { token: string; name: string }): void {
		this.#token = token;
		this.name = name;
		if (name) prefs.name = name;
	}
}

export const signIn = new SignIn();
