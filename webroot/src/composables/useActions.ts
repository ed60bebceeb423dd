// SPDX-License-Identifier: Apache-2.0
import { useQueryClient } from '@tanstack/vue-query';
import { ElMessage } from 'element-plus';
import { useI18n } from 'vue-i18n';
import { api, etagOf, segment } from '@/api/client';
import { isProblem } from '@/api/problem';
import type { Action } from '@/api/types';
import { textOr } from '@/i18n';
import { invalidate, invalidateExcept } from './useEntity';
import { problemText } from './problemText';
import { can } from './useSession';

interface HasActions {
    actions?: Action[];
}

/** Why an action is not to be had just now, in the language of the page; empty when it is. */
export function reasonOf(item: HasActions | null | undefined, action: string, permission?: string): string {
    if (permission && !can(permission)) return textOr('reason.NO_PERMISSION', '');
    const found = item?.actions?.find((entry) => entry.action === action);
    if (!found || found.allowed) return '';
    const fallback = found.reason || textOr('reason.OTHER', '');
    return found.reasonCode ? textOr(`reason.${found.reasonCode}`, fallback) : fallback;
}

export function reportProblem(error: unknown): void {
    ElMessage({ type: 'error', message: problemText(error), duration: 6000, showClose: true, grouping: true });
}

/** The verbs of a collection: each reports its outcome and refreshes what it touched. */
export function useActions(collection: string, alsoTouches: string[] = []) {
    const client = useQueryClient();
    const { t } = useI18n();

    async function attempt(run: () => Promise<unknown>, done = t('common.done'), gone = ''): Promise<boolean> {
        let deleted = '';
        try {
            await run();
            deleted = gone;
            ElMessage.success(done);
            return true;
        } catch (error) {
            reportProblem(error);
            return false;
        } finally {
            await invalidateExcept(client, deleted, [collection, ...alsoTouches]);
        }
    }

    const act = (id: string, verb: string) =>
        attempt(() => api.post(`${collection}/${segment(id)}/${verb}`), t(`done.${verb}`));

    const remove = (item: { id: string; version?: number }) => {
        const path = `${collection}/${segment(item.id)}`;
        return attempt(async () => {
            try {
                await api.remove(path, etagOf(path, item.version));
            } catch (error) {
                if (!isProblem(error, 404)) throw error;
            }
        }, t('done.delete'), path);
    };

    return { act, remove, attempt, refresh: () => invalidate(client, collection, ...alsoTouches) };
}
