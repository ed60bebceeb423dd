// SPDX-License-Identifier: Apache-2.0
// One data set that looks like a plant a few weeks after the start. Deterministic: no random ids.
import * as models from './models.mjs';

const kMinute = 60_000;
export const ago = (minutes) => new Date(Date.now() - minutes * kMinute).toISOString();
const pem = (label) => `-----BEGIN ${label}-----\nMIIBszCCAVmgAwIBAgIUYk3VqjBk0vG2mXy0n1Jc1dV8c2EwCgYIKoZIzj0EAwIw\nHDEaMBgGA1UEAwwRaW90LmV4YW1wbGUubG9jYWwwHhcNMjYwOTAxMDAwMDAwWhcN\n-----END ${label}-----\n`;
const sha = (seed) => Array.from({ length: 64 }, (_v, i) => '0123456789abcdef'[(seed * 7 + i * 11 + ((i * seed) % 5)) % 16]).join('');

function entity(id, name, description, minutes, more) {
    return { id, name, description, createdAt: ago(minutes), updatedAt: ago(minutes / 3), version: 3, ...more };
}

export function makeData() {
    const products = [
        entity('th-200', '温湿度传感器 TH-200', '车间与仓库的环境监测，MQTT 接入', 60000, { deviceKind: 'device', gatewayId: 'gw-mqtt', protocolId: 'official', thingModel: structuredClone(models.climateModel), configuration: { secureId: 'th200', secureKey: '***', checkClientId: true }, state: 'published', settings: { keepAliveSeconds: 120 } }),
        entity('em-3', '智能电表 EM-3', '三相电表，通过 TCP 长连接上报', 52000, { deviceKind: 'device', gatewayId: 'gw-tcp', protocolId: 'official', thingModel: structuredClone(models.meterModel), configuration: {}, state: 'published', settings: { keepAliveSeconds: 300 } }),
        entity('edge-box', '边缘网关 EdgeBox', '下挂子设备的边缘网关', 51000, { deviceKind: 'gateway', gatewayId: 'gw-mqtt', protocolId: 'official', thingModel: structuredClone(models.emptyModel), configuration: { secureId: 'edge', secureKey: '***', checkClientId: true }, state: 'published', settings: { keepAliveSeconds: 60 } }),
        entity('vibration', '振动子传感器', 'EdgeBox 下的振动传感器', 41000, { deviceKind: 'child', gatewayId: null, protocolId: 'official', thingModel: structuredClone(models.climateModel), configuration: {}, state: 'published', settings: {} }),
        entity('parking', '车位检测器', 'HTTP 上报的地磁车位检测器', 9000, { deviceKind: 'device', gatewayId: 'gw-http', protocolId: 'official', thingModel: structuredClone(models.emptyModel), configuration: {}, state: 'unpublished', settings: {} }),
    ];

    const devices = [];
    const kPlaces = ['一号车间', '二号车间', '成品仓库', '配电室', '屋顶', '冷库'];
    for (let n = 1; n <= 137; n += 1) {
        const product = products[n <= 78 ? 0 : n <= 118 ? 1 : n <= 124 ? 2 : 3];
        const state = n % 11 === 0 ? 'inactive' : n % 4 === 0 ? 'offline' : 'online';
        const parentId = product.id === 'vibration' ? `edge-box-${String(119 + (n % 3)).padStart(3, '0')}` : null;
        devices.push(entity(`${product.id}-${String(n).padStart(3, '0')}`, `${kPlaces[n % 6]} ${product.name.split(' ')[0]} ${n}`, '', 40000 - n * 60, {
            productId: product.id, productName: product.name, parentId, configuration: {}, state,
            address: state === 'online' ? `10.20.${(n % 8) + 1}.${(n * 7) % 250}:${40000 + n}` : null,
            tags: { building: kPlaces[n % 6], floor: String((n % 4) + 1) }, gatewayId: product.gatewayId,
            onlineAt: state === 'inactive' ? null : ago(n * 13), offlineAt: state === 'offline' ? ago(n * 3) : null,
            lastSeenAt: state === 'inactive' ? null : ago(state === 'online' ? n / 60 : n * 3), sessionNode: state === 'online' ? 'node-1' : null,
        }));
    }

    const networkTypes = [
        { id: 'mqtt-server', name: { 'zh-CN': 'MQTT 服务', en: 'MQTT server' }, description: { 'zh-CN': '设备以 MQTT 3.1.1 或 5 连接', en: 'Devices connect with MQTT 3.1.1 or 5' }, transport: 'MQTT', supports: { tls: true, dtls: false }, shareable: true, schema: models.mqttSchema, pluginId: 'network-mqtt', pluginVersion: '0.1.0' },
        { id: 'tcp-server', name: { 'zh-CN': 'TCP 服务', en: 'TCP server' }, description: { 'zh-CN': '长连接字节流，带粘拆包规则', en: 'A byte stream with a framing rule' }, transport: 'TCP', supports: { tls: true, dtls: false }, shareable: true, schema: models.tcpSchema, pluginId: 'network-tcp', pluginVersion: '0.1.0' },
        { id: 'http-server', name: { 'zh-CN': 'HTTP 服务', en: 'HTTP server' }, description: { 'zh-CN': '设备以 HTTP 请求上报', en: 'Devices report by HTTP requests' }, transport: 'HTTP', supports: { tls: true, dtls: false }, shareable: true, schema: models.httpSchema, pluginId: 'network-http', pluginVersion: '0.1.0' },
    ];

    const counters = (k) => ({ connections: 41 * k, bytesIn: 183_402_112 * k, bytesOut: 22_140_020 * k, messagesIn: 1_204_511 * k, messagesOut: 88_230 * k, refused: 3 * k });
    const networks = [
        entity('net-mqtt', 'MQTT 1883', '局域网设备', 60000, { type: 'mqtt-server', cluster: 'shared', configuration: { host: '0.0.0.0', port: 1883, publicHost: 'iot.example.com', publicPort: 1883, secure: false, maxMessageBytes: 65536, maxConnections: 100000 }, nodes: [], state: 'enabled', runState: 'running', lastError: null, counters: counters(2), usedBy: [{ kind: 'gateway', id: 'gw-mqtt', name: 'MQTT 设备接入' }] }),
        entity('net-mqtts', 'MQTT over TLS 8883', '公网设备', 58000, { type: 'mqtt-server', cluster: 'shared', configuration: { host: '0.0.0.0', port: 8883, publicHost: 'iot.example.com', publicPort: 8883, secure: true, certificateId: 'cert-iot', maxMessageBytes: 65536, maxConnections: 100000 }, nodes: [], state: 'enabled', runState: 'running', lastError: null, counters: counters(1), usedBy: [{ kind: 'gateway', id: 'gw-mqtts', name: 'MQTT 加密接入' }] }),
        entity('net-tcp', 'TCP 8081', '电表长连接', 52000, { type: 'tcp-server', cluster: 'independent', configuration: {}, nodes: [{ nodeId: 'node-1', configuration: { host: '10.20.0.4', port: 8081, publicHost: '10.20.0.4', publicPort: 8081, secure: false, framing: 'length', lengthBytes: 4, lengthOffset: 0, byteOrder: 'big' } }], state: 'enabled', runState: 'running', lastError: null, counters: counters(1), usedBy: [{ kind: 'gateway', id: 'gw-tcp', name: '电表 TCP 接入' }] }),
        entity('net-http', 'HTTP 8800', '', 9000, { type: 'http-server', cluster: 'shared', configuration: { host: '0.0.0.0', port: 8800, publicHost: 'iot.example.com', publicPort: 8800, secure: false }, nodes: [], state: 'enabled', runState: 'failed', lastError: 'Cannot listen on 0.0.0.0:8800: address already in use. Stop the other program or choose another port.', counters: { ...counters(0) }, usedBy: [{ kind: 'gateway', id: 'gw-http', name: 'HTTP 上报' }] }),
        entity('net-meters', '电表转换器', '主动连接', 4000, { type: 'tcp-client', cluster: 'shared', configuration: { targets: [{ host: '10.20.0.7', port: 502, deviceId: 'meter-7' }, { host: '10.20.0.8', port: 502 }] }, nodes: [], state: 'enabled', runState: 'running', lastError: '1 of 2 targets are not connected; 10.20.0.8:502: Connecting to 10.20.0.8:502 failed: Connection refused', targets: [{ address: '10.20.0.7:502', state: 'connected', since: '2026-01-05T08:00:00Z', nextAttemptAt: null, failures: 0, lastError: null }, { address: '10.20.0.8:502', state: 'waiting', since: '2026-01-05T08:10:00Z', nextAttemptAt: '2026-01-05T08:10:42Z', failures: 9, lastError: 'Connecting to 10.20.0.8:502 failed: Connection refused' }], counters: counters(1), usedBy: [] }),
        entity('net-tcp-test', 'TCP 测试 9000', '调试用', 3000, { type: 'tcp-server', cluster: 'shared', configuration: { host: '0.0.0.0', port: 9000, publicHost: '127.0.0.1', publicPort: 9000, secure: false, framing: 'delimiter', delimiter: '\\n' }, nodes: [], state: 'disabled', runState: 'stopped', lastError: null, counters: counters(0), usedBy: [] }),
    ];

    const provider = (id, category, zh, en, dzh, den, networkType, transport, available, reason = null) => ({ id, category, name: { 'zh-CN': zh, en }, description: { 'zh-CN': dzh, en: den }, networkType, transport, schema: null, available, reason });
    const providers = [
        provider('mqtt-server-gateway', 'custom', 'MQTT 直连接入', 'MQTT access', '设备以 MQTT 直接连接本平台', 'Devices connect to this server with MQTT', 'mqtt-server', 'MQTT', true),
        provider('http-server-gateway', 'custom', 'HTTP 推送接入', 'HTTP access', '设备以 HTTP 请求推送数据', 'Devices push data with HTTP requests', 'http-server', 'HTTP', true),
        provider('tcp-server-gateway', 'custom', 'TCP 透传接入', 'TCP access', '设备以 TCP 长连接透传数据', 'Devices keep a TCP connection open', 'tcp-server', 'TCP', true),
        provider('gb28181-gateway', 'video', 'GB/T 28181', 'GB/T 28181', '国标视频设备接入', 'Video devices of the Chinese national standard', null, 'SIP', false, 'No plugin provides this access type yet.'),
        provider('modbus-gateway', 'channel', 'Modbus TCP', 'Modbus TCP', '轮询 Modbus 从站', 'Polls Modbus units', null, 'Modbus', false, 'No plugin provides this access type yet.'),
    ];

    const gateway = (id, name, description, p, net, state, runState, lastError, address, transport, sessions, usedBy) => entity(id, name, description, 50000, {
        provider: p, providerName: providers.find((x) => x.id === p).name, category: 'custom', networkComponentId: net, networkComponentName: networks.find((x) => x.id === net).name,
        protocolId: 'official', protocolName: '官方协议', transport, configuration: {}, state, runState, lastError, address, routes: models.routeRows(transport), sessions,
        counters: { messagesUp: 14_204 * (sessions + 1), messagesDown: 311 * (sessions + 1), bytesUp: 1_820_331 * (sessions + 1), bytesDown: 40_220 * (sessions + 1), rejected: sessions ? 12 : 0 }, usedBy,
    });
    const gateways = [
        gateway('gw-mqtt', 'MQTT 设备接入', '传感器与边缘网关', 'mqtt-server-gateway', 'net-mqtt', 'enabled', 'started', null, 'mqtt://iot.example.com:1883', 'MQTT', 64, [{ kind: 'product', id: 'th-200', name: '温湿度传感器 TH-200' }, { kind: 'product', id: 'edge-box', name: '边缘网关 EdgeBox' }]),
        gateway('gw-mqtts', 'MQTT 加密接入', '公网设备，TLS', 'mqtt-server-gateway', 'net-mqtts', 'disabled', 'stopped', null, 'mqtts://iot.example.com:8883', 'MQTT', 0, []),
        gateway('gw-tcp', '电表 TCP 接入', '', 'tcp-server-gateway', 'net-tcp', 'enabled', 'started', null, 'tcp://10.20.0.4:8081', 'TCP', 28, [{ kind: 'product', id: 'em-3', name: '智能电表 EM-3' }]),
        gateway('gw-http', 'HTTP 上报', '车位检测器', 'http-server-gateway', 'net-http', 'enabled', 'failed', 'Network component "HTTP 8800" is not running: address already in use.', 'http://iot.example.com:8800', 'HTTP', 0, [{ kind: 'product', id: 'parking', name: '车位检测器' }]),
    ];

    const certificates = [
        entity('cert-iot', 'iot.example.com', '公网 MQTT 证书', 30000, { chain: pem('CERTIFICATE'), trust: null, subject: 'CN=iot.example.com', names: ['iot.example.com', '*.iot.example.com'], issuer: 'CN=Example Issuing CA', notBefore: ago(60 * 24 * 200), notAfter: ago(-60 * 24 * 165), fingerprint: sha(3), usedBy: [{ kind: 'network-component', id: 'net-mqtts', name: 'MQTT over TLS 8883' }] }),
        entity('cert-dev', '开发证书', '自签名', 9000, { chain: pem('CERTIFICATE'), trust: null, subject: 'CN=localhost', names: ['localhost', '127.0.0.1'], issuer: 'CN=localhost', notBefore: ago(60 * 24 * 340), notAfter: ago(-60 * 24 * 19), fingerprint: sha(5), usedBy: [] }),
    ];

    const protocol = (id, name, description, type, builtin, state, runState, usedBy, more = {}) => entity(id, name, description, 60000, {
        type, location: type === 'local' ? '/opt/protocols/acme/build' : null, fileId: type === 'package' && !builtin ? 'f-1' : null, pluginId: id === 'official' ? 'official' : `protocol-${id}`, protocol: id, state, runState, lastError: null,
        sha256: sha(id.length), generation: 2, pluginVersion: '0.1.0', transports: ['MQTT', 'HTTP', 'TCP'].map((t) => ({ id: t, routes: models.routeRows(t) })), features: ['firmware', 'child-devices'], usedBy, builtin, ...more,
    });
    const protocols = [
        protocol('official', '官方协议', '平台自带：MQTT、HTTP、TCP', 'package', true, 'enabled', 'started', gateways.map((g) => ({ kind: 'gateway', id: g.id, name: g.name }))),
        protocol('acme', 'ACME 私有协议', '本地开发目录，构建后自动重载', 'local', false, 'enabled', 'started', []),
        protocol('legacy', '旧版二进制协议', '', 'package', false, 'disabled', 'failed', [], { lastError: 'The plugin asks for ABI 2.0; this server offers 1.3. Rebuild it with this server\'s SDK.' }),
    ];

    const plugin = (id, zh, en, categories, source, state, health, factory, ids, generation = 1) => ({
        id, name: { 'zh-CN': zh, en }, version: generation > 1 ? `0.1.${generation - 1}` : '0.1.0', abi: { major: 1, minor: 0 }, categories, source, trust: source === 'builtin' ? 'builtin' : 'signed', state, health,
        generations: Array.from({ length: generation }, (_v, i) => ({ generation: generation - i, version: `0.1.${generation - i - 1}`, sha256: sha(id.length + i), state: i === 0 ? state : 'unloaded', since: ago(300 * (i + 1)), instances: i === 0 ? 3 : 0, reason: i === 0 ? null : 'replaced' })),
        provides: [{ factory, ids }], sha256: sha(id.length), lastError: state === 'failed' ? 'ABI 2.0 is not offered by this server.' : null,
        events: [
            { time: ago(302), generation, from: 'loading', to: 'checking', reason: null, milliseconds: 4 },
            { time: ago(301), generation, from: 'checking', to: 'starting', reason: null, milliseconds: 11 },
            { time: ago(300), generation, from: 'starting', to: state, reason: state === 'failed' ? 'ABI mismatch' : null, milliseconds: 2 },
        ], version_: 1,
    });
    const plugins = [
        plugin('official', '官方协议', 'Official protocol', ['protocol'], 'builtin', 'started', 'healthy', 'protocol', ['official']),
        plugin('network-mqtt', 'MQTT 服务', 'MQTT server', ['network'], 'builtin', 'started', 'healthy', 'network', ['mqtt-server']),
        plugin('network-tcp', 'TCP 服务', 'TCP server', ['network'], 'builtin', 'started', 'healthy', 'network', ['tcp-server']),
        plugin('network-http', 'HTTP 服务', 'HTTP server', ['network'], 'builtin', 'started', 'healthy', 'network', ['http-server']),
        plugin('protocol-acme', 'ACME 私有协议', 'ACME protocol', ['protocol'], 'local', 'started', 'healthy', 'protocol', ['acme'], 4),
        plugin('protocol-legacy', '旧版二进制协议', 'Legacy binary protocol', ['protocol'], 'package', 'failed', 'unhealthy', 'protocol', ['legacy']),
    ];

    const roles = [
        { id: 'administrator', name: { 'zh-CN': '管理员', en: 'Administrator' }, permissions: ['*'] },
        { id: 'operator', name: { 'zh-CN': '操作员', en: 'Operator' }, permissions: ['products:read', 'devices:read', 'devices:operate', 'gateways:read', 'gateways:operate', 'network-components:read', 'protocols:read', 'certificates:read', 'plugins:read', 'logs:read'] },
        { id: 'viewer', name: { 'zh-CN': '只读', en: 'Viewer' }, permissions: ['products:read', 'devices:read', 'gateways:read', 'network-components:read', 'protocols:read', 'plugins:read', 'certificates:read', 'logs:read'] },
    ];
    const user = (id, username, displayName, role, enabled, minutes) => entity(id, undefined, undefined, 50000, { username, displayName, email: null, roles: [role], enabled, lastLoginAt: minutes === null ? null : ago(minutes), mustChangePassword: username === 'fresh' });
    const users = [
        user('u-1', 'admin', '平台管理员', 'administrator', true, 2),
        user('u-2', 'operator', '值班操作员', 'operator', true, 480),
        user('u-3', 'viewer', '看板账号', 'viewer', true, 4000),
        user('u-4', 'fresh', '待启用账号', 'viewer', true, null),
    ];
    const tokens = [
        entity('t-1', 'ci-import', '', 20000, { roles: ['operator'], expiresAt: ago(-60 * 24 * 90), lastUsedAt: ago(30), prefix: 'fl_8Qm2', userId: 'u-1', username: 'admin' }),
        entity('t-2', 'grafana', '', 18000, { roles: ['viewer'], expiresAt: null, lastUsedAt: ago(1), prefix: 'fl_t0Xk', userId: 'u-1', username: 'admin' }),
    ];
    const settings = { siteName: 'Fairlead', retentionDays: { history: 365, messages: 30, accessLog: 90, systemLog: 30 }, version: 2 };

    return { products, devices, networkTypes, networks, providers, gateways, certificates, protocols, plugins, roles, users, tokens, settings };
}

