// SPDX-License-Identifier: Apache-2.0
// The draft-04 subset that plugins may describe their forms with: defaults, conditions, checks, texts.
import type { JsonSchema, Texts } from '@/api/types';
import { clone } from '@/composables/clone';
import { codePoints } from '@/i18n/format';

export const kSecretUnchanged = '***';

export interface SchemaError {
    /** JSON pointer of the value, for example /framing/length. */
    path: string;
    code: string;
    params: Record<string, unknown>;
}

type Value = Record<string, unknown>;

export function typeOf(schema: JsonSchema): string {
    return schema.type ?? (schema.properties ? 'object' : 'string');
}

/** A value in which everything that has a default holds it; what is already there stays. */
export function withDefaults(schema: JsonSchema, present?: unknown): unknown {
    if (typeOf(schema) === 'object') {
        const given = (present && typeof present === 'object' ? present : (schema.default ?? {})) as Value;
        const value: Value = { ...given };
        for (const [name, child] of Object.entries(schema.properties ?? {})) {
            const next = withDefaults(child, value[name]);
            if (next !== undefined) value[name] = next;
        }
        return value;
    }
    if (present !== undefined) return present;
    if (schema.default !== undefined) return clone(schema.default);
    return typeOf(schema) === 'array' ? [] : typeOf(schema) === 'boolean' ? false : undefined;
}

function order(object: JsonSchema, name: string, index: number): number {
    const listed = Array.isArray(object['x-order']) ? object['x-order'].indexOf(name) : -1;
    if (listed >= 0) return listed - 1000;
    const own = object.properties?.[name]?.['x-order'];
    return typeof own === 'number' ? own - 500 : index;
}

export function orderedNames(object: JsonSchema): string[] {
    const names = Object.keys(object.properties ?? {});
    const places = new Map(names.map((name, index) => [name, order(object, name, index)]));
    return names.sort((a, b) => places.get(a)! - places.get(b)!);
}

function lookUp(root: Value, siblings: Value, path: string): unknown {
    if (!path.startsWith('/')) return siblings[path];
    return path
        .slice(1)
        .split('/')
        .reduce<unknown>((at, name) => (at as Value | undefined)?.[name], root);
}

/** True when every named value is what the condition says (one value or a list of them). */
export function holds(condition: Value | undefined, root: Value, siblings: Value): boolean {
    return Object.entries(condition ?? {}).every(([path, wanted]) => {
        const actual = lookUp(root, siblings, path);
        return Array.isArray(wanted) ? wanted.includes(actual) : actual === wanted;
    });
}

/** The names that are required just now: always, by `x-required-when`, or by the branch of `oneOf` that fits. */
export function requiredNames(object: JsonSchema, root: Value, value: Value): Set<string> {
    const names = new Set(object.required ?? []);
    for (const [name, child] of Object.entries(object.properties ?? {})) {
        if (child['x-required-when'] && holds(child['x-required-when'], root, value)) names.add(name);
    }
    for (const branch of object.oneOf ?? []) {
        const fits = Object.entries(branch.properties ?? {}).every(([name, child]) => child.enum?.includes(value[name]));
        if (fits) branch.required?.forEach((name) => names.add(name));
    }
    return names;
}

export function isEmpty(value: unknown): boolean {
    return value === undefined || value === null || value === '';
}

const kHostname = /^(?=.{1,253}$)([0-9A-Za-z_]([0-9A-Za-z_-]{0,61}[0-9A-Za-z])?)(\.[0-9A-Za-z_]([0-9A-Za-z_-]{0,61}[0-9A-Za-z])?)*\.?$/;
const kIpv4 = /^((25[0-5]|2[0-4]\d|1?\d?\d)(\.(?!$)|$)){4}$/;
const kIpv6 = /^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:?[0-9A-Fa-f:.]*$/;

function formatFits(format: string, value: string): boolean {
    if (format === 'hostname') return kHostname.test(value) || kIpv4.test(value) || kIpv6.test(value);
    if (format === 'ipv4') return kIpv4.test(value);
    if (format === 'ipv6') return kIpv6.test(value);
    if (format === 'uri') return /^[A-Za-z][A-Za-z0-9+.-]*:\S+$/.test(value);
    return true;
}

type Fault = { code: string; params: Record<string, unknown> } | null;
const fault = (code: string, params: Record<string, unknown> = {}): Fault => ({ code, params });

function textFault(schema: JsonSchema, value: string): Fault {
    const length = codePoints(value);
    if (schema.maxLength !== undefined && length > schema.maxLength) return fault('maxLength', { limit: schema.maxLength });
    if (schema.minLength !== undefined && length < schema.minLength) return fault('minLength', { limit: schema.minLength });
    if (schema.pattern && !new RegExp(schema.pattern, 'u').test(value)) return fault('pattern');
    if (schema.format && !formatFits(schema.format, value)) return fault(`format_${schema.format}`);
    return null;
}

