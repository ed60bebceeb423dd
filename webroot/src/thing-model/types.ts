// SPDX-License-Identifier: Apache-2.0
// What the data types of a thing model mean: their families, defaults, checks and how a value reads.
import type { ThingModel, ValueType } from '@/api/types';
import { codePoints, formatNumber, formatTime, formatValue } from '@/i18n/format';

export const kWholeTypes = ['int', 'long', 'short', 'byte'];
export const kFractionTypes = ['float', 'double'];
export const kTypes = [
    ...kWholeTypes,
    ...kFractionTypes,
    'boolean',
    'string',
    'enum',
    'date',
    'password',
    'user',
    'file',
    'array',
    'object',
    'geoPoint',
    'geoShape',
];
export const kMostDepth = 3;

const kRanges: Record<string, [number, number]> = {
    byte: [-128, 127],
    short: [-32768, 32767],
    int: [-2147483648, 2147483647],
    long: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
};

export interface ValueError {
    path: string;
    code: string;
    params: Record<string, unknown>;
}

export const isWhole = (type: ValueType) => kWholeTypes.includes(type.type);
export const isNumeric = (type: ValueType | undefined) =>
    !!type && (kWholeTypes.includes(type.type) || kFractionTypes.includes(type.type));

export function emptyModel(): ThingModel {
    return { properties: [], functions: [], events: [], tags: [] };
}

/** A new type with the options that its family starts with. */
export function typeWithDefaults(type: string): ValueType {
    if (kFractionTypes.includes(type)) return { type, scale: 2 };
    switch (type) {
        case 'boolean':
            return { type, trueText: '是', falseText: '否', trueValue: 'true', falseValue: 'false' };
        case 'enum':
            return { type, elements: [{ value: '', text: '' }], multi: false };
        case 'date':
            return { type, format: 'timestamp' };
        case 'file':
            return { type, bodyType: 'url' };
        case 'array':
            return { type, elementType: { type: 'int' } };
        case 'object':
            return { type, properties: [] };
        default:
            return { type };
    }
}

/** What an input starts with: nothing where the user has to decide. */
export function initialValue(type: ValueType): unknown {
    if (type.type === 'array') return [];
    if (type.type === 'enum' && type.multi) return [];
    if (type.type !== 'object') return undefined;
    return Object.fromEntries((type.properties ?? []).map((field) => [field.id, initialValue(field.valueType)]));
}

export function rangeOf(type: ValueType): [number | undefined, number | undefined] {
    const own = kRanges[type.type];
    return [type.min ?? own?.[0], type.max ?? own?.[1]];
}

const error = (path: string, code: string, params: Record<string, unknown> = {}): ValueError[] => [
    { path, code, params },
];

function checkNumber(type: ValueType, value: unknown, path: string): ValueError[] {
    if (typeof value !== 'number' || !Number.isFinite(value)) return error(path, 'number');
    if (isWhole(type) && !Number.isInteger(value)) return error(path, 'integer');
    const [min, max] = rangeOf(type);
    if (min !== undefined && max !== undefined && (value < min || value > max)) return error(path, 'range', { min, max });
    if (min !== undefined && value < min) return error(path, 'minimum', { min });
    if (max !== undefined && value > max) return error(path, 'maximum', { max });
    return [];
}

function checkPoint(value: unknown, path: string): ValueError[] {
    const point = value as { lon?: number; lat?: number };
    const fits =
        typeof point.lon === 'number' &&
        typeof point.lat === 'number' &&
        Math.abs(point.lon) <= 180 &&
        Math.abs(point.lat) <= 90;
    return fits ? [] : error(path, 'geoPoint');
}

function checkShape(value: unknown, path: string): ValueError[] {
    const shape = value as { type?: unknown; coordinates?: unknown };
    return typeof shape?.type === 'string' && Array.isArray(shape.coordinates) ? [] : error(path, 'geoShape');
}

function isMissing(value: unknown): boolean {
    return value === undefined || value === null || value === '';
}

/** Everything that is wrong with a value, by path; the server checks the same again. */
export function checkValue(type: ValueType, value: unknown, path = '', required = true): ValueError[] {
    if (isMissing(value)) return required ? error(path, 'required') : [];
    if (isNumeric(type)) return checkNumber(type, value, path);
    switch (type.type) {
        case 'string':
        case 'password': {
            const limit = type.expands?.maxLength;
            const long = limit !== undefined && codePoints(String(value)) > limit;
            return long ? error(path, 'maxLength', { limit }) : [];
        }
        case 'array': {
            const items = value as unknown[];
            if (required && items.length === 0) return error(path, 'required');
            return items.flatMap((item, index) => checkValue(type.elementType ?? { type: 'string' }, item, `${path}/${index}`));
        }
        case 'object':
            return (type.properties ?? []).flatMap((field) =>
                checkValue(field.valueType, (value as Record<string, unknown>)[field.id], `${path}/${field.id}`, !!field.required),
            );
        case 'enum':
            return required && Array.isArray(value) && value.length === 0 ? error(path, 'required') : [];
        case 'geoPoint':
            return checkPoint(value, path);
        case 'geoShape':
            return checkShape(value, path);
        default:
            return [];
    }
}

function enumText(type: ValueType, value: unknown): string {
    const text = (entry: unknown) => type.elements?.find((element) => element.value === String(entry))?.text ?? String(entry);
    return Array.isArray(value) ? value.map(text).join(', ') : text(value);
}

/** A value as a person reads it, with texts and unit. */
export function readable(type: ValueType | undefined, value: unknown): string {
    if (isMissing(value)) return '–';
    if (!type) return formatValue(value);
    if (isNumeric(type) && typeof value === 'number') {
        return formatNumber(value, isWhole(type) ? 0 : (type.scale ?? 2)) + (type.unit ? ` ${type.unit}` : '');
    }
    switch (type.type) {
        case 'boolean':
            return String(value) === (type.trueValue ?? 'true') ? (type.trueText ?? 'true') : (type.falseText ?? 'false');
        case 'enum':
            return enumText(type, value);
        case 'date':
            return typeof value === 'number' ? formatTime(value) : String(value);
        case 'password':
            return '••••••';
        case 'array':
            return Array.isArray(value) ? value.map((item) => readable(type.elementType, item)).join(', ') : formatValue(value);
        case 'object':
            return typeof value === 'object' ? objectText(type, value as Record<string, unknown>) : String(value);
        default:
            return formatValue(value);
    }
}

function objectText(type: ValueType, value: Record<string, unknown>): string {
    const known = new Map((type.properties ?? []).map((field) => [field.id, field]));
    return Object.entries(value)
        .map(([id, entry]) => `${known.get(id)?.name || id} ${readable(known.get(id)?.valueType, entry)}`)
        .join(', ');
}

/** Tags are kept as text; their input wants the value that the text stands for. */
export function fromTagText(type: ValueType, text: unknown): unknown {
    if (typeof text !== 'string' || text === '') return text ?? undefined;
    if (isNumeric(type)) return Number.isFinite(Number(text)) ? Number(text) : undefined;
    if (type.type === 'date' && /^\d+$/.test(text)) return Number(text);
    if (!['array', 'object', 'geoPoint', 'geoShape'].includes(type.type) && !(type.type === 'enum' && type.multi)) return text;
    try {
        return JSON.parse(text) as unknown;
    } catch {
        return undefined;
    }
}

/** The text of a tag, or null to take it away. */
export function toTagText(value: unknown): string | null {
    if (value === undefined || value === null || value === '') return null;
    if (Array.isArray(value) && value.length === 0) return null;
    return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
