// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from 'node:url';
import vue from '@vitejs/plugin-vue';
import { ElementPlusResolver } from 'unplugin-vue-components/resolvers';
import Components from 'unplugin-vue-components/vite';
import { defineConfig } from 'vite';

const api = process.env.FAIRLEAD_API ?? 'http://127.0.0.1:4180';

export default defineConfig({
    base: '/ui/',
    plugins: [
        vue(),
        // Only Element Plus is resolved by name; own components are imported where they are used.
        Components({ dirs: [], dts: false, resolvers: [ElementPlusResolver({ importStyle: 'css' })] }),
    ],
    resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
    define: {
        __VUE_I18N_LEGACY_API__: false,
        __VUE_I18N_FULL_INSTALL__: false,
        __INTLIFY_PROD_DEVTOOLS__: false,
    },
    worker: { format: 'es' },
    build: { target: 'es2022', chunkSizeWarningLimit: 700, assetsInlineLimit: 0, manifest: true },
    server: { proxy: { '/api': api } },
});
