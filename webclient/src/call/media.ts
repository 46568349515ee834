/**
 * The media half of a call on top of mediasoup-client: one device, a sending and a receiving
 * transport, own producers by source, consumers by transport and id.
 *
 * Tracks are never stopped here (`stopTracks: false`): who captured a track releases it.
 */
import { Device as MsDevice, type types as ms } from 'mediasoup-client';
import type { Api, Inventory, NewConsumer, Rebuild, Source, TransportInfo } from './api';
import { IceKeeper } from './recover';
import { sendOptions, type SendQuality } from './quality';

export interface Remote {
	peerId: string;
	source: Source;
	consumerId: string;
	producerId: string;
	track: MediaStreamTrack;
	/** The sender has paused it. */
	paused: boolean;
}

export interface MediaEvents {
	/** A track of a person began, was replaced, paused or resumed. */
	remote(remote: Remote): void;
	remoteGone(peerId: string, source: Source): void;
	/** The browser can or cannot reach the server's media address. */
	connection(state: 'connected' | 'broken'): void;
}

type Direction = 'send' | 'recv';

interface ConsumerEntry {
	consumer: ms.Consumer;
	transport: ms.Transport;
	remote: Remote;
}

interface ProducerEntry {
	producer: ms.Producer;
	quality: SendQuality;
	/** The last change of its layers: mediasoup-client forgets one that comes while another runs. */
	layers: Promise<void>;
}

export class Media {
	readonly #device = new MsDevice();
	readonly #transports = new Map<string, ms.Transport>();
	readonly #producers = new Map<Source, ProducerEntry>();
	/** The same consumer id lives on two transports while one is moved. */
	readonly #consumers = new Map<string, ConsumerEntry>();
	readonly #shown = new Set<string>();
	/** What played on a transport that is gone, until it is offered again or closed. */
	readonly #orphans = new Map<string, Remote>();
	/** Transports that a move has left, with what still sends there. */
	readonly #leaving = new Map<ms.Transport, Map<Source, ms.Producer>>();
	readonly #ice: IceKeeper;
	#send: ms.Transport | null = null;
	#recv: ms.Transport | null = null;
	#closed = false;
	/** Set while a producer is made again under its old id. */
	readonly #reuse = new Map<Source, string>();

