// SPDX-License-Identifier: Apache-2.0
import type { FormItemRule } from 'element-plus';
import { codePoints } from '@/i18n/format';
import { i18n } from '@/i18n';

export const kNameLimit = 64;
export const kDescriptionLimit = 200;
const kIdPattern = /^[0-9A-Za-z_-]{1,64}$/;
const t = (key: string, named: Record<string, unknown> = {}) => i18n.global.t(key, named);

type Check = (value: string) => string;

function rule(check: Check, required = false): FormItemRule {
    return {
        required,
        trigger: 'blur',
        validator: (_rule, value, done) => {
            const words = check(String(value ?? '').trim());
            done(words ? new Error(words) : undefined);
        },
    };
}

export function atMost(limit: number): FormItemRule {
    return rule((value) => (codePoints(value) > limit ? t('form.tooLong', { limit }) : ''));
}

export function requiredText(field: string, limit = kNameLimit): FormItemRule {
    return rule((value) => {
        if (value === '') return t('form.enter', { field });
        return codePoints(value) > limit ? t('form.tooLong', { limit }) : '';
    }, true);
}

export function requiredChoice(field: string): FormItemRule {
    return {
        required: true,
        trigger: 'change',
        validator: (_rule, value, done) => {
            const empty = value === null || value === undefined || value === '' || (Array.isArray(value) && !value.length);
            done(empty ? new Error(t('form.choose', { field })) : undefined);
        },
    };
}

export function identifier(field: string): FormItemRule {
    return rule((value) => {
        if (value === '') return t('form.enter', { field });
        return kIdPattern.test(value) ? '' : t('form.identifier');
    }, true);
}

export const nameRules = () => [requiredText(t('field.name'))];
export const descriptionRules = () => [atMost(kDescriptionLimit)];
export const passwordRules = (field: string) => [
    rule((value) => {
        if (value === '') return t('form.enter', { field });
        return codePoints(value) < 8 ? t('form.passwordShort') : '';
    }, true),
];
