// SPDX-License-Identifier: Apache-2.0
// Which colour and which word a state gets. Colour never stands alone.

export type Tone = 'ok' | 'warn' | 'bad' | 'off' | 'busy';

const kTones: Record<string, Tone> = {
    online: 'ok',
    running: 'ok',
    started: 'ok',
    enabled: 'ok',
    active: 'ok',
    published: 'ok',
    healthy: 'ok',
    success: 'ok',
    good: 'ok',
    builtin: 'busy',
    connected: 'ok',
    connecting: 'busy',
    waiting: 'warn',
    starting: 'busy',
    draining: 'busy',
    loading: 'busy',
    stopping: 'busy',
    uncertain: 'warn',
    degraded: 'warn',
    warning: 'warn',
    warn: 'warn',
    quarantined: 'bad',
    failed: 'bad',
    failure: 'bad',
    unhealthy: 'bad',
    bad: 'bad',
    error: 'bad',
    fatal: 'bad',
    urgent: 'bad',
};

export function toneOf(state: string | null | undefined): Tone {
    return kTones[state ?? ''] ?? 'off';
}

interface Runnable {
    state: string;
    runState: string;
}

/** What a person wants to know of a thing that can be enabled and can fail: one state out of two. */
export function overallState(item: Runnable): string {
    if (item.state !== 'enabled') return 'disabled';
    if (item.runState === 'failed' || item.runState === 'quarantined') return item.runState;
    if (item.runState === 'stopped') return 'stopped';
    return 'normal';
}

export function overallTone(item: Runnable): Tone {
    const state = overallState(item);
    if (state === 'normal') return 'ok';
    if (state === 'stopped') return 'warn';
    return state === 'disabled' ? 'off' : 'bad';
}
