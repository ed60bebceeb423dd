// SPDX-License-Identifier: Apache-2.0
import { watch } from 'vue';
import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router';
import { useSession } from './composables/useSession';
import { i18n, locale } from './i18n';

declare module 'vue-router' {
    interface RouteMeta {
        /** Key of the title, below `nav.`. */
        title?: string;
        /** Path of the list that a detail page belongs to, for the menu and the trail. */
        parent?: string;
        /** Shown without the shell. */
        bare?: boolean;
    }
}

const routes: RouteRecordRaw[] = [
    { path: '/login', name: 'login', component: () => import('./pages/LoginPage.vue'), meta: { title: 'login', bare: true } },
    { path: '/', name: 'dashboard', component: () => import('./pages/dashboard/DashboardPage.vue'), meta: { title: 'dashboard' } },
    { path: '/products', name: 'products', component: () => import('./pages/products/ProductList.vue'), meta: { title: 'products' } },
    {
        path: '/products/:id',
        name: 'product',
        component: () => import('./pages/products/ProductDetail.vue'),
        props: true,
        meta: { title: 'product', parent: '/products' },
    },
    { path: '/devices', name: 'devices', component: () => import('./pages/devices/DeviceList.vue'), meta: { title: 'devices' } },
    {
        path: '/devices/:id',
        name: 'device',
        component: () => import('./pages/devices/DeviceDetail.vue'),
        props: true,
        meta: { title: 'device', parent: '/devices' },
    },
    { path: '/ops/gateways', name: 'gateways', component: () => import('./pages/gateways/GatewayList.vue'), meta: { title: 'gateways' } },
    {
        path: '/ops/gateways/new',
        name: 'gateway-new',
        component: () => import('./pages/gateways/GatewayNew.vue'),
        meta: { title: 'gatewayNew', parent: '/ops/gateways' },
    },
    {
        path: '/ops/gateways/:id/edit',
        name: 'gateway-edit',
        component: () => import('./pages/gateways/GatewayEdit.vue'),
        props: true,
        meta: { title: 'gatewayEdit', parent: '/ops/gateways' },
    },
    {
        path: '/ops/gateways/:id',
        name: 'gateway',
        component: () => import('./pages/gateways/GatewayDetail.vue'),
        props: true,
        meta: { title: 'gateway', parent: '/ops/gateways' },
    },
    { path: '/ops/networks', name: 'networks', component: () => import('./pages/networks/NetworkList.vue'), meta: { title: 'networks' } },
    {
        path: '/ops/networks/new',
        name: 'network-new',
        component: () => import('./pages/networks/NetworkEdit.vue'),
        meta: { title: 'networkNew', parent: '/ops/networks' },
    },
    {
        path: '/ops/networks/:id/edit',
        name: 'network-edit',
        component: () => import('./pages/networks/NetworkEdit.vue'),
        props: true,
        meta: { title: 'networkEdit', parent: '/ops/networks' },
    },
    {
        path: '/ops/networks/:id',
        name: 'network',
        component: () => import('./pages/networks/NetworkDetail.vue'),
        props: true,
        meta: { title: 'network', parent: '/ops/networks' },
    },
    {
        path: '/ops/certificates',
        name: 'certificates',
        component: () => import('./pages/certificates/CertificateList.vue'),
        meta: { title: 'certificates' },
    },
    {
        path: '/ops/certificates/new',
        name: 'certificate-new',
        component: () => import('./pages/certificates/CertificateEdit.vue'),
        meta: { title: 'certificateNew', parent: '/ops/certificates' },
    },
    {
        path: '/ops/certificates/:id',
        name: 'certificate',
        component: () => import('./pages/certificates/CertificateEdit.vue'),
        props: true,
        meta: { title: 'certificate', parent: '/ops/certificates' },
    },
    { path: '/ops/protocols', name: 'protocols', component: () => import('./pages/protocols/ProtocolList.vue'), meta: { title: 'protocols' } },
    {
        path: '/ops/protocols/:id',
        name: 'protocol',
        component: () => import('./pages/protocols/ProtocolDetail.vue'),
        props: true,
        meta: { title: 'protocol', parent: '/ops/protocols' },
    },
    { path: '/ops/plugins', name: 'plugins', component: () => import('./pages/plugins/PluginList.vue'), meta: { title: 'plugins' } },
    {
        path: '/ops/plugins/:id',
        name: 'plugin',
        component: () => import('./pages/plugins/PluginDetail.vue'),
        props: true,
        meta: { title: 'plugin', parent: '/ops/plugins' },
    },
    { path: '/ops/logs', name: 'logs', component: () => import('./pages/logs/LogsPage.vue'), meta: { title: 'logs' } },
    { path: '/system/users', name: 'users', component: () => import('./pages/system/UserList.vue'), meta: { title: 'users' } },
    { path: '/system/tokens', name: 'tokens', component: () => import('./pages/system/TokenList.vue'), meta: { title: 'tokens' } },
    { path: '/system/settings', name: 'settings', component: () => import('./pages/system/SettingsPage.vue'), meta: { title: 'settings' } },
    { path: '/:rest(.*)*', name: 'missing', component: () => import('./pages/NotFound.vue'), meta: { title: 'missing' } },
];

export const router = createRouter({
    history: createWebHistory('/ui/'),
    routes,
    scrollBehavior: (to, from, saved) => (to.path === from.path ? undefined : (saved ?? { top: 0 })),
});

let asked = false;

router.beforeEach(async (to) => {
    const { session, signedIn, restore } = useSession();
    if (!signedIn.value && !asked) {
        asked = true;
        await restore();
    }
    if (to.name === 'login') return signedIn.value && !session.mustChangePassword ? '/' : true;
    if (signedIn.value && !session.mustChangePassword) return true;
    return { name: 'login', query: to.fullPath === '/' ? {} : { next: to.fullPath } };
});

function setTitle(): void {
    const key = router.currentRoute.value.meta.title;
    document.title = key ? `${i18n.global.t(`nav.${key}`)} · Fairlead` : 'Fairlead';
}

router.afterEach((to, from) => {
    setTitle();
    if (to.path !== from.path) document.getElementById('content')?.scrollTo({ top: 0 });
});
watch(locale, setTitle);

/** After a new build the old chunks are gone: one reload fetches the new pages. */
router.onError((error, to) => {
    if (!/dynamically imported module|Importing a module script failed/.test(String(error))) return;
    if (sessionStorage.getItem('fairlead.reloaded') === to.fullPath) return;
    sessionStorage.setItem('fairlead.reloaded', to.fullPath);
    location.assign(`/ui${to.fullPath}`);
});
