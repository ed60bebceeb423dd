// SPDX-License-Identifier: Apache-2.0
import type { Tone } from '@/composables/state';
import { i18n } from '@/i18n';

const kDay = 86_400_000;
const kSoonDays = 30;

/** How long a certificate still holds, in words and colour; 30 days before the end it is flagged. */
export function expiry(notAfter: string, now = Date.now()): { tone: Tone; text: string; days: number } {
    const days = Math.floor((Date.parse(notAfter) - now) / kDay);
    const t = i18n.global.t;
    if (days < 0) return { tone: 'bad', text: t('certificate.expired'), days };
    if (days <= kSoonDays) return { tone: 'bad', text: t('certificate.soon', { n: days }), days };
    return { tone: 'ok', text: t('certificate.daysLeft', { n: days }), days };
}
