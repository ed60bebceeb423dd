// SPDX-License-Identifier: Apache-2.0
import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query';
import { createApp } from 'vue';
import 'element-plus/theme-chalk/base.css';
import 'element-plus/theme-chalk/dark/css-vars.css';
import 'element-plus/theme-chalk/el-message.css';
import './styles/tokens.css';
import './styles/base.css';
import './styles/element.css';
import App from './App.vue';
import { isProblem } from './api/problem';
import { i18n, rememberedLocale, setLocale } from './i18n';
import { router } from './router';

const queryClient = new QueryClient({
    defaultOptions: {
        queries: {
            staleTime: 5000,
            refetchOnWindowFocus: false,
            // A refusal stays a refusal; only a broken connection is worth another try.
            retry: (count, error) => count < 2 && isProblem(error) && (error.status === 0 || error.status >= 502),
        },
    },
});

async function start(): Promise<void> {
    await setLocale(rememberedLocale());
    createApp(App).use(router).use(i18n).use(VueQueryPlugin, { queryClient }).mount('#app');
}

void start();
