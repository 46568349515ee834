/**
 * The requests and notifications of the signaling protocol as types.
 * Names and shapes of the media part are those of the public mediasoup demo, version 3.
 */
import type { types as ms } from 'mediasoup-client';
import type { Socket } from './socket';

export type Source = 'mic' | 'webcam' | 'screen' | 'screen-audio';
export type Role = 'host' | 'cohost' | 'guest';
export type Policy = 'waiting' | 'open' | 'locked';

export interface Device {
	flag: string;
	name: string;
	version: string;
}

/** What guests may do; hosts may always. */
export interface RoomSettings {
	screenShare?: boolean;
	chat?: boolean;
	unmute?: boolean;
	reactions?: boolean;
}

export interface RoomInfo {
	policy: Policy;
	createdAt?: number;
	settings?: RoomSettings;
	spotlight?: string | null;
	host?: string | null;
	/** Raised hands, the first to raise first. */
	hands?: string[];
	/** The epoch of the chat's key that was sealed last; 0: the link's. */
	keyEpoch?: number;
}

export interface ChatKeys {
	sign: string;
	seal: string;
	proof: string;
}

export interface PeerInfo {
	id: string;
	displayName: string;
	device?: Device;
	role?: Role;
	muted?: boolean;
	handRaised?: boolean;
	away?: boolean;
	/** An issuer vouches for the name. */
	signedIn?: boolean;
	chatKeys?: ChatKeys | null;
}

export interface Knock {
	peerId: string;
	displayName: string;
	message?: string;
}

export interface ChatItem {
	/** Grows with every message of the room. */
	id: number;
	from: string;
	to?: string;
	at: number;
	ciphertext?: string;
	/** Instead of a ciphertext: a sealed key. */
	epoch?: number;
	box?: string;
}

export interface TransportInfo {
	id: string;
	iceParameters: ms.IceParameters;
	iceCandidates: ms.IceCandidate[];
	dtlsParameters: ms.DtlsParameters;
}

/** Ids of what lives on across a break of signaling. */
export interface Inventory {
	transports: string[];
	producers: string[];
	consumers: string[];
}

export interface Missed {
	seq: number;
	method: string;
	data: unknown;
}

export interface Snapshot {
	peers: PeerInfo[];
	knocks?: Knock[];
	room: RoomInfo;
}

export interface EnterData {
	displayName: string;
	device?: Device;
	invite?: string;
	hostKey?: string;
	resumeToken?: string;
	epoch?: string;
	lastSeq?: number;
	have?: Inventory;
	signInToken?: string;
	message?: string;
	browserId?: string;
}

export interface Admitted {
	status: 'admitted';
	peerId: string;
	/** Absent where it was given before. */
	resumeToken?: string;
	epoch: string;
	role: Role;
	room: RoomInfo;
	peers?: PeerInfo[];
	resumed?: boolean;
	missed?: Missed[];
	snapshot?: Snapshot;
	lost?: Partial<Inventory>;
}

export interface Waiting {
	status: 'waiting';
	peerId: string;
	resumeToken: string;
	position?: number;
}

/** Something a host did: by whom and to whom as peer ids, `by` null for the server itself. */
export interface Deed {
	what: string;
	by: string | null;
	on: string | null;
	detail: string | null;
	at: number;
}

export interface Invite {
	id: string;
	label?: string;
	role?: Role;
	uses?: number;
	used?: number;
	expiresAt?: number;
}

export interface NewConsumer {
	peerId: string;
	transportId?: string;
	producerId: string;
	id: string;
	kind: ms.MediaKind;
	rtpParameters: ms.RtpParameters;
	type: string;
	appData: { source?: Source; share?: boolean } & Record<string, unknown>;
	producerPaused: boolean;
}

export interface Rebuild {
	reason: 'lost' | 'move';
	transports: (TransportInfo & { replaces: string })[];
}

export interface Produce {
	transportId: string;
	kind: ms.MediaKind;
	rtpParameters: ms.RtpParameters;
	appData: Record<string, unknown>;
	producerId?: string;
}

type Empty = Record<string, never>;

