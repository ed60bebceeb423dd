// SPDX-License-Identifier: Apache-2.0
import { useQuery, useQueryClient, type QueryClient } from '@tanstack/vue-query';
import { computed, toValue, type MaybeRefOrGetter } from 'vue';
import { api, segment } from '@/api/client';
import type { Page } from '@/api/types';

/** One resource, read by path; empty path means "not yet". */
export function useResource<T>(path: MaybeRefOrGetter<string>) {
    return useQuery({
        queryKey: computed(() => [toValue(path)]),
        queryFn: ({ signal }) => api.get<T>(toValue(path), undefined, signal),
        enabled: () => toValue(path) !== '',
    });
}

export function useEntity<T>(collection: string, id: MaybeRefOrGetter<string>) {
    return useResource<T>(() => (toValue(id) ? `${collection}/${segment(toValue(id))}` : ''));
}

/** A whole short collection (providers, types, roles, the gateways to choose from). */
export function useAll<T>(collection: string, enabled: MaybeRefOrGetter<boolean> = true) {
    const query = useQuery({
        queryKey: [collection, 'all'],
        queryFn: async ({ signal }) => {
            const paged = kPaged.has(collection.split('?')[0]!);
            const reply = await api.get<Page<T> | T[]>(collection, paged ? { pageSize: 200 } : undefined, signal);
            return Array.isArray(reply) ? reply : reply.items;
        },
        enabled: () => toValue(enabled),
    });
    return { ...query, items: computed(() => query.data.value ?? []) };
}

const kPaged = new Set([
    '/plugins',
    '/products',
    '/gateways',
    '/protocols',
    '/certificates',
    '/network-components',
    '/users',
    '/devices',
]);

const isBelow = (path: string, name: string) => path === name || path.startsWith(`${name}/`);

/** Everything that was read below a collection is read again. */
export function invalidate(client: QueryClient, ...collections: string[]): Promise<void> {
    return invalidateExcept(client, '', collections);
}

/** The same, but for what is below one path: a thing that was just deleted would only answer 404. */
export function invalidateExcept(client: QueryClient, gone: string, collections: string[]): Promise<void> {
    return client.invalidateQueries({
        predicate: (query) => {
            const path = String(query.queryKey[0]);
            return !(gone && isBelow(path, gone)) && collections.some((name) => isBelow(path, name));
        },
    });
}

/** Puts a live change into the rows and the single read of a collection, without asking the server. */
export function usePatchRows(collection: string) {
    const client = useQueryClient();
    return (id: string, change: Record<string, unknown>) => {
        client.setQueriesData({ queryKey: [collection, 'list'] }, (old: Page<{ id: string }> | undefined) => {
            if (!old?.items.some((row) => row.id === id)) return old;
            return { ...old, items: old.items.map((row) => (row.id === id ? { ...row, ...change } : row)) };
        });
        client.setQueryData([`${collection}/${segment(id)}`], (old: object | undefined) =>
            old ? { ...old, ...change } : old,
        );
    };
}
