// A browser's half of the signaling over wss, many in one process, each from
// an address of its own: the server keeps its limits on. And signald itself.
import { randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import tls from 'node:tls';

export const ROOT = resolve(import.meta.dirname, '../..');
const BIN = join(ROOT, 'build', process.env.VARIANT ?? 'release', 'bin');

export const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
export const secret = () => randomBytes(16).toString('base64url');

/** The i-th address of 127.0.0.0/8, from 127.1.0.1 on. */
export function address(i) {
	return `127.${1 + Math.floor(i / 62500)}.${Math.floor(i / 250) % 250}.${1 + (i % 250)}`;
}

let addresses = 0;
export const nextAddress = () => address(addresses++);

/* ---- one client ---- */

function frame(opcode, payload) {
	const len = payload.length;
	const head = Buffer.alloc(len < 126 ? 6 : 8); /* a mask of zeroes */
	head[0] = 0x80 | opcode;
	if (len < 126) head[1] = 0x80 | len;
	else {
		head[1] = 0x80 | 126;
		head.writeUInt16BE(len, 2);
	}
	return Buffer.concat([head, payload]);
}

export class Client {
	#socket;
	#left = Buffer.alloc(0);
	#asked = new Map();
	#heard = new Map(); /* method -> callbacks */
	#nextId = 1;
	open = false;
	/** Every message of the server, for who wants to see all. */
	onmessage = null;
	closed; /* a promise of {code, reason} */

	/** Resolves when the WebSocket is open, rejects when it cannot be. */
	static connect(port, room, from = nextAddress(), peer = '') {
		const c = new Client();
		return new Promise((done, fail) => {
			let ended;
			c.closed = new Promise((r) => (ended = r));
			c.#socket = tls.connect({ host: '127.0.0.1', port, localAddress: from, rejectUnauthorized: false });
			c.#socket.setNoDelay(true);
			c.#socket.on('error', fail);
			c.#socket.on('close', () => {
				c.open = false;
				fail(new Error('closed'));
				for (const { reject } of c.#asked.values()) reject(new Error('closed'));
				c.#asked.clear();
				ended(c.#code ?? { code: 1006, reason: '' });
			});
			c.#socket.on('data', (data) => c.#read(data, done, fail));
			c.#socket.write(
				`GET /?roomId=${room}${peer && `&peerId=${peer}`} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n` +
					'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' +
					`Sec-WebSocket-Protocol: protoo\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`
			);
		});
	}

	#code;

	#read(data, done, fail) {
		this.#left = this.#left.length ? Buffer.concat([this.#left, data]) : data;
		if (!this.open) {
			const end = this.#left.indexOf('\r\n\r\n');
			if (end < 0) return;
			const line = this.#left.toString('latin1', 0, this.#left.indexOf('\r\n'));
			if (!line.includes(' 101 ')) return fail(new Error(line));
			this.#left = this.#left.subarray(end + 4);
			this.open = true;
			done(this);
		}
		for (;;) {
			const got = this.#frame();
			if (!got) return;
			if (got.opcode === 9) this.#socket.write(frame(10, got.payload));
			else if (got.opcode === 8) {
				this.#code = { code: got.payload.readUInt16BE(0), reason: got.payload.toString('utf8', 2) };
				this.#socket.end(frame(8, got.payload.subarray(0, 2)));
			} else if (got.opcode === 1) this.#message(JSON.parse(got.payload.toString()));
		}
	}

	#frame() {
		const b = this.#left;
		if (b.length < 2) return null;
		let len = b[1] & 127;
		let head = 2;
		if (len === 126) {
			if (b.length < 4) return null;
			len = b.readUInt16BE(2);
			head = 4;
		} else if (len === 127) {
			if (b.length < 10) return null;
			len = Number(b.readBigUInt64BE(2));
			head = 10;
		}
		if (b.length < head + len) return null;
		this.#left = b.subarray(head + len);
		return { opcode: b[0] & 15, payload: b.subarray(head, head + len) };
	}

	#message(m) {
		this.onmessage?.(m);
		if (m.response) {
			const asked = this.#asked.get(m.id);
			this.#asked.delete(m.id);
			asked?.done(m);
		} else if (m.notification) {
			const heard = this.#heard.get(m.method) ?? [];
			this.#heard.set(m.method, []);
			for (const done of heard) done(m.data);
		}
	}

	/** Resolves with the answer, whatever it is; rejects when the connection ends first. */
	ask(method, data = {}) {
		return new Promise((done, reject) => {
			if (!this.open) return reject(new Error('closed'));
			const id = this.#nextId++;
			this.#asked.set(id, { done, reject });
			this.send(JSON.stringify({ request: true, id, method, data }));
		});
	}

	/** The next notification of this name. */
	hear(method) {
		return new Promise((done) => this.#heard.set(method, [...(this.#heard.get(method) ?? []), done]));
	}

	send(text) {
		this.#socket.write(frame(1, Buffer.from(text)));
	}

	/** Bytes as they are, or the socket itself. */
	get socket() {
		return this.#socket;
	}

	hangUp() {
		this.#socket.destroy();
	}
}

