// SPDX-License-Identifier: Apache-2.0
// One EventSource for the union of what all clients follow. Runs in the SharedWorker or in the page.

export type LiveState = 'idle' | 'connecting' | 'live' | 'reconnecting' | 'polling';

export interface LiveMessage {
    topic: string;
    items: unknown[];
    ts?: string;
}

export interface HubClient {
    onState: (state: LiveState) => void;
    onMessage: (message: LiveMessage) => void;
    /** The stream was interrupted: what is shown may be stale and has to be read again. */
    onResync: () => void;
}

const kDebounceMs = 50;
const kRetryMs = 3000;
const kMaxRetryMs = 30_000;
const kFailuresUntilPolling = 3;

export class Hub {
    private readonly clients = new Map<HubClient, Map<string, number>>();
    private source: EventSource | null = null;
    private topics = '';
    private state: LiveState = 'idle';
    private failures = 0;
    private interrupted = false;
    private changeTimer: ReturnType<typeof setTimeout> | undefined;
    private retryTimer: ReturnType<typeof setTimeout> | undefined;

    constructor(private readonly url: (topics: string) => string) {}

    add(client: HubClient): void {
        this.clients.set(client, new Map());
        client.onState(this.state);
    }

    remove(client: HubClient): void {
        this.clients.delete(client);
        this.schedule();
    }

    subscribe(client: HubClient, topic: string): void {
        const held = this.clients.get(client);
        held?.set(topic, (held.get(topic) ?? 0) + 1);
        this.schedule();
    }

    unsubscribe(client: HubClient, topic: string): void {
        const held = this.clients.get(client);
        const count = (held?.get(topic) ?? 0) - 1;
        if (count > 0) held?.set(topic, count);
        else held?.delete(topic);
        this.schedule();
    }

    private wanted(): string {
        const all = new Set<string>();
        for (const held of this.clients.values()) for (const topic of held.keys()) all.add(topic);
        return [...all].sort().join(',');
    }

    private schedule(): void {
        clearTimeout(this.changeTimer);
        this.changeTimer = setTimeout(() => {
            if (this.wanted() !== this.topics) this.connect();
        }, kDebounceMs);
    }

    private setState(state: LiveState): void {
        if (this.state === state) return;
        this.state = state;
        for (const client of this.clients.keys()) client.onState(state);
    }

    /** The new stream opens before the old one closes, so that a change of topics loses nothing. */
    private connect(): void {
        clearTimeout(this.retryTimer);
        this.topics = this.wanted();
        const old = this.source;
        if (!this.topics) {
            old?.close();
            this.source = null;
            this.setState('idle');
            return;
        }
        if (this.state !== 'live' && this.state !== 'polling') {
            this.setState(this.interrupted ? 'reconnecting' : 'connecting');
        }
        const source = new EventSource(this.url(this.topics));
        this.source = source;
        source.onopen = () => this.opened(source, old);
        source.onerror = () => this.failed(source, old);
        for (const topic of this.topics.split(',')) {
            source.addEventListener(topic, (event) => this.deliver(source, topic, (event as MessageEvent<string>).data));
        }
    }

    private opened(source: EventSource, old: EventSource | null): void {
        if (source !== this.source) return source.close();
        old?.close();
        this.failures = 0;
        this.setState('live');
        if (!this.interrupted) return;
        this.interrupted = false;
        for (const client of this.clients.keys()) client.onResync();
    }

    private failed(source: EventSource, old: EventSource | null): void {
        if (source !== this.source) return source.close();
        old?.close();
        this.failures += 1;
        this.interrupted = true;
        this.setState(this.failures >= kFailuresUntilPolling ? 'polling' : 'reconnecting');
        // After an HTTP error the browser does not try again by itself.
        if (source.readyState !== EventSource.CLOSED) return;
        const delay = Math.min(kRetryMs * 2 ** Math.max(0, this.failures - 1), kMaxRetryMs);
        this.retryTimer = setTimeout(() => this.connect(), delay);
    }

    private deliver(source: EventSource, topic: string, data: string): void {
        if (source !== this.source) return;
        let message: LiveMessage;
        try {
            message = { ...(JSON.parse(data) as LiveMessage), topic };
        } catch {
            return;
        }
        for (const [client, held] of this.clients) if (held.has(topic)) client.onMessage(message);
    }
}
