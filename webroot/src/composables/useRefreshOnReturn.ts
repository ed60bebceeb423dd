// SPDX-License-Identifier: Apache-2.0
import { onBeforeUnmount, onMounted } from 'vue';

/** Reads again when the user comes back from another tab, where something may have been created. */
export function useRefreshOnReturn(refresh: () => unknown): void {
    const back = () => !document.hidden && refresh();
    onMounted(() => document.addEventListener('visibilitychange', back));
    onBeforeUnmount(() => document.removeEventListener('visibilitychange', back));
}
