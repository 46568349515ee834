/**
 * A call as the screen uses it: joins the session (signaling), the media and the room model.
 * Made when a person enters a room, thrown away when the call ends.
 */
import type { Admitted, NewConsumer, NotificationName, Notifications, Source } from '../call/api';
import { ownDevice } from '../call/device';
import { Media, sourceOf } from '../call/media';
import { Silence } from '../call/recover';
import { Session, type SessionPhase } from '../call/session';
import { RequestError } from '../call/socket';
import { i18n } from '../i18n/i18n.svelte';
import { chime, meter } from '../media/audio';
import { openScreen, problemOf } from '../media/devices';
import type { LocalKind, LocalMedia } from '../media/local.svelte';
import { browserId, keepSecrets, keepTabCall, secrets } from './keeper';
import { prefs, type LowData } from './prefs.svelte';
import { Room } from './room.svelte';
import { signIn } from './signin.svelte';
import { announce, toast } from './toasts.svelte';

export interface CallOptions {
	roomId: string;
	invite?: string | null;
	message?: string;
}

const SOURCE: Record<LocalKind, Source> = { mic: 'mic', camera: 'webcam' };
const SPEAKING_LEVEL = 0.35;
/** A running picture without a packet for so long has lost its path. */
const SILENCE_MS = 700;
const REPORT_MS = 10_000;
/** How often media that the server has halted is asked for, once its time is over. */
const HALTED_RETRY_MS = 10_000;

export class Call {
	readonly room = new Room();
	readonly session: Session;
	phase: SessionPhase = $state.raw({ name: 'connecting' });
	/** Media has no path to the server although signaling works. */
	mediaBroken = $state(false);
	/** The server gives this room no media for a while: until when (0: it did not say), or null. */
	haltedUntil: number | null = $state(null);
	lowData: LowData = $state('auto');
	screenStream: MediaStream | null = $state.raw(null);
	selfSpeaking = $state(false);
	/** Host as far as this page was told: only a change is news. */
	#knownHost = false;
	/** Speaking into a muted (warm) microphone. */
	mutedHint = $state(false);
	reactions: { id: number; peerId: string; emoji: string }[] = $state([]);
	/** Sound could not start without a click. */
	soundBlocked = $state(false);
	/** Whoever wants to follow chat. */
	onChat: (<M extends NotificationName>(method: M, data: Notifications[M]) => void) | null = null;
	onAdmitted: ((answer: Admitted, fresh: boolean) => void) | null = null;

	#media: Media | null = null;
	#stopMeter: (() => void) | null = null;
	#reactionId = 1;
	#restoreCamera = false;
	#haltTimer?: ReturnType<typeof setTimeout>;
	/** The shared screen moves: frames before sharpness. */
	#motion = false;
	/** What the server last asked of each producer. */
	readonly #layersWanted = new Map<string, number>();
	readonly #syncing: Record<LocalKind, Promise<void>> = { mic: Promise.resolve(), camera: Promise.resolve() };
	readonly #off: (() => void)[] = [];

	constructor(
		readonly options: CallOptions,
		readonly local: LocalMedia
	) {
		const { roomId } = options;
		const kept = secrets(roomId);
		this.session = new Session(
			{
				roomId,
				origin: location.origin.replace(/^http/, 'ws'),
				peerId: kept.resumeToken ? kept.peerId : undefined,
				enter: {
					displayName: prefs.name,
					device: ownDevice(),
					invite: options.invite ?? undefined,
					hostKey: kept.hostKey,
					resumeToken: kept.resumeToken,
					message: options.message,
					browserId: browserId(),
					signInToken: signIn.token
				}
			},
			{
				phase: (phase) => this.#moved(phase),
				admitted: (answer) => void this.#begin(answer),
				resumed: (answer) => void this.#resumed(answer),
				credentials: (peerId, resumeToken) => keepSecrets(roomId, { peerId, resumeToken }),
				inventory: () => this.#media?.inventory(),
				request: (method, data) => this.#serve(method, data),
				notification: (method, data) => this.#notified(method, data as never)
			}
		);
	}

	get api() {
		return this.session.api;
	}

	get media(): Media | null {
		return this.#media;
	}

	get sharing(): boolean {
		return this.screenStream !== null;
	}

