// SPDX-License-Identifier: Apache-2.0
import type { IconName } from '@/components/icons';

export interface MenuEntry {
    path: string;
    title: string;
    icon: IconName;
    /** Hidden from a role that cannot read it. */
    permission?: string;
}

export interface MenuGroup {
    title: string;
    entries: MenuEntry[];
}

export const kMenu: MenuGroup[] = [
    { title: '', entries: [{ path: '/', title: 'dashboard', icon: 'dashboard' }] },
    {
        title: 'groupDevices',
        entries: [
            { path: '/products', title: 'products', icon: 'product', permission: 'products:read' },
            { path: '/devices', title: 'devices', icon: 'device', permission: 'devices:read' },
        ],
    },
    {
        title: 'groupOperations',
        entries: [
            { path: '/ops/gateways', title: 'gateways', icon: 'gateway', permission: 'gateways:read' },
            { path: '/ops/networks', title: 'networks', icon: 'network', permission: 'network-components:read' },
            { path: '/ops/protocols', title: 'protocols', icon: 'protocol', permission: 'protocols:read' },
            { path: '/ops/certificates', title: 'certificates', icon: 'certificate', permission: 'certificates:read' },
            { path: '/ops/plugins', title: 'plugins', icon: 'plugin', permission: 'plugins:read' },
            { path: '/ops/logs', title: 'logs', icon: 'log', permission: 'logs:read' },
        ],
    },
    {
        title: 'groupSystem',
        entries: [
            { path: '/system/users', title: 'users', icon: 'users', permission: 'users:read' },
            { path: '/system/tokens', title: 'tokens', icon: 'token', permission: 'api-tokens:read' },
            { path: '/system/settings', title: 'settings', icon: 'settings', permission: 'settings:read' },
        ],
    },
];
