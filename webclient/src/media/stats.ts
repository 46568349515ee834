/** What RTCStats say, as the few figures that people can use. Pure, but for the reading itself. */
import type { Media } from '../call/media';

export interface Direction {
	bitrate: number;
	/** Share of packets lost since the last sample, 0 to 1. */
	loss: number;
	packets: number;
}

export interface VideoRow {
	key: string;
	peerId: string;
	source: string;
	width: number;
	height: number;
	fps: number;
	bitrate: number;
	codec: string;
}

export interface LayerRow {
	rid: string;
	width: number;
	height: number;
	fps: number;
	bitrate: number;
	active: boolean;
}

export interface Sample {
	at: number;
	sent: Direction;
	received: Direction;
	rttMs: number | null;
	/** Frames per second of the best received picture. */
	fps: number;
	videos: VideoRow[];
	layers: LayerRow[];
	path: string;
}

interface Counters {
	at: number;
	bytes: number;
	packets: number;
	lost: number;
}

type Report = Record<string, unknown> & { id: string; type: string };

const num = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0);

/** Turns growing counters into rates: one memory for each stream. */
export class Rates {
	#last = new Map<string, Counters>();

	rate(key: string, now: Counters): { bitrate: number; packets: number; lost: number } {
		const before = this.#last.get(key);
		this.#last.set(key, now);
		const seconds = before ? (now.at - before.at) / 1000 : 0;
		if (!before || seconds <= 0 || now.bytes < before.bytes) return { bitrate: 0, packets: 0, lost: 0 };
		return {
			bitrate: ((now.bytes - before.bytes) * 8) / seconds,
			packets: Math.max(0, now.packets - before.packets),
			lost: Math.max(0, now.lost - before.lost)
		};
	}
}

class Sum implements Direction {
	bitrate = 0;
	packets = 0;
	lost = 0;

	add(rate: { bitrate: number; packets: number; lost: number }): void {
		this.bitrate += rate.bitrate;
		this.packets += rate.packets;
		this.lost += rate.lost;
	}

	get loss(): number {
		const all = this.packets + this.lost;
		return all > 0 ? this.lost / all : 0;
	}
}

export class StatsReader {
	readonly #rates = new Rates();

	async sample(media: Media): Promise<Sample> {
		const { send, recv } = media.transports();
		const [out, into] = await Promise.all([reports(send), reports(recv)]);
		const at = performance.now();
		const sent = new Sum();
		const received = new Sum();
		const layers = this.#outbound(out, at, sent);
		const videos = this.#inbound(into, at, received, media);
		const pair = [...out, ...into].find((r) => r.type === 'candidate-pair' && r.nominated && r.state === 'succeeded');
		const rtt = pair ? num(pair.currentRoundTripTime) * 1000 : null;
		const local = [...out, ...into].find((r) => r.id === pair?.localCandidateId);
		return {
			at,
			sent: plainDirection(sent),
			received: plainDirection(received),
			rttMs: rtt,
			fps: videos.reduce((best, v) => Math.max(best, v.fps), 0),
			videos,
			layers,
			path: local ? `${String(local.protocol ?? '')}`.toUpperCase() : ''
		};
	}

	#outbound(all: Report[], at: number, sum: Sum): LayerRow[] {
		const layers: LayerRow[] = [];
		const remote = new Map(all.filter((r) => r.type === 'remote-inbound-rtp').map((r) => [r.localId as string, r]));
		for (const r of all) {
			if (r.type !== 'outbound-rtp') continue;
			const lost = num(remote.get(r.id)?.packetsLost);
			const rate = this.#rates.rate(r.id, { at, bytes: num(r.bytesSent), packets: num(r.packetsSent), lost });
			sum.add(rate);
			if (r.kind !== 'video') continue;
			layers.push({
				rid: String(r.rid ?? ''),
				width: num(r.frameWidth),
				height: num(r.frameHeight),
				fps: num(r.framesPerSecond),
				bitrate: rate.bitrate,
				active: r.active !== false && rate.bitrate > 0
			});
		}
		return layers.sort((a, b) => a.rid.localeCompare(b.rid));
	}

	#inbound(all: Report[], at: number, sum: Sum, media: Media): VideoRow[] {
		const byTrack = new Map(media.consumers().map((c) => [c.consumer.track.id, c.remote]));
		const codecs = new Map(all.filter((r) => r.type === 'codec').map((r) => [r.id, String(r.mimeType ?? '')]));
		const rows: VideoRow[] = [];
		for (const r of all) {
			if (r.type !== 'inbound-rtp') continue;
			const counters = { at, bytes: num(r.bytesReceived), packets: num(r.packetsReceived), lost: num(r.packetsLost) };
			const rate = this.#rates.rate(r.id, counters);
			sum.add(rate);
			const remote = byTrack.get(String(r.trackIdentifier));
			if (r.kind !== 'video' || !remote) continue;
			rows.push({
				key: remote.consumerId,
				peerId: remote.peerId,
				source: remote.source,
				width: num(r.frameWidth),
				height: num(r.frameHeight),
				fps: num(r.framesPerSecond),
				bitrate: rate.bitrate,
				codec: (codecs.get(String(r.codecId)) ?? '').replace('video/', '')
			});
		}
		return rows;
	}
}

function plainDirection({ bitrate, loss, packets }: Sum): Direction {
	return { bitrate, loss, packets };
}

async function reports(transport: { closed: boolean; getStats(): Promise<RTCStatsReport> } | null): Promise<Report[]> {
	if (!transport || transport.closed) return [];
	const report = await transport.getStats().catch(() => null);
	const list: Report[] = [];
	report?.forEach((value) => list.push(value as Report));
	return list;
}
