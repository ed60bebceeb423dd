// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Hub, type HubClient, type LiveMessage, type LiveState } from '@/live/hub';
import { Ring } from '@/pages/logs/ring';

class FakeSource {
    static readonly CLOSED = 2;
    static all: FakeSource[] = [];
    readyState = 0;
    closed = false;
    onopen: () => void = () => undefined;
    onerror: () => void = () => undefined;
    private readonly listeners = new Map<string, (event: { data: string }) => void>();

    constructor(readonly url: string) {
        FakeSource.all.push(this);
    }
    addEventListener(topic: string, run: (event: { data: string }) => void): void {
        this.listeners.set(topic, run);
    }
    emit(topic: string, items: unknown[]): void {
        this.listeners.get(topic)?.({ data: JSON.stringify({ items }) });
    }
    fail(fatal: boolean): void {
        this.readyState = fatal ? FakeSource.CLOSED : 0;
        this.onerror();
    }
    close(): void {
        this.closed = true;
    }
}

function client() {
    const seen = { states: [] as LiveState[], messages: [] as LiveMessage[], resyncs: 0 };
    const self: HubClient = {
        onState: (state) => seen.states.push(state),
        onMessage: (message) => seen.messages.push(message),
        onResync: () => (seen.resyncs += 1),
    };
    return { self, seen };
}

describe('live hub', () => {
    beforeEach(() => {
        vi.useFakeTimers();
        FakeSource.all = [];
        vi.stubGlobal('EventSource', FakeSource);
    });
    afterEach(() => {
        vi.useRealTimers();
        vi.unstubAllGlobals();
    });
    const newest = () => FakeSource.all.at(-1)!;

    it('opens one stream for all clients and delivers by topic', () => {
        const hub = new Hub((topics) => `/events?topics=${topics}`);
        const [a, b] = [client(), client()];
        hub.add(a.self);
        hub.add(b.self);
        hub.subscribe(a.self, 'x');
        hub.subscribe(b.self, 'y');
        vi.advanceTimersByTime(60);
        expect(FakeSource.all).toHaveLength(1);
        expect(newest().url).toBe('/events?topics=x,y');
        newest().onopen();
        newest().emit('x', [1]);
        expect(a.seen.messages).toHaveLength(1);
        expect(b.seen.messages).toHaveLength(0);
        expect(a.seen.states.at(-1)).toBe('live');
    });

    it('keeps the old stream until the new one is open, and closes when nobody follows', () => {
        const hub = new Hub((topics) => topics);
        const a = client();
        hub.add(a.self);
        hub.subscribe(a.self, 'x');
        vi.advanceTimersByTime(60);
        const first = newest();
        first.onopen();
        hub.subscribe(a.self, 'y');
        vi.advanceTimersByTime(60);
        expect(first.closed).toBe(false);
        newest().onopen();
        expect(first.closed).toBe(true);
        expect(a.seen.resyncs).toBe(0);
        hub.remove(a.self);
        vi.advanceTimersByTime(60);
        expect(newest().closed).toBe(true);
    });

    it('tries again after an HTTP error, polls after three, and asks for a fresh read when it is back', () => {
        const hub = new Hub((topics) => topics);
        const a = client();
        hub.add(a.self);
        hub.subscribe(a.self, 'x');
        vi.advanceTimersByTime(60);
        newest().onopen();
        for (let n = 0; n < 3; n += 1) {
            newest().fail(true);
            vi.advanceTimersByTime(31_000);
        }
        expect(FakeSource.all).toHaveLength(4);
        expect(a.seen.states.at(-1)).toBe('polling');
        newest().onopen();
        expect(a.seen.states.at(-1)).toBe('live');
        expect(a.seen.resyncs).toBe(1);
    });
});

describe('ring of log lines', () => {
    it('keeps the newest and counts what fell out', () => {
        const ring = new Ring<number>(3);
        ring.push([1, 2]);
        ring.push([3, 4, 5]);
        expect(ring.snapshot()).toEqual([3, 4, 5]);
        expect(ring.lost).toBe(2);
        ring.push(Array.from({ length: 10 }, (_v, i) => i));
        expect(ring.snapshot()).toEqual([7, 8, 9]);
    });
});
