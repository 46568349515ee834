// A plain mediasoup client: only the media part of the protocol, no `enter`,
// no token, no chat. What any mediasoup app would do against its own server.
import { Device } from 'mediasoup-client';

class Signaling {
	#ws;
	#next = 1;
	#open = new Map();
	onrequest = async () => ({});
	onnotification = () => {};

	constructor(url) {
		this.#ws = new WebSocket(url, 'protoo');
		this.ready = new Promise((ok, bad) => {
			this.#ws.onopen = ok;
			this.#ws.onclose = (e) => bad(new Error(`closed ${e.code} ${e.reason}`));
		});
		this.#ws.onmessage = (e) => this.#take(JSON.parse(e.data));
	}
	async #take(m) {
		if (m.notification) return this.onnotification(m);
		if (m.request) {
			const data = await this.onrequest(m);
			return this.#ws.send(JSON.stringify({ response: true, id: m.id, ok: true, data }));
		}
		const wait = this.#open.get(m.id);
		this.#open.delete(m.id);
		if (m.ok) wait.ok(m.data);
		else wait.bad(new Error(`${m.errorCode} ${m.errorReason}`));
	}
	request(method, data = {}) {
		const id = this.#next++;
		this.#ws.send(JSON.stringify({ request: true, id, method, data }));
		return new Promise((ok, bad) => this.#open.set(id, { ok, bad }));
	}
}

const simulcast = [
	{ scaleResolutionDownBy: 4, maxBitrate: 300000 },
	{ scaleResolutionDownBy: 2, maxBitrate: 800000 },
	{ scaleResolutionDownBy: 1, maxBitrate: 2500000 }
];

/** When each frame of a video was shown; kept for window.gap(). */
function watch(el) {
	el.shown = [];
	const note = () => {
		el.shown.push(performance.now());
		el.requestVideoFrameCallback?.(note);
	};
	el.requestVideoFrameCallback?.(note);
}

/** The longest time without a new frame since a moment of performance.now(). */
window.gap = (since) => {
	let longest = 0;
	for (const el of document.querySelectorAll('video')) {
		const at = [since, ...(el.shown ?? []).filter((t) => t > since), performance.now()];
		for (let i = 1; i < at.length; i++) longest = Math.max(longest, at[i] - at[i - 1]);
	}
	return longest;
};

/**
 * Joins and sends. Options: `via`, a UDP port of the server's address that
 * media takes instead; `codec`, a mimeType; `encodings`; `video`, what to ask
 * of the camera, false: nothing is sent; `receive`.
 */
window.join = async (url, { via, codec, encodings = simulcast, video, receive = true } = {}) => {
	const s = new Signaling(url);
	await s.ready;
	const device = new Device();
	await device.load({ routerRtpCapabilities: await s.request('getRouterRtpCapabilities') });
	const make = async (producing) => {
		const info = await s.request('createWebRtcTransport', { producing, consuming: !producing });
		if (via)
			info.iceCandidates = info.iceCandidates
				.filter((c) => c.protocol === 'udp' && c.ip === new URL(url).hostname)
				.map((c) => ({ ...c, port: via }));
		const t = producing ? device.createSendTransport(info) : device.createRecvTransport(info);
		t.on('connect', ({ dtlsParameters }, ok, bad) =>
			s.request('connectWebRtcTransport', { transportId: t.id, dtlsParameters }).then(ok, bad)
		);
		t.on('produce', ({ kind, rtpParameters, appData }, ok, bad) =>
			s.request('produce', { transportId: t.id, kind, rtpParameters, appData }).then(ok, bad)
		);
		return t;
	};
	const send = await make(true);
	const recv = receive && (await make(false));
	window.notes = [];
	window.consumers = [];
	window.ask = (method, data) => s.request(method, data);
	window.layers = {};
	s.onnotification = (m) => {
		window.notes.push(m.method);
		if (m.method === 'consumerLayersChanged') window.layers[m.data.consumerId] = m.data;
	};
	s.onrequest = async ({ method, data }) => {
		if (method !== 'newConsumer') return {};
		const { id, peerId: peer, producerId, kind, rtpParameters } = data;
		const consumer = await recv.consume({ id, producerId, kind, rtpParameters });
		window.consumers.push({ id, peer, kind });
		const el = document.createElement(kind);
		el.autoplay = el.playsInline = true;
		el.srcObject = new MediaStream([consumer.track]);
		if (kind === 'video') watch(el);
		document.body.append(el);
		return {};
	};
	const { peers } = await s.request('join', {
		displayName: 'plain',
		device: { flag: 'chrome', name: 'Chrome', version: '1' },
		rtpCapabilities: device.recvRtpCapabilities ?? device.rtpCapabilities
	});
	if (video === false) return peers.length;
	const media = await navigator.mediaDevices.getUserMedia({
		audio: true,
		video: video ?? { width: 1280, height: 720, frameRate: 30 }
	});
	await send.produce({ track: media.getAudioTracks()[0] });
	const codecs = (device.sendRtpCapabilities ?? device.rtpCapabilities).codecs;
	await send.produce({
		track: media.getVideoTracks()[0],
		encodings,
		codec: codec && codecs.find((c) => c.mimeType.toLowerCase() === codec.toLowerCase())
	});
	return peers.length;
};
