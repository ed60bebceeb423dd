// SPDX-License-Identifier: Apache-2.0
// The SharedWorker that holds the only event stream of this browser.
import { kApiBase } from '../api/base';
import { Hub, type HubClient } from './hub';

export type ToWorker = { kind: 'sub' | 'unsub'; topic: string } | { kind: 'bye' | 'ping' };
export type FromWorker =
    | { kind: 'state'; state: string }
    | { kind: 'message'; message: unknown }
    | { kind: 'resync' };

/** A tab that crashed says no bye; three missed pings (each 30 s) do. */
const kDeadAfterMs = 95_000;

const hub = new Hub((topics) => `${kApiBase}/events?topics=${encodeURIComponent(topics)}`);
const lastSeen = new Map<HubClient, number>();

function serve(port: MessagePort): void {
    const post = (message: FromWorker) => port.postMessage(message);
    const client: HubClient = {
        onState: (state) => post({ kind: 'state', state }),
        onMessage: (message) => post({ kind: 'message', message }),
        onResync: () => post({ kind: 'resync' }),
    };
    hub.add(client);
    lastSeen.set(client, Date.now());
    port.onmessage = (event: MessageEvent<ToWorker>) => {
        lastSeen.set(client, Date.now());
        const message = event.data;
        if (message.kind === 'sub') hub.subscribe(client, message.topic);
        else if (message.kind === 'unsub') hub.unsubscribe(client, message.topic);
        else if (message.kind === 'bye') drop(client, port);
    };
}

function drop(client: HubClient, port?: MessagePort): void {
    hub.remove(client);
    lastSeen.delete(client);
    port?.close();
}

setInterval(() => {
    const now = Date.now();
    for (const [client, seen] of lastSeen) if (now - seen > kDeadAfterMs) drop(client);
}, 30_000);

(self as unknown as { onconnect: (event: MessageEvent) => void }).onconnect = (event) => serve(event.ports[0]!);
