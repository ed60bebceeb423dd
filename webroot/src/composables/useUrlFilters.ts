// SPDX-License-Identifier: Apache-2.0
import { computed, reactive, watch } from 'vue';
import { useRoute, useRouter } from 'vue-router';

/** Several filters in the URL query at once, with a draft for the search bar. */
export function useUrlFilters(names: string[]) {
    const route = useRoute();
    const router = useRouter();
    const active = computed<Record<string, string>>(() =>
        Object.fromEntries(names.map((name) => [name, typeof route.query[name] === 'string' ? (route.query[name] as string) : ''])),
    );
    const draft = reactive<Record<string, string>>({ ...active.value });
    watch(active, (next) => Object.assign(draft, next));
    const put = (values: Record<string, string>) => {
        const query = { ...route.query };
        for (const name of names) {
            if (values[name]?.trim()) query[name] = values[name]!.trim();
            else delete query[name];
        }
        void router.replace({ query });
    };
    return {
        active,
        draft,
        filtered: computed(() => Object.values(active.value).some(Boolean)),
        apply: () => put(draft),
        reset: () => put({}),
        set: (name: string, value: string) => put({ ...active.value, [name]: value }),
    };
}
