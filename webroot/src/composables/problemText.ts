// SPDX-License-Identifier: Apache-2.0
import { isProblem } from '@/api/problem';
import { i18n, textOr } from '@/i18n';

/** What happened, to what, and what to do: the page's own words for a code, else the server's. */
export function problemText(error: unknown): string {
    if (!isProblem(error)) return String(error instanceof Error ? error.message : error);
    const key = `problem.${error.code.replaceAll('.', '_')}`;
    const fallback = error.detail || error.title || i18n.global.t('problem.status', { status: error.status });
    const words = textOr(key, fallback, { seconds: error.retryAfter });
    const users = error.usedBy.map((user) => user.name || user.id).join(', ');
    const details = error.errors.map((entry) => `${entry.field}: ${entry.message}`).join('; ');
    return [words, users && i18n.global.t('problem.usedBy', { users }), details].filter(Boolean).join(' ');
}