const kActions = [
    ['admin', 'GET', '/api/v1/devices', 'list', 'devices', 200, 6],
    ['admin', 'POST', '/api/v1/gateways/gw-mqtt/enable', 'enable', 'gateway gw-mqtt', 200, 41],
    ['operator', 'POST', '/api/v1/devices/th-200-001/properties/write', 'write', 'device th-200-001', 200, 88],
    ['viewer', 'DELETE', '/api/v1/products/th-200', 'delete', 'product th-200', 403, 2],
    ['admin', 'PATCH', '/api/v1/products/th-200', 'edit', 'product th-200', 200, 14],
    ['operator', 'POST', '/api/v1/devices/em-3-080/functions/clear/invoke', 'invoke', 'device em-3-080', 504, 10002],
    ['', 'POST', '/api/v1/auth/login', 'login', 'user root', 401, 320],
];
export function accessRow(n) {
    const [user, method, path, action, target, status, milliseconds] = kActions[n % kActions.length];
    return { id: `a-${100000 - n}`, time: ago(n * 3 + 0.2), user, address: `10.20.0.${(n % 40) + 10}`, method, path, action, target, status, outcome: status < 400 ? 'success' : 'failure', milliseconds: milliseconds + (n % 9) };
}

const kLines = [
    ['information', 'network.mqtt', 'Listening on 0.0.0.0:1883'],
    ['debug', 'device.session', 'Session of device th-200-017 replaced: new connection from 10.20.3.119:40017'],
    ['warning', 'protocol.official', 'Device em-3-092 sent property "phase" that product em-3 does not declare; stored as undeclared'],
    ['information', 'plugin.loader', 'Plugin protocol-acme: generation 4 started, generation 3 drained after 212 ms'],
    ['error', 'network.http', 'Cannot listen on 0.0.0.0:8800: address already in use. Stop the other program or choose another port.'],
    ['information', 'journal', 'Checkpoint at 18 442 091, 3 segments removed'],
    ['debug', 'command', 'Command 7f21 to th-200-001 answered after 84 ms'],
];
export function systemRow(n, time = ago(n * 0.7)) {
    const [level, source, message] = kLines[Math.abs(n) % kLines.length];
    return { id: `s-${String(1_000_000 - n).padStart(8, '0')}`, time, level, source, node: 'node-1', message };
}

const kKinds = ['property.report', 'property.report', 'event', 'property.read', 'property.read.reply', 'online'];
export function messageRow(device, n, time = ago(n * 1.5)) {
    const kind = kKinds[Math.abs(n) % kKinds.length];
    const body = kind === 'event' ? { data: { temperature: 61.2 } } : { properties: { temperature: +(21 + (Math.abs(n) % 30) / 10).toFixed(1), humidity: 48 + (Math.abs(n) % 7) } };
    const text = JSON.stringify({ timestamp: Date.parse(time), ...body });
    return {
        id: `m-${String(1_000_000 - n).padStart(8, '0')}`, time, direction: kind === 'property.read' ? 'down' : 'up', kind, messageId: `7f${(4096 + n).toString(16)}`,
        summary: kind === 'event' ? '温度过高' : kind === 'online' ? '设备上线' : 'temperature, humidity', payloadText: text, payloadHex: Buffer.from(text).toString('hex'),
        transport: 'MQTT', address: device.address ?? '10.20.1.9:40022', result: n % 17 === 16 ? 'TIME_OUT' : 'ok',
    };
}
