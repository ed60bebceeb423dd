// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from 'node:url';
import vue from '@vitejs/plugin-vue';
import { ElementPlusResolver } from 'unplugin-vue-components/resolvers';
import Components from 'unplugin-vue-components/vite';
import { defineConfig } from 'vite';

// Which modules share a file: few files, and none that a page does not need. A group takes along what it imports.
const kBase =
    /src[\\/](api[\\/]|composables[\\/](useSession|useTheme|storage|problemText)|components[\\/](AppIcon|AppLogo)|i18n[\\/](index|format|zh-CN))|element-plus[\\/]es[\\/]components[\\/](message|config-provider|badge)[\\/]/;
const kFrame =
    /src[\\/](layouts[\\/]|live[\\/](channel|hub)|composables[\\/](state|useNow|useLive|useEntity)|components[\\/](StatusDot|LiveBadge|ActionButton|PageHeader|TimeText|EmptyState|PageSkeleton|LoadError))/;
const kInputs = /element-plus[\\/]es[\\/]components[\\/](input|alert|switch)[\\/]/;
const kLists =
    /src[\\/](components[\\/](ListPage|DataTable|SearchBar|PageBar|ObjectCard|NameCell|CopyText|FactItem|EnableActions)|composables[\\/](useListQuery|useActions|exportCsv|clipboard))/;
const kDetails =
    /src[\\/](components[\\/](CursorList|FactGrid|PanelCard|StatCard|UsedBy|AppTabs|CodeBlock|RangePicker|RouteTable)|composables[\\/](useCursorQuery|useUrl|timeRange))/;
const kForms =
    /src[\\/](components[\\/](FormAlerts|LimitInput|ChoiceCard|ConfigurationCard)|composables[\\/](useForm|rules)|schema-form[\\/](Schema(Form|Field|Array)|RefSelect|context))/;
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
    build: {
        target: 'es2022',
        chunkSizeWarningLimit: 700,
        assetsInlineLimit: 0,
        manifest: true,
        rolldownOptions: {
            output: {
                // Few files instead of one for each small component: what nearly every page needs comes at once.
                codeSplitting: {
                    groups: [
                        { name: 'vendor', test: /node_modules[\\/](@vue|vue|vue-router|vue-i18n|@intlify|@tanstack)[\\/]/, priority: 50 },
                        { name: 'charts', test: /node_modules[\\/](echarts|zrender)[\\/]/, priority: 50 },
                        { name: 'base', test: kBase, priority: 40 },
                        { name: 'frame', test: kFrame, priority: 35 },
                        { name: 'inputs', test: kInputs, priority: 32 },
                        { name: 'lists', test: kLists, priority: 30 },
                        { name: 'details', test: kDetails, priority: 25 },
                        { name: 'forms', test: kForms, priority: 20 },
                        { name: 'dialogs', test: /src[\\/]components[\\/]FormDialog/, priority: 15 },
                    ],
                },
            },
        },
    },
    server: { proxy: { '/api': api } },
});