/** Tries until a connection stands: the server may just be starting. */
export async function connected(port, room, from = nextAddress()) {
	for (let tries = 0; ; tries++) {
		try {
			return await Client.connect(port, room, from);
		} catch (e) {
			if (tries > 200) throw e;
			await sleep(20);
		}
	}
}

/* ---- signald ---- */

export class Site {
	#child;
	#env;
	#dir = mkdtempSync(join(tmpdir(), 'chattr-site-'));

	static async start(port, env = {}) {
		const s = new Site();
		s.#env = {
			PATH: process.env.PATH,
			CHATTR_SERVER_USER: '',
			CHATTR_SERVER_RUN_DIR: join(s.#dir, 'run'),
			CHATTR_SERVER_STATE_DIR: join(s.#dir, 'state'),
			CHATTR_LISTEN_PORT: String(port),
			CHATTR_MEDIA_WORKERS: '1',
			CHATTR_MEDIA_PORT: '0',
			...env
		};
		await s.#spawn();
		return s;
	}

	async #spawn() {
		const log = openSync(join(this.#dir, 'log'), 'w');
		this.#child = spawn(join(BIN, 'signald'), [], { cwd: ROOT, stdio: ['ignore', log, log], env: this.#env });
		for (let i = 0; i < 200; i++) {
			if (this.log().includes('worker up')) return;
			await sleep(50);
		}
		throw new Error(`signald does not come up:\n${this.log()}`);
	}

	async #end() {
		this.#child.kill('SIGTERM');
		await new Promise((r) => this.#child.on('exit', r));
	}

	/** All processes end and begin anew, as after an update of the machine. */
	async restart() {
		await this.#end();
		await this.#spawn();
	}

	log() {
		return readFileSync(join(this.#dir, 'log'), 'utf8');
	}

	/** The process that serves; 0: none just now. */
	server() {
		const pid = this.#child.pid;
		let children = '';
		try {
			children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
		} catch {
			return 0;
		}
		for (const child of children.split(' ').filter(Boolean)) {
			try {
				if (readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('signald\0-x\0server')) return Number(child);
			} catch {
				/* it ended just now */
			}
		}
		return 0;
	}

	/** User and system time of the server in ms. */
	cpuMs() {
		const fields = readFileSync(`/proc/${this.server()}/stat`, 'utf8').split(') ')[1].split(' ');
		return (Number(fields[11]) + Number(fields[12])) * 10;
	}

	rssKib() {
		return Number(/VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${this.server()}/status`, 'utf8'))[1]);
	}

	/** kill -9. */
	kill() {
		const pid = this.server();
		if (pid) process.kill(pid, 'SIGKILL');
		return pid;
	}

	async stop() {
		await this.#end();
		const fault = /Sanitizer:|runtime error:/.exec(this.log());
		if (fault) throw new Error(this.log().slice(fault.index, fault.index + 4000));
		rmSync(this.#dir, { recursive: true, force: true });
	}
}
