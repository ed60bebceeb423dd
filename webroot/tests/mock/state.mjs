// SPDX-License-Identifier: Apache-2.0
// What the mock knows and how things refuse: actions with reasons, values, counters.
import { ago } from './fixtures.mjs';
import { Refusal } from './http.mjs';

const kResources = { gateways: 'gateways', networks: 'network-components', protocols: 'protocols', products: 'products', devices: 'devices', certificates: 'certificates', plugins: 'plugins', users: 'users', tokens: 'api-tokens' };

export class State {
    constructor(data) {
        this.data = data;
        this.values = new Map();
        this.beat = 0;
    }

    counters() {
        const { devices, gateways, plugins } = this.data;
        this.beat += 1;
        const online = devices.filter((device) => device.state === 'online').length;
        return {
            messagesPerSecond: 820 + Math.round(90 * Math.sin(this.beat / 4)), devicesTotal: devices.length, devicesOnline: online,
            gatewaysFailed: gateways.filter((g) => g.state === 'enabled' && g.runState === 'failed').length,
            pluginsFailed: plugins.filter((p) => p.state === 'failed').length, connections: online + 4, messagesToday: 28_402_118 + this.beat * 1640,
        };
    }

    traffic() {
        return Array.from({ length: 60 }, (_v, i) => ({ time: ago(60 - i), uplinkPerSecond: Math.round(780 + 160 * Math.sin(i / 6) + 40 * Math.cos(i * 1.7)), downlinkPerSecond: Math.round(60 + 25 * Math.cos(i / 4)) }));
    }

    /** What stands in the way of each verb; null when nothing does. */
    refusals(kind, item) {
        const on = item.state === 'enabled';
        const used = (item.usedBy?.length ?? 0) > 0;
        switch (kind) {
            case 'gateways':
                return { edit: null, enable: null, disable: null, delete: on ? ['GATEWAY_ENABLED', 'Disable it first, then delete'] : used ? ['IN_USE', 'In use'] : null };
            case 'networks':
                return { edit: null, enable: null, disable: null, delete: on ? ['NETWORK_ENABLED', 'Disable this component first, then delete'] : used ? ['IN_USE', 'In use'] : null };
            case 'protocols':
                return { edit: item.builtin ? ['BUILTIN', 'Part of the server'] : null, enable: null, upload: item.type === 'package' && !item.builtin ? null : ['BUILTIN', 'Part of the server'], disable: used ? ['PROTOCOL_IN_USE', 'Used by a gateway'] : null, delete: on ? ['PROTOCOL_ENABLED', 'Cannot be deleted'] : null };
            case 'products':
                return { edit: null, publish: null, unpublish: null, delete: item.deviceCount > 0 ? ['PRODUCT_HAS_DEVICES', 'It has devices'] : item.state === 'published' ? ['PRODUCT_PUBLISHED', 'Unpublish first'] : null };
            case 'devices': {
                const offline = item.state === 'online' ? null : ['DEVICE_OFFLINE', 'The device is not online'];
                return { edit: null, activate: null, deactivate: null, disconnect: offline, read: offline, write: offline, invoke: offline, delete: null };
            }
            case 'certificates':
                return { edit: null, delete: used ? ['CERT_IN_USE', 'Used by a network component'] : null };
            case 'plugins':
                return { reload: item.source === 'builtin' ? ['BUILTIN', 'Part of the server'] : null, rollback: item.generations.length > 1 ? null : ['NO_EARLIER_GENERATION', 'There is no earlier generation'], enable: null, disable: item.source === 'builtin' ? ['PLUGIN_IN_USE', 'In use'] : null };
            case 'users':
                return { edit: null, delete: item.id === 'u-1' ? ['USER_SELF', 'Not oneself'] : null };
            default:
                return { edit: null, delete: null };
        }
    }

    shown(kind, item, session) {
        const resource = kResources[kind];
        const may = (verb) => session.permissions.includes('*') || session.permissions.includes(`${resource}:${verb}`);
        const full = kind === 'products' ? { ...item, ...this.productCounts(item) } : item;
        const actions = Object.entries(this.refusals(kind, full)).map(([action, refusal]) => {
            const operates = ['enable', 'disable', 'read', 'write', 'invoke', 'activate', 'deactivate', 'disconnect'].includes(action);
            if (!may(operates ? 'operate' : 'write')) return { action, allowed: false, reasonCode: 'NO_PERMISSION', reason: 'No permission' };
            return refusal ? { action, allowed: false, reasonCode: refusal[0], reason: refusal[1] } : { action, allowed: true };
        });
        return { ...full, actions };
    }

    productCounts(product) {
        const own = this.data.devices.filter((device) => device.productId === product.id);
        return { deviceCount: own.length, onlineCount: own.filter((device) => device.state === 'online').length };
    }

    require(kind, item, action, session) {
        const found = this.shown(kind, item, session).actions.find((entry) => entry.action === action);
        if (found && !found.allowed) throw new Refusal(found.reasonCode === 'NO_PERMISSION' ? 403 : 409, found.reasonCode, found.reason, { usedBy: item.usedBy });
    }

    initialValues(device) {
        const offline = device.state !== 'online';
        const time = offline ? ago(190) : ago(0.2);
        const fresh = (value, at = time) => ({ value, time: at, quality: offline ? 'uncertain' : 'good' });
        return device.productId === 'em-3'
            ? { voltage: fresh(228.4), current: fresh(3.62), energy: fresh(18442.71), relay: fresh('1') }
            : { temperature: fresh(21.7), humidity: fresh(48.2), battery: fresh(87), interval: fresh(60), alarm: fresh(true), mode: fresh('eco'), limits: fresh({ low: 5, high: 35 }), position: fresh('120.1552,30.2741'), firmware: fresh('2.4.1'), samples: fresh([21.5, 21.6, 21.8]) };
    }

    valuesOf(device) {
        if (!this.values.has(device.id)) this.values.set(device.id, device.state === 'inactive' ? {} : this.initialValues(device));
        return this.values.get(device.id);
    }

    properties(device) {
        const model = this.data.products.find((product) => product.id === device.productId).thingModel;
        const values = this.valuesOf(device);
        const row = (property) => {
            const held = values[property.id];
            const kinds = property.expands?.type ?? [];
            return { id: property.id, name: property.name, valueType: property.valueType, value: held?.value ?? null, text: held ? null : null, quality: held?.quality ?? null, time: held?.time ?? null, receivedAt: held?.time ?? null, canRead: kinds.includes('read'), canWrite: kinds.includes('write') };
        };
        const rows = model.properties.map(row);
        if (device.productId === 'em-3' && device.state === 'online') rows.push({ id: 'phase', name: 'phase', valueType: { type: 'string' }, value: 'L1', text: 'L1', quality: 'good', time: ago(1), receivedAt: ago(1), canRead: false, canWrite: false, declared: false });
        return rows;
    }

    moveValues(device) {
        const values = this.valuesOf(device);
        const time = new Date().toISOString();
        const moved = device.productId === 'em-3' ? { voltage: 0.8, current: 0.2 } : { temperature: 0.3, humidity: 0.6 };
        return Object.entries(moved).map(([id, step]) => {
            const next = +(values[id].value + step * Math.sin(Date.now() / 700)).toFixed(2);
            values[id] = { value: next, time, quality: 'good' };
            return { kind: 'property', id, value: next, text: String(next), time, quality: 'good' };
        });
    }
}
