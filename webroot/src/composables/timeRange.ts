// SPDX-License-Identifier: Apache-2.0

const kMinute = 60_000;
const kHour = 60 * kMinute;
const kDay = 24 * kHour;

/** Presets by name, in milliseconds back from now. */
export const kPresets: Record<string, number> = {
    '15m': 15 * kMinute,
    '1h': kHour,
    '24h': kDay,
    '7d': 7 * kDay,
    '30d': 30 * kDay,
};

export interface Span {
    from?: string;
    to?: string;
}

/** The two moments that a range text names: a preset, "<from>/<to>", or nothing. */
export function spanOf(range: string, now = Date.now()): Span {
    const preset = kPresets[range];
    if (preset) return { from: new Date(now - preset).toISOString(), to: new Date(now).toISOString() };
    const [from, to] = range.split('/');
    return from && to ? { from, to } : {};
}

const kIntervals: [string, number][] = [
    ['1m', kMinute],
    ['5m', 5 * kMinute],
    ['15m', 15 * kMinute],
    ['1h', kHour],
    ['6h', 6 * kHour],
    ['1d', kDay],
];
const kGoodPoints = 240;
const kMostPoints = 2000;

function lengthOf(span: Span): number {
    return span.from && span.to ? Date.parse(span.to) - Date.parse(span.from) : 0;
}

/** The intervals that give at most 2000 points over the span. */
export function intervalsFor(span: Span): string[] {
    const length = lengthOf(span);
    return kIntervals.filter(([, size]) => length / size <= kMostPoints && size <= length).map(([name]) => name);
}

/** The finest interval that still gives a readable chart. */
export function bestInterval(span: Span): string {
    const length = lengthOf(span);
    return (kIntervals.find(([, size]) => length / size <= kGoodPoints) ?? kIntervals.at(-1)!)[0];
}
