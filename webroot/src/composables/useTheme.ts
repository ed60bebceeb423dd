// SPDX-License-Identifier: Apache-2.0
import { computed, ref } from 'vue';
import { remember, remembered } from './storage';

export type Theme = 'light' | 'dark' | 'auto';

const kKey = 'theme';
const system = typeof matchMedia === 'function' ? matchMedia('(prefers-color-scheme: dark)') : null;
const theme = ref<Theme>(remembered(kKey, 'auto') as Theme);
const systemDark = ref(system?.matches ?? false);
const dark = computed(() => theme.value === 'dark' || (theme.value === 'auto' && systemDark.value));

function apply(): void {
    document.documentElement.classList.toggle('dark', dark.value);
}

system?.addEventListener('change', (event) => {
    systemDark.value = event.matches;
    apply();
});

export function useTheme() {
    const setTheme = (next: Theme) => {
        theme.value = next;
        remember(kKey, next);
        apply();
    };
    return { theme, dark, setTheme };
}
