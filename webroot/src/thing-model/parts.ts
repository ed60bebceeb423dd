// SPDX-License-Identifier: Apache-2.0
// The four parts of a thing model and what a new element of each starts with.
import type { ModelEvent, ModelField, ModelFunction, ModelProperty, ThingModel, ValueType } from '@/api/types';
import { clone } from '@/composables/clone';
import { textOr } from '@/i18n';

export const kParts = ['properties', 'functions', 'events', 'tags'] as const;
export type Part = (typeof kParts)[number];
export type AnyElement = ModelProperty | ModelFunction | ModelEvent | ModelField;

/** A copy that has all four lists, whatever the server left out. */
export function normalized(model: Partial<ThingModel> | null | undefined): ThingModel {
    const copy = clone(model ?? {}) as Partial<ThingModel>;
    return {
        ...copy,
        properties: copy.properties ?? [],
        functions: copy.functions ?? [],
        events: copy.events ?? [],
        tags: copy.tags ?? [],
    };
}

export function newElement(part: Part): AnyElement {
    const base = { id: '', name: '', description: '' };
    if (part === 'functions') return { ...base, async: false, inputs: [], output: null };
    if (part === 'events') return { ...base, valueType: { type: 'object', properties: [] }, expands: { level: 'ordinary' } };
    if (part === 'tags') return { ...base, valueType: { type: 'string' } };
    return { ...base, valueType: { type: 'float', scale: 2 }, expands: { type: ['read', 'report'], source: 'device' } };
}

/** One line that says what a type is: "float · °C · -40 – 85". */
export function typeSummary(type: ValueType | null | undefined): string {
    if (!type) return '–';
    const word = textOr(`valueType.${type.type}`, type.type);
    const range = type.min !== undefined || type.max !== undefined ? `${type.min ?? '−∞'} – ${type.max ?? '∞'}` : '';
    const inner =
        type.type === 'array'
            ? typeSummary(type.elementType)
            : type.type === 'enum'
              ? (type.elements ?? []).map((element) => element.text || element.value).join(' / ')
              : type.type === 'object'
                ? (type.properties ?? []).map((field) => field.id).join(', ')
                : type.type === 'boolean'
                  ? `${type.trueText ?? ''} / ${type.falseText ?? ''}`
                  : '';
    return [word, type.unit, range, inner].filter(Boolean).join(' · ');
}