	start(): void {
		this.#listen();
		this.#watch();
		this.session.start();
	}

	async leave(): Promise<void> {
		await this.session.leave();
	}

	/** Another tab takes over: the server hears nothing of it from here. */
	letGo(): void {
		this.session.letGo('elsewhere');
	}

	async toggleMic(): Promise<void> {
		if (!this.local.micOn && !this.room.may('unmute') && this.#media?.producer('mic')) {
			toast(i18n.t.room.unmuteForbidden, { tone: 'warn' });
			return;
		}
		await this.local.setMic(!this.local.micOn);
		this.#keep();
	}

	async toggleCamera(): Promise<void> {
		if (this.lowData === 'audio' && !this.local.cameraOn) await this.setLowData('auto');
		await this.local.setCamera(!this.local.cameraOn);
		this.#keep();
	}

	/** Processing changed: the microphone's producer is made anew, for its codec settings changed too. */
	async reopenMic(): Promise<void> {
		this.#media?.closeProducer('mic');
		await this.local.reopenMic();
	}

	async toggleHand(): Promise<void> {
		const raised = !this.room.selfHand;
		this.room.selfHand = raised;
		await this.api.call('setHand', { raised }).catch(() => (this.room.selfHand = !raised));
	}

	react(emoji: string): void {
		this.#showReaction(this.room.selfId, emoji);
		this.api.tell('react', { emoji });
	}

	async rename(displayName: string): Promise<void> {
		prefs.name = displayName;
		this.session.rename(displayName);
		await this.api.call('changeDisplayName', { displayName });
	}

	async shareScreen(motion = false): Promise<void> {
		if (this.sharing) return this.stopScreen();
		let stream: MediaStream;
		try {
			stream = await openScreen({ motion });
		} catch (error) {
			/* a closed picker is an answer, not a fault */
			if (problemOf(error) !== 'denied') toast(i18n.t.room.screenFailed, { tone: 'warn' });
			return;
		}
		this.screenStream = stream;
		this.#motion = motion;
		stream.getVideoTracks()[0]?.addEventListener('ended', () => this.stopScreen());
		try {
			await this.#sendScreen();
		} catch {
			toast(i18n.t.room.screenFailed, { tone: 'warn' });
			this.stopScreen();
		}
	}

	stopScreen(): void {
		for (const track of this.screenStream?.getTracks() ?? []) track.stop();
		this.screenStream = null;
		this.#media?.closeProducer('screen');
		this.#media?.closeProducer('screen-audio');
	}

	/** How a picture is shown here: its layer follows. Sizes in device pixels. */
	viewport(peerId: string, source: Source, width: number, height: number, visible: boolean): void {
		const consumerId = this.room.people.get(peerId)?.tracks[source]?.consumerId;
		if (!consumerId) return;
		this.#media?.setShown(consumerId, visible);
		this.api.tell('setConsumerViewport', { consumerId, width, height, visible });
	}

	async setLowData(level: LowData): Promise<void> {
		const before = this.lowData;
		if (before === level) return;
		this.lowData = level;
		const video = this.#media?.consumers().filter((c) => c.consumer.kind === 'video') ?? [];
		for (const { consumer } of video) {
			const consumerId = consumer.id;
			if (level === 'audio') this.api.tell('pauseConsumer', { consumerId });
			else if (before === 'audio') this.api.tell('resumeConsumer', { consumerId });
		}
		await this.#limitSending(level);
		if (level === 'audio') {
			this.#restoreCamera = this.local.cameraOn;
			if (this.local.cameraOn) await this.local.setCamera(false);
		} else if (before === 'audio' && this.#restoreCamera) {
			this.#restoreCamera = false;
			await this.local.setCamera(true);
		}
	}

	/** A click came: sound may start now. */
	unblockSound(): void {
		this.soundBlocked = false;
	}

	/* ---- what the session says ---- */