function numberFault(schema: JsonSchema, value: unknown): Fault {
    if (typeof value !== 'number' || !Number.isFinite(value)) return fault('number');
    if (schema.type === 'integer' && !Number.isInteger(value)) return fault('integer');
    const { minimum: min, maximum: max } = schema;
    if ((min !== undefined && value < min) || (max !== undefined && value > max)) {
        return fault(min === undefined ? 'maximum' : max === undefined ? 'minimum' : 'range', { min, max });
    }
    return null;
}

function scalarFault(schema: JsonSchema, value: unknown): Fault {
    if (schema.enum && !schema.enum.includes(value)) return fault('enum');
    const type = typeOf(schema);
    if (type === 'integer' || type === 'number') return numberFault(schema, value);
    if (type === 'boolean') return typeof value === 'boolean' ? null : fault('type');
    if (type === 'string') return typeof value === 'string' ? textFault(schema, value) : fault('type');
    return null;
}

/** Checks a value as the server will; hidden fields are left out. */
export function validate(schema: JsonSchema, value: unknown, root = value as Value, path = ''): SchemaError[] {
    if (typeOf(schema) === 'object') return validateObject(schema, (value ?? {}) as Value, root, path);
    if (typeOf(schema) === 'array') {
        const rows = (Array.isArray(value) ? value : []) as unknown[];
        const errors = rows.flatMap((row, index) => validate(schema.items ?? {}, row, root, `${path}/${index}`));
        if (schema.maxItems !== undefined && rows.length > schema.maxItems) {
            errors.push({ path, code: 'maxItems', params: { limit: schema.maxItems } });
        }
        return errors;
    }
    const found = scalarFault(schema, value);
    return found ? [{ path, ...found }] : [];
}

function validateObject(schema: JsonSchema, value: Value, root: Value, path: string): SchemaError[] {
    const required = requiredNames(schema, root, value);
    return Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
        const at = `${path}/${name}`;
        if (!holds(child['x-visible-when'], root, value)) return [];
        if (isEmpty(value[name])) return required.has(name) ? [{ path: at, code: 'required', params: {} }] : [];
        if (value[name] === kSecretUnchanged) return [];
        return validate(child, value[name], root, at);
    });
}

/** What is sent: without hidden fields and without empty texts. */
export function pruned(schema: JsonSchema, value: unknown, root = value as Value): unknown {
    if (typeOf(schema) === 'array') {
        return ((value as unknown[] | undefined) ?? []).map((row) => pruned(schema.items ?? {}, row, root));
    }
    if (typeOf(schema) !== 'object' || !schema.properties) return value;
    const given = (value ?? {}) as Value;
    const result: Value = {};
    for (const [name, entry] of Object.entries(given)) {
        const child = schema.properties[name];
        if (!child) result[name] = entry;
        else if (holds(child['x-visible-when'], root, given) && !isEmpty(entry)) result[name] = pruned(child, entry, root);
    }
    return result;
}

/** The texts of a plugin for one field: `pointer`, `pointer#help`, `pointer#enum/value`. */
export class SchemaTexts {
    constructor(
        private readonly root: JsonSchema,
        private readonly locale: string,
    ) {}

    private find(pointer: string): string | undefined {
        const all = this.root.i18n ?? {};
        const texts: Texts | undefined = all[this.locale] ?? all['zh-CN'] ?? all.en;
        return texts?.[pointer] ?? texts?.[pointer.replaceAll('/items/', '/')];
    }

    title(pointer: string, schema: JsonSchema): string {
        return this.find(pointer) ?? schema.title ?? pointer.split('/').pop() ?? '';
    }

    help(pointer: string, schema: JsonSchema): string {
        return this.find(`${pointer}#help`) ?? schema['x-help'] ?? schema.description ?? '';
    }

    group(name: string): string {
        return this.find(`#group/${name}`) ?? this.find(`group:${name}`) ?? name;
    }

    choice(pointer: string, schema: JsonSchema, value: unknown, index: number): string {
        const own = this.find(`${pointer}#enum/${String(value)}`) ?? this.find(`${pointer}#${String(value)}`);
        if (own) return own;
        const titles = schema['x-enum-titles'] as Record<string, unknown> | string[] | undefined;
        const local = Array.isArray(titles) ? titles : (titles?.[this.locale] ?? titles);
        if (Array.isArray(local)) return String(local[index] ?? value);
        return String((local as Record<string, unknown> | undefined)?.[String(value)] ?? value);
    }
}
