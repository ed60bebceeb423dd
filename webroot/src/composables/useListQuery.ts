// SPDX-License-Identifier: Apache-2.0
import { keepPreviousData, useQuery } from '@tanstack/vue-query';
import { computed, reactive, toValue, watch, type MaybeRefOrGetter } from 'vue';
import { useRoute, useRouter, type LocationQuery } from 'vue-router';
import { api, urlOf, type Query } from '@/api/client';
import type { Page } from '@/api/types';
import { remember, remembered } from './storage';

export interface ListOptions {
    /** Names of the filter parameters, as the API calls them. */
    filters?: string[];
    sort?: string;
    pageSize?: number;
    /** Put before the names in the URL when a page holds several lists. */
    prefix?: string;
    /** Parameters that are not the user's to change. */
    fixed?: MaybeRefOrGetter<Query>;
    /** Named when the choice between cards and table is offered; holds the default. */
    view?: 'cards' | 'table';
}

const text = (value: LocationQuery[string] | undefined) => (Array.isArray(value) ? value[0] : value) ?? '';

/** A paged list whose whole state (filters, page, size, sort) lives in the URL query and nowhere else. */
export function useListQuery<T>(path: MaybeRefOrGetter<string>, options: ListOptions = {}) {
    const route = useRoute();
    const router = useRouter();
    const prefix = options.prefix ?? '';
    const filters = options.filters ?? ['q'];
    const defaultSize = options.pageSize ?? 20;
    const ownPath = route.path;

    const value = (name: string) => text(route.query[prefix + name]);
    const page = computed(() => Math.max(1, Number(value('page')) || 1));
    const pageSize = computed(() => Math.min(100, Number(value('pageSize')) || defaultSize));
    const sort = computed(() => value('sort') || options.sort || '');
    const active = computed(() => Object.fromEntries(filters.map((name) => [name, value(name)])));
    const isFiltered = computed(() => Object.values(active.value).some((entry) => entry !== ''));

    /** What the search bar shows; follows the URL, so Back and deep links are always right. */
    const draft = reactive<Record<string, string>>({ ...active.value });
    watch(active, (next) => Object.assign(draft, next));

    const parameters = computed<Query>(() => ({
        page: page.value,
        pageSize: pageSize.value,
        sort: sort.value || undefined,
        ...Object.fromEntries(Object.entries(active.value).filter(([, entry]) => entry !== '')),
        ...toValue(options.fixed ?? {}),
    }));

    const query = useQuery({
        queryKey: computed(() => [toValue(path), 'list', parameters.value]),
        queryFn: ({ signal }) => api.get<Page<T>>(toValue(path), parameters.value, signal),
        placeholderData: keepPreviousData,
    });

    function change(names: Record<string, string | number | undefined>): void {
        if (route.path !== ownPath) return;
        const next: LocationQuery = { ...route.query };
        for (const [name, entry] of Object.entries(names)) {
            if (entry === undefined || entry === '') delete next[prefix + name];
            else next[prefix + name] = String(entry);
        }
        void router.replace({ query: next });
    }

    const view = reactive({ mode: remembered(`view.${ownPath}`, options.view ?? 'table') });

    return reactive({
        draft,
        active,
        isFiltered,
        page,
        pageSize,
        sort,
        view,
        hasViews: options.view !== undefined,
        items: computed(() => query.data.value?.items ?? []),
        total: computed(() => query.data.value?.total ?? 0),
        capped: computed(() => query.data.value?.totalIsCapped ?? false),
        isFirstLoad: computed(() => query.isPending.value),
        isBusy: computed(() => query.isFetching.value),
        error: computed(() => query.error.value),
        csvUrl: computed(() => urlOf(toValue(path), { ...parameters.value, page: 1, pageSize: 200 })),
        refetch: () => query.refetch(),
        apply: () => change({ ...trimmed(draft), page: undefined }),
        reset: () => change({ ...Object.fromEntries(filters.map((name) => [name, undefined])), page: undefined }),
        setPage: (next: number) => change({ page: next > 1 ? next : undefined }),
        setPageSize: (next: number) => change({ pageSize: next, page: undefined }),
        setSort: (next: string) => change({ sort: next, page: undefined }),
        setView: (next: string) => {
            view.mode = next;
            remember(`view.${ownPath}`, next);
        },
    });
}

export type ListState<T = unknown> = ReturnType<typeof useListQuery<T>>;

function trimmed(draft: Record<string, string>): Record<string, string> {
    return Object.fromEntries(Object.entries(draft).map(([name, entry]) => [name, entry?.trim() ?? '']));
}
