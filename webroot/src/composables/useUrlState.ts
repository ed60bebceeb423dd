// SPDX-License-Identifier: Apache-2.0
import { computed, type WritableComputedRef } from 'vue';
import { useRoute, useRouter } from 'vue-router';

/** One value that lives in the URL query: a tab, a range, a chosen row. The default is left out of the URL. */
export function useUrlState(name: string, fallback = ''): WritableComputedRef<string> {
    const route = useRoute();
    const router = useRouter();
    return computed({
        get: () => (typeof route.query[name] === 'string' ? (route.query[name] as string) : fallback),
        set: (value) => {
            const query = { ...route.query };
            if (value === fallback || value === '') delete query[name];
            else query[name] = value;
            void router.replace({ query });
        },
    });
}
