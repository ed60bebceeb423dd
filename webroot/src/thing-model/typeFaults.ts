// SPDX-License-Identifier: Apache-2.0
// What is wrong with a definition (not with a value): checked before it enters the draft.
import type { ModelField, ModelFunction, ValueType } from '@/api/types';
import { i18n } from '@/i18n';
import type { AnyElement } from './parts';
import { isNumeric } from './types';

const kIdPattern = /^[0-9A-Za-z_-]{1,64}$/;
const t = (key: string, named: Record<string, unknown> = {}) => i18n.global.t(key, named);

function ofFields(fields: ModelField[], where: string): string[] {
    const seen = new Set<string>();
    return fields.flatMap((field, index) => {
        const at = field.id ? `${where}${field.id}` : `${where}${index + 1}`;
        const faults: string[] = [];
        if (!kIdPattern.test(field.id)) faults.push(t('model.fault.id', { at }));
        else if (seen.has(field.id)) faults.push(t('model.fault.twice', { at }));
        seen.add(field.id);
        return [...faults, ...ofType(field.valueType, `${at}.`)];
    });
}

function ofType(type: ValueType, where: string): string[] {
    const at = where.replace(/\.$/, '') || t('model.type');
    if (isNumeric(type) && type.min !== undefined && type.max !== undefined && type.min > type.max) {
        return [t('model.fault.range', { at })];
    }
    if (type.type === 'enum') {
        const values = (type.elements ?? []).map((element) => element.value);
        if (!values.length || values.some((value) => value === '')) return [t('model.fault.enum', { at })];
        if (new Set(values).size !== values.length) return [t('model.fault.enumTwice', { at })];
    }
    if (type.type === 'array') return ofType(type.elementType ?? { type: 'string' }, where);
    if (type.type === 'object') return ofFields(type.properties ?? [], where);
    return [];
}

export function typeFaults(element: AnyElement): string[] {
    if ('inputs' in element) {
        const { inputs, output } = element as ModelFunction;
        return [...ofFields(inputs, ''), ...(output ? ofType(output, '') : [])];
    }
    return ofType((element as ModelField).valueType, '');
}
