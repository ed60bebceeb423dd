// SPDX-License-Identifier: Apache-2.0
// The event stream of the mock: values move, counters grow, log lines arrive.
import { accessRow, messageRow, systemRow } from './fixtures.mjs';
import { kPolicy } from './http.mjs';

export class Live {
    constructor(data, state) {
        this.data = data;
        this.state = state;
        this.clients = new Set();
        this.sequence = 0;
        this.tick = 0;
        this.timer = setInterval(() => this.beat(), 1000);
        this.timer.unref();
    }

    add(request, response, topics) {
        response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', 'Content-Security-Policy': kPolicy });
        response.write('retry: 2000\n: ok\n\n');
        const client = { response, topics };
        this.clients.add(client);
        request.on('close', () => this.clients.delete(client));
    }

    send(topic, items) {
        this.sequence += 1;
        const text = `id: ${this.sequence}\nevent: ${topic}\ndata: ${JSON.stringify({ ts: new Date().toISOString(), items })}\n\n`;
        for (const { response, topics } of this.clients) if (topics.includes(topic)) response.write(text);
    }

    /** Cuts every stream, as a restart of the server does. */
    cut() {
        for (const { response } of this.clients) response.destroy();
        this.clients.clear();
    }

    beat() {
        this.tick += 1;
        const wanted = new Set([...this.clients].flatMap((client) => client.topics));
        if (this.tick % 2 === 0 && wanted.has('dashboard')) this.send('dashboard', [this.state.counters()]);
        for (const topic of wanted) if (topic.startsWith('device.')) this.beatDevice(topic.slice(7));
        if (wanted.has('log.system')) this.send('log.system', [systemRow(-this.tick, new Date().toISOString())]);
        if (this.tick % 3 === 0 && wanted.has('log.access')) this.send('log.access', [{ ...accessRow(this.tick), id: `a-live-${this.tick}`, time: new Date().toISOString() }]);
        if (this.tick % 2 === 0 && wanted.has('network.state')) {
            const network = this.data.networks[0];
            network.counters.messagesIn += 240;
            this.send('network.state', [{ id: network.id, runState: network.runState, lastError: null, counters: network.counters }]);
        }
    }

    beatDevice(id) {
        const device = this.data.devices.find((entry) => entry.id === id);
        if (!device || device.state !== 'online') return;
        const items = this.state.moveValues(device);
        if (this.tick % 3 === 0) items.push({ kind: 'message', message: messageRow(device, -this.tick, new Date().toISOString()) });
        this.send(`device.${id}`, items);
    }

    close() {
        clearInterval(this.timer);
        this.cut();
    }
}
