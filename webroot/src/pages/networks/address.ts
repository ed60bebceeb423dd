// SPDX-License-Identifier: Apache-2.0
import type { Configuration, NetworkComponent } from '@/api/types';

const kSchemes: Record<string, [string, string]> = {
    'mqtt-server': ['mqtt', 'mqtts'],
    'mqtt-client': ['mqtt', 'mqtts'],
    'http-server': ['http', 'https'],
    'tcp-server': ['tcp', 'tcps'],
    'tcp-client': ['tcp', 'tcps'],
    'websocket-server': ['ws', 'wss'],
    udp: ['udp', 'dtls'],
    'coap-server': ['coap', 'coaps'],
};

function addressText(type: string, secure: unknown, host: unknown, port: unknown): string {
    const scheme = kSchemes[type]?.[secure ? 1 : 0] ?? type;
    const text = String(host);
    return `${scheme}://${text.includes(':') ? `[${text}]` : text}${port ? `:${String(port)}` : ''}`;
}

function addresses(type: string, configuration: Configuration): string[] {
    if (Array.isArray(configuration.targets)) {
        const targets = configuration.targets as { host: string; port: number }[];
        return targets.map((target) => addressText(type, configuration.secure, target.host, target.port));
    }
    const host = configuration.publicHost || configuration.remoteHost || configuration.host || '0.0.0.0';
    const port = configuration.publicPort || configuration.remotePort || configuration.port;
    return [addressText(type, configuration.secure, host, port)];
}

/** Where devices reach a component: its public address, or those of its nodes; of a client, whom it dials. */
export function addressesOf(item: NetworkComponent): string[] {
    const own = item.cluster === 'independent' ? item.nodes.map((node) => node.configuration) : [item.configuration];
    return own.flatMap((configuration) => addresses(item.type, configuration));
}

export function addressOf(item: NetworkComponent): string {
    const all = addressesOf(item);
    return all.length > 1 ? `${all[0]} +${all.length - 1}` : (all[0] ?? '');
}
