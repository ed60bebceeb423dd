// SPDX-License-Identifier: Apache-2.0
import { i18n, locale } from './index';

const pad = (value: number, width = 2) => String(value).padStart(width, '0');

/** Local time as YYYY-MM-DD HH:mm:ss; an empty text for nothing. */
export function formatTime(time: string | number | null | undefined, milliseconds = false): string {
    if (time === null || time === undefined || time === '') return '';
    const date = new Date(time);
    if (Number.isNaN(date.getTime())) return String(time);
    const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
    const clock = `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
    return `${day} ${clock}${milliseconds ? `.${pad(date.getMilliseconds(), 3)}` : ''}`;
}

export function formatClock(time: string | number): string {
    return formatTime(time, true).slice(11);
}

const kSteps: [Intl.RelativeTimeFormatUnit, number][] = [
    ['day', 86400],
    ['hour', 3600],
    ['minute', 60],
    ['second', 1],
];

/** "3 minutes ago" in the language of the page. */
export function formatAgo(time: string | null | undefined, now = Date.now()): string {
    if (!time) return '';
    // The server's clock may be ahead of the browser's: what is shown here lies in the past.
    const seconds = Math.min(0, Math.round((new Date(time).getTime() - now) / 1000));
    const format = new Intl.RelativeTimeFormat(locale.value, { numeric: 'auto', style: 'short' });
    for (const [unit, size] of kSteps) {
        if (Math.abs(seconds) >= size) return format.format(Math.trunc(seconds / size), unit);
    }
    return i18n.global.t('common.justNow');
}

export function formatNumber(value: number | null | undefined, digits = 0, fixed = false): string {
    if (value === null || value === undefined || Number.isNaN(value)) return '–';
    const least = fixed ? digits : 0;
    return new Intl.NumberFormat(locale.value, { maximumFractionDigits: digits, minimumFractionDigits: least }).format(value);
}

const kUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

export function formatBytes(bytes: number | null | undefined): string {
    if (bytes === null || bytes === undefined) return '–';
    let value = bytes;
    let unit = 0;
    while (value >= 1024 && unit < kUnits.length - 1) {
        value /= 1024;
        unit += 1;
    }
    return `${formatNumber(value, value < 10 && unit > 0 ? 1 : 0)} ${kUnits[unit]}`;
}

/** A duration with its two largest units: "3 d 4 h". */
export function formatDuration(seconds: number): string {
    const t = i18n.global.t;
    const parts: [number, string][] = [
        [Math.floor(seconds / 86400), 'common.days'],
        [Math.floor(seconds / 3600) % 24, 'common.hours'],
        [Math.floor(seconds / 60) % 60, 'common.minutes'],
        [Math.floor(seconds) % 60, 'common.seconds'],
    ];
    const first = Math.max(0, parts.findIndex(([count]) => count > 0));
    return parts
        .slice(first, first + 2)
        .map(([count, key]) => t(key, { n: count }))
        .join(' ');
}

/** Any value as one line of text. */
export function formatValue(value: unknown): string {
    if (value === null || value === undefined) return '–';
    if (typeof value === 'object') return JSON.stringify(value);
    return String(value);
}

export function codePoints(text: string): number {
    return [...text].length;
}
