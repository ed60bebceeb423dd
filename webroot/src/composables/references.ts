// SPDX-License-Identifier: Apache-2.0
import type { Reference } from '@/api/types';

const kPages: Record<string, string> = {
    product: '/products',
    device: '/devices',
    gateway: '/ops/gateways',
    network: '/ops/networks',
    'network-component': '/ops/networks',
    networkComponent: '/ops/networks',
    protocol: '/ops/protocols',
    certificate: '/ops/certificates',
    plugin: '/ops/plugins',
};

/** The page of a thing that is named by kind and id; empty when there is none. */
export function pathOf(item: Reference): string {
    const page = kPages[item.kind];
    return page ? `${page}/${encodeURIComponent(item.id)}` : '';
}
