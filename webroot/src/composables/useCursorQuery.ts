// SPDX-License-Identifier: Apache-2.0
import { useInfiniteQuery } from '@tanstack/vue-query';
import { computed, reactive, toValue, type MaybeRefOrGetter } from 'vue';
import { api, type Query } from '@/api/client';
import type { Cursor } from '@/api/types';

/** Rows that are never counted (logs, messages, history): read on with a cursor. */
export function useCursorQuery<T>(
    path: MaybeRefOrGetter<string>,
    parameters: MaybeRefOrGetter<Query>,
    enabled: MaybeRefOrGetter<boolean> = true,
) {
    const query = useInfiniteQuery({
        queryKey: computed(() => [toValue(path), 'cursor', toValue(parameters)]),
        queryFn: ({ pageParam, signal }) =>
            api.get<Cursor<T>>(toValue(path), { ...toValue(parameters), after: pageParam || undefined }, signal),
        initialPageParam: '',
        getNextPageParam: (last) => last.next || undefined,
        enabled: () => toValue(enabled),
    });
    return reactive({
        items: computed(() => query.data.value?.pages.flatMap((page) => page.items) ?? []),
        isFirstLoad: computed(() => query.isPending.value && toValue(enabled)),
        isBusy: computed(() => query.isFetching.value),
        hasMore: computed(() => query.hasNextPage.value),
        error: computed(() => query.error.value),
        more: () => query.fetchNextPage(),
        refetch: () => query.refetch(),
    });
}
