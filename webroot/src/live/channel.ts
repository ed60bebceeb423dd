// SPDX-License-Identifier: Apache-2.0
// The page's end of the live stream: through the SharedWorker, or a hub of its own where there is none.
import { ref } from 'vue';
import { kApiBase } from '@/api/base';
import { Hub, type HubClient, type LiveMessage, type LiveState } from './hub';
import type { FromWorker, ToWorker } from './worker';

const kPingMs = 30_000;
const kPollMs = 5000;

type Listener = (items: unknown[]) => void;

export const liveState = ref<LiveState>('idle');
const listeners = new Map<string, Set<Listener>>();
const resyncers = new Set<() => void>();
let pollTimer: ReturnType<typeof setInterval> | undefined;

interface Channel {
    subscribe(topic: string): void;
    unsubscribe(topic: string): void;
}

function resync(): void {
    for (const run of resyncers) run();
}

/** When the stream cannot be had, what is shown is read again every few seconds instead. */
function setState(state: LiveState): void {
    liveState.value = state;
    clearInterval(pollTimer);
    if (state === 'polling') pollTimer = setInterval(resync, kPollMs);
}

const client: HubClient = {
    onState: setState,
    onMessage: (message) => listeners.get(message.topic)?.forEach((run) => run(message.items)),
    onResync: resync,
};

function workerChannel(): Channel {
    const worker = new SharedWorker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'fairlead-live' });
    const post = (message: ToWorker) => worker.port.postMessage(message);
    worker.port.onmessage = (event: MessageEvent<FromWorker>) => {
        const message = event.data;
        if (message.kind === 'state') client.onState(message.state as LiveState);
        else if (message.kind === 'message') client.onMessage(message.message as LiveMessage);
        else client.onResync();
    };
    worker.port.start();
    setInterval(() => post({ kind: 'ping' }), kPingMs);
    addEventListener('pagehide', () => post({ kind: 'bye' }));
    // A page that comes back from the back-forward cache has lost its port.
    addEventListener('pageshow', (event) => event.persisted && location.reload());
    return {
        subscribe: (topic) => post({ kind: 'sub', topic }),
        unsubscribe: (topic) => post({ kind: 'unsub', topic }),
    };
}

/** Hidden tabs give their stream back: browsers allow six connections per host. */
function pageChannel(): Channel {
    const hub = new Hub((topics) => `${kApiBase}/events?topics=${encodeURIComponent(topics)}`);
    const follow = () => {
        if (document.hidden) return hub.remove(client);
        hub.add(client);
        for (const topic of listeners.keys()) hub.subscribe(client, topic);
        resync();
    };
    hub.add(client);
    document.addEventListener('visibilitychange', follow);
    return {
        subscribe: (topic) => hub.subscribe(client, topic),
        unsubscribe: (topic) => hub.unsubscribe(client, topic),
    };
}

let channel: Channel | null = null;

function open(): Channel {
    channel ??= typeof SharedWorker === 'function' ? workerChannel() : pageChannel();
    return channel;
}

/** Follows a topic until the returned function is called. */
export function follow(topic: string, listener: Listener): () => void {
    let held = listeners.get(topic);
    if (!held) {
        held = new Set();
        listeners.set(topic, held);
        open().subscribe(topic);
    }
    held.add(listener);
    return () => {
        held.delete(listener);
        if (held.size > 0 || listeners.get(topic) !== held) return;
        listeners.delete(topic);
        open().unsubscribe(topic);
    };
}

/** Called after an interruption, and every few seconds while polling. */
export function onResync(run: () => void): () => void {
    resyncers.add(run);
    return () => resyncers.delete(run);
}