/** method: [data, answer] */
export interface Requests {
	setKnock: [{ displayName?: string; message?: string }, Empty];
	leave: [Empty, Empty];
	getRouterRtpCapabilities: [Empty, ms.RtpCapabilities];
	createWebRtcTransport: [{ forceTcp?: boolean; producing: boolean; consuming: boolean }, TransportInfo];
	join: [{ displayName: string; device: Device; rtpCapabilities: ms.RtpCapabilities }, { peers: PeerInfo[] }];
	connectWebRtcTransport: [{ transportId: string; dtlsParameters: ms.DtlsParameters }, Empty];
	restartIce: [{ transportId: string }, ms.IceParameters];
	produce: [Produce, { id: string }];
	closeProducer: [{ producerId: string }, Empty];
	pauseProducer: [{ producerId: string }, Empty];
	resumeProducer: [{ producerId: string }, Empty];
	pauseConsumer: [{ consumerId: string }, Empty];
	resumeConsumer: [{ consumerId: string }, Empty];
	requestConsumerKeyFrame: [{ consumerId: string }, Empty];
	setConsumerPreferredLayers: [{ consumerId: string; spatialLayer: number; temporalLayer?: number }, Empty];
	setConsumerPriority: [{ consumerId: string; priority: number }, Empty];
	setConsumerViewport: [{ consumerId: string; width: number; height: number; visible: boolean }, Empty];
	changeDisplayName: [{ displayName: string }, Empty];
	closeTransport: [{ transportId: string }, Empty];
	reportNetwork: [Record<string, number>, Empty];
	listKnocks: [Empty, { knocks: Knock[] }];
	admit: [{ peerId: string }, Empty];
	admitAll: [Empty, Empty];
	deny: [{ peerId: string; reason?: string }, Empty];
	sendToWaiting: [{ peerId: string }, Empty];
	createInvite: [{ label?: string; ttlS?: number; uses?: number; role?: Role }, { id: string; token: string }];
	listInvites: [Empty, { invites: Invite[] }];
	revokeInvite: [{ id: string }, Empty];
	setPolicy: [{ policy: Policy }, Empty];
	setSettings: [RoomSettings, Empty];
	mutePeer: [{ peerId: string; kind: 'audio' | 'video' | 'screen' }, Empty];
	muteAll: [Empty, Empty];
	askUnmute: [{ peerId: string }, Empty];
	kick: [{ peerId: string; ban?: boolean }, Empty];
	setRole: [{ peerId: string; role: Role }, Empty];
	lowerHands: [Empty, Empty];
	spotlight: [{ peerId: string | null }, Empty];
	endRoom: [Empty, Empty];
	listAudit: [Empty, { audit: Deed[] }];
	setHand: [{ raised: boolean }, Empty];
	react: [{ emoji: string }, Empty];
	setChatKeys: [ChatKeys, Empty];
	sendChat: [{ clientId: string; to?: string; ciphertext: string }, { id: number; at: number }];
	deleteChat: [{ id: number }, Empty];
	sealKeys: [{ epoch: number; boxes: { to: string; box: string }[] }, Empty];
	chatHistory: [{ before?: number; limit: number }, { messages: ChatItem[]; more: boolean }];
}

export interface Notifications {
	'mediasoup-version': { version: string };
	newPeer: PeerInfo;
	peerClosed: { peerId: string };
	peerDisplayNameChanged: { peerId: string; displayName: string };
	peerUpdated: { peerId: string } & Partial<PeerInfo>;
	producerPaused: { producerId: string };
	producerClosed: { producerId: string };
	producerScore: { producerId: string; score: { encodingIdx: number; score: number }[] };
	consumerClosed: { consumerId: string };
	consumerPaused: { consumerId: string };
	consumerResumed: { consumerId: string };
	consumerScore: { consumerId: string; score: { score: number; producerScore: number } };
	consumerLayersChanged: { consumerId: string; spatialLayer: number | null; temporalLayer: number | null };
	consumerLimit: { consumerId: string; reason: LimitReason };
	activeSpeaker: { peerId: string | null; volume?: number };
	speakingPeers: { peerVolumes: { peerId: string; volume: number }[] };
	downlinkBwe: { desiredBitrate: number; effectiveDesiredBitrate: number; availableBitrate: number };
	producerLayersWanted: { producerId: string; maxSpatialLayer: number };
	rebuild: Rebuild;
	transportClosed: { transportId: string };
	mediaHalted: { forMs: number };
	serverRestarting: { inMs: number };
	waitingState: { position: number };
	admitted: Admitted;
	denied: { reason?: string };
	knock: Knock;
	knockGone: { peerId: string };
	roomUpdated: { room?: RoomInfo; entered?: PeerInfo; gone?: string };
	chat: ChatItem;
	chatDeleted: { id: number };
	keySealed: { from: string; to?: string; epoch: number; box: string };
	epochWanted: { epoch: number; peerId?: string };
	mutedByHost: { by?: string; sources?: Source[] };
	reaction: { peerId: string; emoji: string };
	askedToUnmute: { peerId?: string };
	hostChanged: { peerId: string | null };
	roomEnded: { reason?: string };
}

export type LimitReason = 'sender' | 'network' | 'viewport' | 'cpu' | 'host' | 'none';
export type NotificationName = keyof Notifications;

export class Api {
	constructor(private readonly socket: Socket) {}

	call<M extends keyof Requests>(method: M, data: Requests[M][0]): Promise<Requests[M][1]> {
		return this.socket.request(method, data) as Promise<Requests[M][1]>;
	}

	/** For requests whose failure changes nothing that a person sees. */
	tell<M extends keyof Requests>(method: M, data: Requests[M][0]): void {
		this.call(method, data).catch(() => undefined);
	}
}