	constructor(
		private readonly api: Api,
		private readonly events: MediaEvents
	) {
		this.#ice = new IceKeeper({
			restart: async (id) => {
				const iceParameters = await this.api.call('restartIce', { transportId: id });
				await this.#transports.get(id)?.restartIce({ iceParameters });
			},
			connection: (state) => this.events.connection(state)
		});
	}

	async start(forceTcp: boolean): Promise<ms.RtpCapabilities> {
		const routerRtpCapabilities = await this.api.call('getRouterRtpCapabilities', {});
		await this.#device.load({ routerRtpCapabilities });
		const [send, recv] = await Promise.all([
			this.api.call('createWebRtcTransport', { forceTcp, producing: true, consuming: false }),
			this.api.call('createWebRtcTransport', { forceTcp, producing: false, consuming: true })
		]);
		if (this.#closed) throw new Error('closed');
		this.#send = this.#createTransport('send', send);
		this.#recv = this.#createTransport('recv', recv);
		return this.#device.recvRtpCapabilities;
	}

	canProduce(kind: ms.MediaKind): boolean {
		return this.#device.loaded && this.#device.canProduce(kind);
	}

	/** What lives on across a break of signaling. */
	inventory(): Inventory {
		return {
			transports: [...this.#transports.keys()],
			producers: [...this.#producers.values()].map((p) => p.producer.id),
			consumers: [...new Set([...this.#consumers.values()].map((c) => c.consumer.id))]
		};
	}

	producer(source: Source): ms.Producer | undefined {
		return this.#producers.get(source)?.producer;
	}

	async produce(source: Source, track: MediaStreamTrack, quality: SendQuality): Promise<void> {
		if (!this.#send) throw new Error('not connected');
		const old = this.#producers.get(source)?.producer;
		if (old) {
			await old.replaceTrack({ track });
			return;
		}
		const producer = await this.#send.produce({
			track,
			...sendOptions(source, quality, this.#device),
			stopTracks: false,
			disableTrackOnPause: false,
			zeroRtpOnPause: false,
			appData: { source }
		});
		this.#producers.set(source, { producer, quality, layers: Promise.resolve() });
		this.#reuse.delete(source);
		producer.observer.once('close', () => {
			if (this.#producers.get(source)?.producer === producer) this.#producers.delete(source);
		});
	}

	/** Sends nothing from now on; the track may be stopped. */
	async pause(source: Source): Promise<void> {
		const producer = this.producer(source);
		if (!producer || producer.paused) return;
		producer.pause();
		this.api.tell('pauseProducer', { producerId: producer.id });
		for (const producers of this.#leaving.values()) producers.get(source)?.close();
		await producer.replaceTrack({ track: null });
	}

	async resume(source: Source, track: MediaStreamTrack): Promise<void> {
		const producer = this.producer(source);
		if (!producer) return;
		await producer.replaceTrack({ track });
		producer.resume();
		await this.api.call('resumeProducer', { producerId: producer.id });
	}

	async replaceTrack(source: Source, track: MediaStreamTrack): Promise<void> {
		const producer = this.producer(source);
		if (producer && !producer.paused) await producer.replaceTrack({ track });
	}

	closeProducer(source: Source): void {
		const producer = this.producer(source);
		if (!producer) return;
		this.#producers.delete(source);
		producer.close();
		for (const producers of this.#leaving.values()) producers.get(source)?.close();
		this.api.tell('closeProducer', { producerId: producer.id });
	}

	/** The server wants no more than this layer; -1: nobody watches. */
	async layersWanted(producerId: string, maxSpatialLayer: number): Promise<void> {
		for (const entry of this.#producers.values()) {
			const { producer } = entry;
			if (producer.id !== producerId || producer.kind !== 'video') continue;
			entry.layers = entry.layers
				.then(() => producer.setMaxSpatialLayer(maxSpatialLayer))
				.catch(() => undefined);
			await entry.layers;
		}
	}

	async consume(data: NewConsumer): Promise<void> {
		const transport = (data.transportId && this.#transports.get(data.transportId)) || this.#recv;
		if (!transport) throw new Error('no transport');
		const key = `${transport.id}/${data.id}`;
		if (this.#consumers.has(key)) return;
		const consumer = await transport.consume({
			id: data.id,
			producerId: data.producerId,
			kind: data.kind,
			rtpParameters: data.rtpParameters,
			/* all of one person's camera and voice play in step; a screen is a stream of its own */
			streamId: `${data.peerId}-${sourceOf(data).startsWith('screen') ? 'screen' : 'person'}`,
			appData: {}
		});
		const remote: Remote = {
			peerId: data.peerId,
			source: sourceOf(data),
			consumerId: data.id,
			producerId: data.producerId,
			track: consumer.track,
			paused: data.producerPaused
		};
		const entry = { consumer, transport, remote };
		const before = this.#others(entry).some((e) => !e.remote.paused);
		this.#consumers.set(key, entry);
		this.#orphans.delete(data.id);
		if (data.producerPaused) consumer.pause();
		/* under a move what plays goes on until this one does */
		if (before && !data.producerPaused) void flows(consumer).then(() => this.#takeOver(entry));
		else this.#takeOver(entry);
	}

	/** The same of the same person over other transports. */
	#others({ transport, remote }: ConsumerEntry): ConsumerEntry[] {
		return [...this.#consumers.values()].filter(
			(e) => e.transport !== transport && e.remote.peerId === remote.peerId && e.remote.source === remote.source
		);
	}

	#takeOver(entry: ConsumerEntry): void {
		if (entry.consumer.closed) return;
		for (const other of this.#others(entry)) {
			this.#consumers.delete(`${other.transport.id}/${other.consumer.id}`);
			other.consumer.close();
		}
		this.events.remote(entry.remote);
		this.#leaveIfReplaced();
	}

	consumerClosed(consumerId: string): void {
		for (const [key, entry] of [...this.#consumers]) {
			if (entry.consumer.id !== consumerId) continue;
			this.#consumers.delete(key);
			entry.consumer.close();
			this.#announceGone(entry.remote);
		}
		const orphan = this.#orphans.get(consumerId);
		this.#orphans.delete(consumerId);
		if (orphan) this.#announceGone(orphan);
		this.#leaveIfReplaced();
	}

	consumerPaused(consumerId: string, paused: boolean): void {
		for (const entry of this.#consumers.values()) {
			if (entry.consumer.id !== consumerId) continue;
			entry.remote = { ...entry.remote, paused };
			if (paused) entry.consumer.pause();
			else entry.consumer.resume();
			this.events.remote(entry.remote);
		}
	}

	peerGone(peerId: string): void {
		for (const entry of [...this.#consumers.values()]) {
			if (entry.remote.peerId === peerId) this.consumerClosed(entry.consumer.id);
		}
	}

	consumers(): { consumer: ms.Consumer; remote: Remote }[] {
		return [...this.#consumers.values()];
	}

	producers(): { source: Source; producer: ms.Producer }[] {
		return [...this.#producers].map(([source, { producer }]) => ({ source, producer }));
	}

	transports(): { send: ms.Transport | null; recv: ms.Transport | null } {
		return { send: this.#send, recv: this.#recv };
	}

	/** What we listed and the server does not have; gives the sources to produce anew. */
	forget(lost: Partial<Inventory>): Source[] {
		for (const id of lost.consumers ?? []) this.consumerClosed(id);
		const again: Source[] = [];
		for (const [source, { producer }] of [...this.#producers]) {
			if (!lost.producers?.includes(producer.id)) continue;
			this.#producers.delete(source);
			producer.close();
			again.push(source);
		}
		return again;
	}

	hasLostTransport(lost: Partial<Inventory>): boolean {
		return (lost.transports ?? []).some((id) => this.#transports.has(id));
	}

	/**
	 * The server has put us on other transports. `lost`: the old ones are dead already.
	 * `move`: they carry media on. What we receive with is closed when all of it comes over
	 * the new one, what we send with when the server says that nobody needs it.
	 */
	async rebuild({ reason, transports }: Rebuild): Promise<void> {
		await Promise.all(
			transports.map(async (info) => {
				const old = this.#transports.get(info.replaces);
				if (!old) return;
				if (old.direction === 'send') await this.#rebuildSend(old, info, reason);
				else this.#rebuildRecv(old, info, reason);
			})
		);
	}

	/** The server has closed one that a move has left. */
	transportClosed(transportId: string): void {
		const transport = this.#transports.get(transportId);
		if (transport && this.#leaving.has(transport)) this.#retire(transport);
	}

	close(): void {
		this.#closed = true;
		this.#ice.close();
		for (const transport of this.#transports.values()) transport.close();
		this.#transports.clear();
		this.#producers.clear();
		this.#consumers.clear();
		this.#leaving.clear();
	}

	/** The network changed: see whether the paths still work. */
	networkChanged(): void {
		this.#ice.networkChanged([...this.#transports.keys()]);
	}

	/** Pictures that are on the screen ought to move. */
	setShown(consumerId: string, shown: boolean): void {
		if (shown) this.#shown.add(consumerId);
		else this.#shown.delete(consumerId);
	}

	/** Time since the newest packet of any picture that ought to move; null: none ought to. */
	silenceMs(): number | null {
		let youngest: number | null = null;
		for (const { consumer, remote } of this.#consumers.values()) {
			if (consumer.kind !== 'video' || remote.paused || !this.#shown.has(consumer.id)) continue;
			const [source] = consumer.rtpReceiver?.getSynchronizationSources() ?? [];
			if (!source) continue;
			const age = performance.timeOrigin + performance.now() - source.timestamp;
			youngest = Math.min(youngest ?? age, age);
		}
		return youngest;
	}

	/** Round trip on the way to the server, as ICE measures it. */
	async rttMs(): Promise<number | null> {
		const report = await this.#send?.getStats().catch(() => null);
		let rtt: number | null = null;
		report?.forEach((r: { type: string; nominated?: boolean; currentRoundTripTime?: number }) => {
			if (r.type === 'candidate-pair' && r.nominated && r.currentRoundTripTime) rtt = r.currentRoundTripTime * 1000;
		});
		return rtt;
	}

	/** A running picture stopped. */
	stalled(): void {
		if (this.#recv) this.#ice.suspect(this.#recv.id);
	}

	#createTransport(direction: Direction, info: TransportInfo): ms.Transport {
		const options = {
			id: info.id,
			iceParameters: info.iceParameters,
			iceCandidates: info.iceCandidates,
			dtlsParameters: info.dtlsParameters
		};
		const transport =
			direction === 'send'
				? this.#device.createSendTransport(options)
				: this.#device.createRecvTransport(options);
		this.#transports.set(info.id, transport);
		transport.on('connect', ({ dtlsParameters }, done, fail) => {
			this.api.call('connectWebRtcTransport', { transportId: info.id, dtlsParameters }).then(() => done(), fail);
		});
		transport.on('connectionstatechange', (state) => this.#ice.state(info.id, state));
		if (direction === 'send') {
			transport.on('produce', ({ kind, rtpParameters, appData }, done, fail) => {
				const producerId = this.#reuse.get(appData.source as Source);
				const data = { transportId: info.id, kind, rtpParameters, appData };
				this.api.call('produce', producerId ? { ...data, producerId } : data).then(done, fail);
			});
		}
		return transport;
	}

	async #rebuildSend(old: ms.Transport, info: Rebuild['transports'][number], reason: string): Promise<void> {
		const fresh = this.#createTransport('send', info);
		const sources = [...this.#producers];
		this.#send = fresh;
		this.#producers.clear();
		for (const [source, entry] of sources) this.#reuse.set(source, entry.producer.id);
		if (reason === 'lost') this.#retire(old);
		else this.#leaving.set(old, new Map(sources.map(([source, { producer }]) => [source, producer])));
		await Promise.allSettled(
			sources.map(async ([source, { producer, quality }]) => {
				const { track, paused } = producer;
				/* a paused producer has no track: it is made again when its source comes back */
				if (!track || paused) return;
				await this.produce(source, track, quality);
			})
		);
	}

	#rebuildRecv(old: ms.Transport, info: Rebuild['transports'][number], reason: string): void {
		const fresh = this.#createTransport('recv', info);
		this.#recv = fresh;
		if (reason === 'lost') {
			this.#retire(old);
			return;
		}
		this.#leaving.set(old, new Map());
		this.#leaveIfReplaced();
	}

	/** Closes what we received with when nothing that plays comes over it any more. */
	#leaveIfReplaced(): void {
		for (const old of [...this.#leaving.keys()]) {
			if (old.direction === 'send') continue;
			if ([...this.#consumers.values()].some((e) => e.transport === old && !e.remote.paused)) continue;
			this.#retire(old);
			this.api.tell('closeTransport', { transportId: old.id });
		}
	}

	#retire(transport: ms.Transport): void {
		this.#transports.delete(transport.id);
		this.#leaving.delete(transport);
		this.#ice.forget(transport.id);
		for (const [key, entry] of [...this.#consumers]) {
			if (entry.transport !== transport) continue;
			this.#consumers.delete(key);
			if (this.#others(entry).length === 0) this.#orphans.set(entry.consumer.id, entry.remote);
		}
		transport.close();
	}

	#announceGone(remote: Remote): void {
		const stays = [...this.#consumers.values()].some(
			(c) => c.remote.peerId === remote.peerId && c.remote.source === remote.source
		);
		if (!stays) this.events.remoteGone(remote.peerId, remote.source);
	}
}

/** Resolves when something of it has been played, or after a while. */
async function flows(consumer: ms.Consumer): Promise<void> {
	for (let i = 0; i < 100 && !consumer.closed; i++) {
		if (consumer.rtpReceiver?.getSynchronizationSources().length) return;
		await new Promise((done) => setTimeout(done, 40));
	}
}

/** Clients of the public demo name no source: it follows from the kind. */
export function sourceOf({ kind, appData }: Pick<NewConsumer, 'kind' | 'appData'>): Source {
	if (appData.source) return appData.source;
	if (appData.share) return kind === 'video' ? 'screen' : 'screen-audio';
	return kind === 'video' ? 'webcam' : 'mic';
}