	#moved(phase: SessionPhase): void {
		this.phase = phase;
		if (phase.name === 'waiting') {
			this.#sentOut();
			this.#keep();
		}
		if (phase.name !== 'ended') return;
		for (const off of this.#off.splice(0)) off();
		clearTimeout(this.#haltTimer);
		this.#stopMeter?.();
		this.stopScreen();
		this.#media?.close();
		this.#media = null;
		this.local.onTrack = null;
		if (phase.reason !== 'elsewhere') {
			keepTabCall(null);
			/* the seat is given up or taken away: its token is worth nothing now */
			keepSecrets(this.options.roomId, { resumeToken: undefined, peerId: undefined });
		}
	}

	/** Outside nothing is sent and nothing is seen; camera and microphone stay as they are. */
	#sentOut(): void {
		this.#mediaIsBack();
		this.stopScreen();
		this.#media?.close();
		this.#media = null;
		this.local.onTrack = null;
		this.room.people.clear();
	}

	async #begin(answer: Admitted): Promise<void> {
		this.room.admitted(answer, true);
		this.#knownHost = this.room.isHost;
		const starting = this.#startMedia();
		this.#keep();
		this.onAdmitted?.(answer, true);
		await starting;
	}

	async #startMedia(): Promise<void> {
		this.#media?.close();
		const media = new Media(this.api, {
			remote: (remote) => this.room.setTrack(remote),
			remoteGone: (peerId, source) => this.room.dropTrack(peerId, source),
			connection: (state) => (this.mediaBroken = state === 'broken')
		});
		this.#media = media;
		try {
			const rtpCapabilities = await media.start(prefs.forceTcp);
			const joined = await this.api.call('join', {
				displayName: prefs.name,
				device: ownDevice(),
				rtpCapabilities
			});
			if (media !== this.#media) return;
			this.#mediaIsBack();
			this.room.mergePeople(joined.peers, false);
			this.local.onTrack = (kind) => void this.#sync(kind);
			await this.#sendAll();
			if (this.room.isHost) await this.#loadKnocks();
		} catch (error) {
			if (media !== this.#media || this.session.phase.name === 'ended') return;
			if (error instanceof RequestError && error.reason === 'session-gone') return;
			if (error instanceof RequestError && error.reason === 'media-halted') {
				this.#halted(this.haltedUntil ?? 0, HALTED_RETRY_MS);
				return;
			}
			this.#mediaIsBack();
			console.error(error);
			toast(i18n.t.room.mediaFailed, { tone: 'warn', ms: 20_000 });
		}
	}

	/** `rebuild` ends it; what does not come by itself is asked for. */
	#halted(until: number, retryMs: number): void {
		clearTimeout(this.#haltTimer);
		this.haltedUntil = until;
		this.#haltTimer = setTimeout(() => void this.#startMedia(), retryMs);
	}

	#mediaIsBack(): void {
		clearTimeout(this.#haltTimer);
		this.haltedUntil = null;
	}

	async #resumed(answer: Admitted): Promise<void> {
		this.room.admitted(answer, false);
		this.#knownHost = this.room.isHost;
		this.onAdmitted?.(answer, false);
		const media = this.#media;
		const lost = answer.lost;
		if (!media || !lost) return;
		if (media.hasLostTransport(lost)) {
			await this.#begin(answer);
			return;
		}
		if (media.forget(lost).length > 0) await this.#sendAll();
	}

	async #serve(method: string, data: unknown): Promise<unknown> {
		if (method === 'newConsumer') {
			const consumer = data as NewConsumer;
			if (!this.#media) throw new RequestError(409, 'no-media');
			await this.#media.consume(consumer);
			if (this.lowData === 'audio' && consumer.kind === 'video') {
				this.api.tell('pauseConsumer', { consumerId: consumer.id });
			}
			this.onConsumer?.(consumer.peerId, sourceOf(consumer));
			return {};
		}
		throw new RequestError(404, 'unknown-method');
	}

	/** A picture is there whose size the server does not know yet. */
	onConsumer: ((peerId: string, source: Source) => void) | null = null;

	#notified<M extends NotificationName>(method: M, data: Notifications[M]): void {
		this.#before(method, data);
		this.room.apply(method, data);
		(this.#handlers[method] as ((data: Notifications[M]) => void) | undefined)?.(data);
		this.onChat?.(method, data);
	}

	/** What must be said while the room model still knows the person. */
	#before(method: NotificationName, data: unknown): void {
		if (method === 'peerClosed') {
			const name = this.room.name((data as { peerId: string }).peerId);
			if (name) announce(i18n.t.room.left(name));
			if (name && prefs.sounds && this.room.people.size <= 12) void chime('leave');
		}
		if (method === 'newPeer') {
			const { id, displayName } = data as Notifications['newPeer'];
			if (id === this.room.selfId || this.room.people.get(id)?.joined) return;
			announce(i18n.t.room.joined(displayName));
			if (prefs.sounds && this.room.people.size <= 12) void chime('join');
		}
	}

	readonly #handlers: { [M in NotificationName]?: (data: Notifications[M]) => void } = {
		consumerClosed: ({ consumerId }) => this.#media?.consumerClosed(consumerId),
		consumerPaused: ({ consumerId }) => this.#media?.consumerPaused(consumerId, true),
		consumerResumed: ({ consumerId }) => this.#media?.consumerPaused(consumerId, false),
		peerClosed: ({ peerId }) => this.#media?.peerGone(peerId),
		producerLayersWanted: ({ producerId, maxSpatialLayer }) => {
			this.#layersWanted.set(producerId, maxSpatialLayer);
			if (this.lowData === 'auto') void this.#media?.layersWanted(producerId, maxSpatialLayer);
		},
		mediaHalted: ({ forMs }) => this.#halted(Date.now() + forMs, forMs + HALTED_RETRY_MS),
		rebuild: (data) => void this.#rebuild(data),
		transportClosed: ({ transportId }) => this.#media?.transportClosed(transportId),
		knock: ({ displayName }) => {
			announce(i18n.t.people.knocks(displayName));
			if (prefs.sounds) void chime('knock');
		},
		reaction: ({ peerId, emoji }) => {
			if (peerId !== this.room.selfId) this.#showReaction(peerId, emoji);
		},
		askedToUnmute: () => {
			if (this.local.micOn) return;
			toast(i18n.t.room.askedToUnmute, {
				ms: 15_000,
				actions: [{ label: i18n.t.room.unmute, run: () => void this.toggleMic() }]
			});
		},
		producerPaused: ({ producerId }) => void this.#stoppedByHost(producerId),
		producerClosed: ({ producerId }) => void this.#stoppedByHost(producerId),
		hostChanged: ({ peerId }) => {
			const was = this.#knownHost;
			this.#knownHost = peerId === this.room.selfId;
			if (was || !this.#knownHost) return;
			toast(i18n.t.room.youAreHost);
			void this.#loadKnocks();
		},
		roomEnded: () => this.session.letGo('room-ended')
	};

	async #rebuild(data: Notifications['rebuild']): Promise<void> {
		this.#mediaIsBack();
		await this.#media?.rebuild(data);
		await this.#sendScreen();
	}

	async #loadKnocks(): Promise<void> {
		const answer = await this.api.call('listKnocks', {}).catch(() => null);
		if (answer) this.room.knocks = answer.knocks;
	}

	/* ---- own tracks ---- */

	async #sendAll(): Promise<void> {
		await Promise.all([this.#sync('mic'), this.#sync('camera'), this.#sendScreen()]);
	}

	/** Brings what is sent in line with what is on; one change of a kind at a time. */
	#sync(kind: LocalKind): Promise<void> {
		if (kind === 'mic') this.#meterSelf();
		const next = this.#syncing[kind].then(async () => {
			const { local } = this;
			const track = kind === 'mic' ? local.micOn && local.micTrack : local.cameraOn && local.cameraTrack;
			await this.#send(SOURCE[kind], track || null).catch((error) => this.#refused(kind, error));
		});
		this.#syncing[kind] = next;
		return next;
	}

	async #send(source: Source, track: MediaStreamTrack | null): Promise<void> {
		const media = this.#media;
		if (!media) return;
		if (!track) await media.pause(source);
		else if (media.producer(source)?.paused) await media.resume(source, track);
		else if (media.producer(source)) await media.replaceTrack(source, track);
		else {
			await media.produce(source, track, { music: prefs.music });
			const said = this.#layersWanted.has(media.producer(source)?.id ?? '');
			if (source === 'webcam' && (said || this.lowData !== 'auto')) await this.#limitSending(this.lowData);
		}
	}

	#refused(kind: LocalKind, error: unknown): void {
		if (this.session.phase.name === 'ended') return;
		if (!(error instanceof RequestError) || error.code !== 403) {
			console.error(error);
			return;
		}
		toast(i18n.t.room.unmuteForbidden, { tone: 'warn' });
		void (kind === 'mic' ? this.local.setMic(false) : this.local.setCamera(false));
	}

	async #sendScreen(): Promise<void> {
		const [video] = this.screenStream?.getVideoTracks() ?? [];
		const [audio] = this.screenStream?.getAudioTracks() ?? [];
		if (video && !this.#media?.producer('screen')) await this.#media?.produce('screen', video, { motion: this.#motion });
		if (audio && !this.#media?.producer('screen-audio')) await this.#media?.produce('screen-audio', audio, {});
	}

	async #limitSending(level: LowData): Promise<void> {
		const producer = this.#media?.producer('webcam');
		if (!producer) return;
		const wanted = this.#layersWanted.get(producer.id) ?? 2;
		await this.#media?.layersWanted(producer.id, level === 'auto' ? wanted : Math.min(wanted, 0));
	}

	async #mutedByHost(): Promise<void> {
		if (!this.local.micOn) return;
		await this.local.setMic(false);
		this.#keep();
		toast(i18n.t.room.mutedByHost);
	}

	async #stoppedByHost(producerId: string): Promise<void> {
		const found = this.#media?.producers().find((p) => p.producer.id === producerId);
		if (!found) return;
		if (found.source === 'mic') await this.#mutedByHost();
		else if (found.source === 'webcam') {
			if (this.local.cameraOn) toast(i18n.t.room.cameraByHost);
			await this.local.setCamera(false);
		} else if (this.sharing) {
			toast(i18n.t.room.screenByHost);
			this.stopScreen();
		}
		this.#keep();
	}

	#meterSelf(): void {
		this.#stopMeter?.();
		this.#stopMeter = null;
		this.selfSpeaking = this.mutedHint = false;
		const track = this.local.micTrack;
		if (!track) return;
		let loud = 0;
		this.#stopMeter = meter(track, (level) => {
			loud = level > SPEAKING_LEVEL ? Math.min(loud + 1, 8) : Math.max(loud - 1, 0);
			this.selfSpeaking = this.local.micOn && loud >= 2;
			this.mutedHint = !this.local.micOn && loud >= 6;
		});
	}

	#showReaction(peerId: string, emoji: string): void {
		const id = this.#reactionId++;
		this.reactions.push({ id, peerId, emoji });
		setTimeout(() => (this.reactions = this.reactions.filter((r) => r.id !== id)), 4000);
		announce(i18n.t.room.reacted(this.room.name(peerId) || prefs.name, emoji));
	}

	#keep(): void {
		keepTabCall({ roomId: this.options.roomId, ...this.local.wants });
	}

	/* ---- the page and the network ---- */

	#watch(): void {
		const silence = new Silence(SILENCE_MS);
		const look = setInterval(() => {
			if (document.visibilityState === 'visible' && silence.look(this.#media?.silenceMs() ?? null)) {
				this.#media?.stalled();
			}
		}, SILENCE_MS / 2);
		/* also how a connection is noticed that died without a word */
		const report = setInterval(() => {
			void this.#media?.rttMs().then((rttMs) => {
				if (rttMs !== null && this.session.socket.ready) this.api.tell('reportNetwork', { rttMs });
			});
		}, REPORT_MS);
		this.#off.push(
			() => clearInterval(look),
			() => clearInterval(report)
		);
	}

	#listen(): void {
		const on = (target: EventTarget, type: string, handler: () => void) => {
			target.addEventListener(type, handler);
			this.#off.push(() => target.removeEventListener(type, handler));
		};
		on(window, 'online', () => {
			this.session.socket.replace();
			this.#media?.networkChanged();
		});
		on(document, 'visibilitychange', () => {
			if (document.visibilityState === 'visible') this.session.socket.nudge();
		});
		on(window, 'pagehide', () => this.#sayAway());
		const connection = (navigator as { connection?: EventTarget }).connection;
		if (connection) on(connection, 'change', () => this.#media?.networkChanged());
	}

	/** A closed tab shortens the grace; a reload is back before it ends. */
	#sayAway(): void {
		const { peerId, resumeToken } = secrets(this.options.roomId);
		if (!peerId || !resumeToken || this.phase.name === 'ended') return;
		const body = JSON.stringify({ roomId: this.options.roomId, peerId, resumeToken });
		navigator.sendBeacon('/api/away', new Blob([body], { type: 'application/json' }));
	}
}
