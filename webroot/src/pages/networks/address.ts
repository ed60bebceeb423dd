// SPDX-License-Identifier: Apache-2.0
import type { Configuration, NetworkComponent } from '@/api/types';

const kSchemes: Record<string, [string, string]> = {
    'mqtt-server': ['mqtt', 'mqtts'],
    'mqtt-client': ['mqtt', 'mqtts'],
    'http-server': ['http', 'https'],
    'tcp-server': ['tcp', 'tcps'],
    'websocket-server': ['ws', 'wss'],
    udp: ['udp', 'dtls'],
    'coap-server': ['coap', 'coaps'],
};

function oneAddress(type: string, configuration: Configuration): string {
    const scheme = kSchemes[type]?.[configuration.secure ? 1 : 0] ?? type;
    const host = configuration.publicHost || configuration.remoteHost || configuration.host || '0.0.0.0';
    const port = configuration.publicPort || configuration.remotePort || configuration.port;
    const text = String(host);
    return `${scheme}://${text.includes(':') ? `[${text}]` : text}${port ? `:${String(port)}` : ''}`;
}

/** Where devices reach a component: its public address, or those of its nodes. */
export function addressesOf(item: NetworkComponent): string[] {
    const own = item.cluster === 'independent' ? item.nodes.map((node) => node.configuration) : [item.configuration];
    return own.map((configuration) => oneAddress(item.type, configuration));
}

export function addressOf(item: NetworkComponent): string {
    const all = addressesOf(item);
    return all.length > 1 ? `${all[0]} +${all.length - 1}` : (all[0] ?? '');
}
