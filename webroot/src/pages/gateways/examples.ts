// SPDX-License-Identifier: Apache-2.0
// The lines that a person copies into a terminal to see the first value arrive.
import type { Gateway, ModelProperty, Product } from '@/api/types';
import { isNumeric } from '@/thing-model/types';

function sample(property: ModelProperty | undefined): string {
    if (!property) return '"temperature":21.5';
    const value = isNumeric(property.valueType) ? '21.5' : property.valueType.type === 'boolean' ? 'true' : '"ok"';
    return `"${property.id}":${value}`;
}

function hostAndPort(address: string): { host: string; port: string } {
    const match = /^[a-z0-9+]+:\/\/(\[[^\]]+\]|[^:/]+)(?::(\d+))?/i.exec(address);
    return { host: match?.[1] ?? 'localhost', port: match?.[2] ?? '' };
}

/** Commands that report one property to this gateway, for the transport that it has. */
export function exampleLines(gateway: Gateway, product?: Product, deviceId = '<deviceId>'): string {
    const { host, port } = hostAndPort(gateway.address);
    const productId = product?.id ?? gateway.usedBy.find((user) => user.kind === 'product')?.id ?? '<productId>';
    const property = product?.thingModel.properties.find((entry) => entry.expands?.type?.includes('report'));
    const body = `{"properties":{${sample(property)}}}`;
    const topic = `/${productId}/${deviceId}/properties/report`;
    const secure = /^(mqtts|https|tcps|tls)/.test(gateway.address);
    switch (gateway.transport.toUpperCase()) {
        case 'MQTT':
            return [
                `mosquitto_pub -h ${host} -p ${port || 1883}${secure ? ' --cafile ca.pem' : ''} \\`,
                `    -i ${deviceId} -u '<user name>' -P '<password>' -q 1 \\`,
                `    -t '${topic}' -m '${body}'`,
            ].join('\n');
        case 'HTTP':
            return [
                `curl -i ${gateway.address.replace(/\/$/, '')}${topic} \\`,
                `    -H 'Authorization: Bearer <token>' -H 'Content-Type: application/json' \\`,
                `    -d '${body}'`,
            ].join('\n');
        default:
            return secure
                ? `openssl s_client -quiet -connect ${host}:${port}`
                : `# ${gateway.transport}: ${gateway.address}\nnc ${host} ${port}`;
    }
}
