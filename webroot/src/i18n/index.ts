// SPDX-License-Identifier: Apache-2.0
import type { Language } from 'element-plus/es/locale';
import zhElement from 'element-plus/es/locale/lang/zh-cn';
import { computed, shallowRef } from 'vue';
import { createI18n } from 'vue-i18n';
import type { Texts } from '@/api/types';
import { remember, remembered } from '@/composables/storage';
import zh from './zh-CN.json';

export type Locale = 'zh-CN' | 'en';
export const kLocales: { id: Locale; name: string }[] = [
    { id: 'zh-CN', name: '简体中文' },
    { id: 'en', name: 'English' },
];

export const i18n = createI18n<false>({
    legacy: false,
    locale: 'zh-CN',
    fallbackLocale: 'zh-CN',
    messages: { 'zh-CN': zh },
});

/** The words of the controls themselves (Element Plus), for ElConfigProvider. */
export const elementLocale = shallowRef<Language>(zhElement);
export const locale = computed(() => i18n.global.locale.value as Locale);

let englishLoaded = false;

async function loadEnglish(): Promise<void> {
    const [texts, element] = await Promise.all([import('./en.json'), import('element-plus/es/locale/lang/en')]);
    i18n.global.setLocaleMessage('en', texts.default as never);
    elementLocale.value = element.default;
    englishLoaded = true;
}

export async function setLocale(next: Locale): Promise<void> {
    if (next === 'en') {
        if (!englishLoaded) await loadEnglish();
        else elementLocale.value = (await import('element-plus/es/locale/lang/en')).default;
    } else {
        elementLocale.value = zhElement;
    }
    i18n.global.locale.value = next;
    document.documentElement.lang = next;
    remember('locale', next);
}

export function rememberedLocale(): Locale {
    return remembered('locale', 'zh-CN') === 'en' ? 'en' : 'zh-CN';
}

/** A text that a plugin brought along, in the language of the page, else Chinese, else any. */
export function pick(texts: Texts | string | null | undefined): string {
    if (!texts) return '';
    if (typeof texts === 'string') return texts;
    return texts[locale.value] ?? texts['zh-CN'] ?? texts.en ?? Object.values(texts)[0] ?? '';
}

/** The translation when there is one, else the fallback (for codes that a newer server may add). */
export function textOr(key: string, fallback: string, named: Record<string, unknown> = {}): string {
    const global = i18n.global;
    const known = global.te(key) || global.te(key, 'zh-CN');
    return known ? global.t(key, named) : fallback;
}
