// SPDX-License-Identifier: Apache-2.0
import type { FormItemRule } from 'element-plus';
import { i18n } from '@/i18n';

/** A text that holds at least one PEM block of the kind. Whether it is any good is the server's to say. */
export function pemRule(field: string, required: boolean, kind: string): FormItemRule {
    const t = i18n.global.t;
    const block = new RegExp(`-----BEGIN [A-Z0-9 ]*${kind}-----[\\s\\S]+-----END [A-Z0-9 ]*${kind}-----`);
    return {
        required,
        trigger: 'blur',
        validator: (_rule, value, done) => {
            const text = String(value ?? '').trim();
            if (!text) return done(required ? new Error(t('form.enter', { field })) : undefined);
            done(block.test(text) ? undefined : new Error(t('certificate.notPem')));
        },
    };
}
