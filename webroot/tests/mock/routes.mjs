// SPDX-License-Identifier: Apache-2.0
// The REST routes of the mock: collections by one rule, the rest by hand.
import { accessRow, ago, messageRow, systemRow } from './fixtures.mjs';
import { Refusal, toCsv } from './http.mjs';
import { productSchema, routeRows } from './models.mjs';

export const kCollections = { '/products': 'products', '/devices': 'devices', '/network-components': 'networks', '/certificates': 'certificates', '/protocols': 'protocols', '/gateways': 'gateways', '/users': 'users', '/api-tokens': 'tokens', '/plugins': 'plugins' };
const kVerbs = {
    enable: (item) => { item.state = 'enabled'; item.runState = item.type && !item.transports ? 'running' : 'started'; },
    disable: (item) => { item.state = 'disabled'; item.runState = 'stopped'; item.lastError = null; },
    publish: (item) => { item.state = 'published'; },
    unpublish: (item) => { item.state = 'unpublished'; },
    activate: (item) => { item.state = 'offline'; },
    deactivate: (item) => { item.state = 'inactive'; },
    disconnect: (item) => { item.state = 'offline'; item.offlineAt = new Date().toISOString(); },
};

function matches(row, key, wanted) {
    if (key === 'q') return [row.id, row.name, row.username, row.displayName].some((text) => String(text ?? '').toLowerCase().includes(wanted.toLowerCase()));
    if (key === 'tag') { const [name, value] = wanted.split(':'); return String(row.tags?.[name] ?? '') === value; }
    if (key === 'description') return (row.description ?? '').includes(wanted);
    return String(row[key] ?? '') === wanted;
}

function compare(a, b) {
    if (a === b) return 0;
    return (a ?? '') < (b ?? '') ? -1 : 1;
}

export function listOf(rows, query) {
    const page = Number(query.get('page') ?? 1);
    const pageSize = Math.min(200, Number(query.get('pageSize') ?? 20));
    const sort = query.get('sort') ?? '-createdAt';
    let found = rows;
    for (const [key, wanted] of query) if (!['page', 'pageSize', 'sort'].includes(key)) found = found.filter((row) => matches(row, key, wanted));
    const name = sort.replace(/^-/, '');
    found = [...found].sort((a, b) => (sort.startsWith('-') ? -1 : 1) * compare(a[name], b[name]));
    return { items: found.slice((page - 1) * pageSize, page * pageSize), page, pageSize, total: found.length };
}

export function cursorOf(make, count, query, keep = () => true) {
    const limit = Math.min(200, Number(query.get('limit') ?? 50));
    const start = Number(query.get('after') ?? 0);
    const rows = [];
    let at = start;
    for (; at < count && rows.length < limit; at += 1) { const row = make(at); if (keep(row)) rows.push(row); }
    return { items: rows, next: at < count ? String(at) : null };
}

function checkName(body) {
    const errors = [];
    if ('name' in body && !String(body.name ?? '').trim()) errors.push({ field: 'name', code: 'required', message: 'A name is needed.' });
    if ([...(body.name ?? '')].length > 64) errors.push({ field: 'name', code: 'maxLength', message: 'At most 64 characters.', params: { limit: 64 } });
    if ([...(body.description ?? '')].length > 200) errors.push({ field: 'description', code: 'maxLength', message: 'At most 200 characters.', params: { limit: 200 } });
    if (errors.length) throw new Refusal(422, 'validation', 'The request has wrong fields.', { errors });
}

const kNew = {
    products: (body) => ({ thingModel: { properties: [], functions: [], events: [], tags: [] }, configuration: {}, state: 'unpublished', gatewayId: null, protocolId: null, settings: {}, ...body }),
    devices: (body, data) => { const product = data.products.find((p) => p.id === body.productId); return { configuration: {}, state: 'inactive', address: null, tags: {}, gatewayId: product?.gatewayId ?? null, parentId: null, onlineAt: null, offlineAt: null, lastSeenAt: null, sessionNode: null, productName: product?.name, ...body }; },
    networks: (body) => ({ nodes: [], state: 'disabled', runState: 'stopped', lastError: null, counters: { connections: 0, bytesIn: 0, bytesOut: 0, messagesIn: 0, messagesOut: 0, refused: 0 }, usedBy: [], ...body }),
    certificates: (body) => ({ subject: `CN=${body.name}`, names: [body.name], issuer: 'CN=Example Issuing CA', notBefore: ago(10), notAfter: ago(-60 * 24 * 365), fingerprint: 'ab'.repeat(32), usedBy: [], trust: null, ...body, key: undefined }),
    protocols: (body) => ({ state: 'disabled', runState: 'stopped', lastError: null, pluginId: 'new', protocol: 'new', sha256: 'cd'.repeat(32), generation: 1, transports: [{ id: 'MQTT', routes: routeRows('MQTT') }], features: [], usedBy: [], builtin: false, location: null, fileId: null, ...body }),
    gateways: (body, data) => { const p = data.providers.find((x) => x.id === body.provider); return { providerName: p.name, category: p.category, transport: p.transport, networkComponentName: data.networks.find((n) => n.id === body.networkComponentId)?.name, protocolName: data.protocols.find((n) => n.id === body.protocolId)?.name, state: 'disabled', runState: 'stopped', lastError: null, address: `${p.transport.toLowerCase()}://iot.example.com:1883`, routes: routeRows(p.transport), sessions: 0, counters: { messagesUp: 0, messagesDown: 0, bytesUp: 0, bytesDown: 0, rejected: 0 }, usedBy: [], configuration: {}, ...body }; },
    users: (body) => ({ enabled: true, lastLoginAt: null, mustChangePassword: true, email: null, ...body, password: undefined }),
    tokens: (body) => ({ lastUsedAt: null, prefix: 'fl_9Zt1', userId: 'u-1', username: 'admin', expiresAt: null, ...body }),
};

export class Routes {
    constructor(data, state) {
        this.data = data;
        this.state = state;
        this.serial = 100;
    }

    find(kind, id) {
        const item = this.data[kind].find((entry) => entry.id === id);
        if (!item) throw new Refusal(404, 'not.found', `There is no ${kind.slice(0, -1)} with the id "${id}".`);
        return item;
    }

    /** CRUD and verbs of one collection; undefined when the path is something else. */
    collection(kind, rest, method, query, body, context) {
        const { session } = context;
        const items = this.data[kind];
        if (rest.length === 0 && method === 'GET') {
            const page = listOf(items.map((item) => this.state.shown(kind, item, session)), query);
            if (context.csv) return { csv: toCsv(page.items) };
            return kind === 'plugins' || page ? { body: page } : undefined;
        }
        if (rest.length === 0 && method === 'POST') return this.create(kind, body, context);
        const item = this.find(kind, rest[0]);
        if (rest.length === 1) return this.single(kind, item, method, body, context);
        if (rest.length === 2 && method === 'POST' && kVerbs[rest[1]]) {
            this.state.require(kind, item, rest[1], session);
            kVerbs[rest[1]](item);
            item.version += 1;
            return { body: this.state.shown(kind, item, session) };
        }
        return undefined;
    }

    create(kind, body, { session }) {
        checkName(body);
        this.serial += 1;
        const id = body.id || `${kind.slice(0, 3)}-${this.serial}`;
        if (this.data[kind].some((entry) => entry.id === id)) throw new Refusal(422, 'validation', 'The id is taken.', { errors: [{ field: 'id', code: 'taken', message: 'This id is taken.' }] });
        const now = new Date().toISOString();
        const item = { createdAt: now, updatedAt: now, version: 1, description: '', ...kNew[kind](body, this.data), id };
        this.data[kind].unshift(item);
        const shown = this.state.shown(kind, item, session);
        return { status: 201, body: kind === 'tokens' ? { ...shown, token: 'fl_9Zt1_wQ3vYb7KcN2mPx8RsLd5HgJ4Ta' } : shown };
    }

    single(kind, item, method, body, context) {
        const { session, ifMatch } = context;
        if (method === 'GET') return { body: this.state.shown(kind, item, session), etag: `"${item.version}"` };
        if (ifMatch && ifMatch !== `"${item.version}"`) throw new Refusal(412, 'stale', 'It was changed by somebody else.');
        if (method === 'DELETE') {
            this.state.require(kind, item, 'delete', session);
            this.data[kind].splice(this.data[kind].indexOf(item), 1);
            return { status: 204 };
        }
        if (method !== 'PATCH') return undefined;
        this.state.require(kind, item, 'edit', session);
        checkName(body);
        const tags = body.tags ? Object.fromEntries(Object.entries({ ...item.tags, ...body.tags }).filter(([, value]) => value !== null)) : item.tags;
        Object.assign(item, body, { version: item.version + 1, updatedAt: new Date().toISOString() }, tags ? { tags } : {});
        return { body: this.state.shown(kind, item, session), etag: `"${item.version}"` };
    }

    device(rest, method, query, body, context) {
        const device = this.find('devices', rest[0]);
        const at = rest.slice(1).join('/');
        if (at === 'children') return { body: listOf(this.data.devices.filter((d) => d.parentId === device.id), query) };
        if (at === 'configuration-schema') return { body: productSchema };
        if (at === 'properties') return { body: { items: this.state.properties(device) } };
        if (at === 'messages') return { body: cursorOf((n) => messageRow(device, n), device.state === 'inactive' ? 0 : 400, query, (row) => (!query.get('kind') || row.kind.startsWith(query.get('kind'))) && (!query.get('direction') || row.direction === query.get('direction'))) };
        if (at === 'events') return { body: cursorOf((n) => ({ time: ago(n * 55), event: ['overheat', 'lowBattery', 'started'][n % 3], name: ['温度过高', '电量不足', '设备启动'][n % 3], level: ['urgent', 'warn', 'ordinary'][n % 3], data: n % 3 === 0 ? { temperature: 61.2 } : n % 3 === 1 ? 14 : '2.4.1' }), device.state === 'inactive' ? 0 : 60, query, (row) => !query.get('event') || row.event === query.get('event')) };
        if (rest[3] === 'history') return { body: this.history(rest[2], query) };
        if (method === 'POST') return this.command(device, rest.slice(1), body, context);
        return undefined;
    }

    history(property, query) {
        const to = Date.parse(query.get('to') ?? new Date().toISOString());
        const from = Date.parse(query.get('from') ?? new Date(to - 3_600_000).toISOString());
        const base = property === 'humidity' ? 48 : property === 'voltage' ? 228 : 21;
        const at = (time) => +(base + 3 * Math.sin(time / 2_400_000) + 0.6 * Math.sin(time / 190_000)).toFixed(2);
        if (query.get('aggregate')) {
            const unit = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
            const [, count, letter] = /^(\d+)([smhd])$/.exec(query.get('interval') ?? '5m');
            const step = Number(count) * unit[letter];
            const items = [];
            for (let time = Math.ceil(from / step) * step; time <= to && items.length < 2000; time += step) {
                if ((time / step) % 29 === 0) continue;
                const avg = at(time);
                items.push({ time: new Date(time).toISOString(), count: 12, min: +(avg - 0.7).toFixed(2), max: +(avg + 0.8).toFixed(2), avg, first: avg, last: avg });
            }
            return { items };
        }
        const limit = Number(query.get('limit') ?? 100);
        const end = query.get('after') ? Number(query.get('after')) : to;
        const items = [];
        let time = end;
        for (; time >= from && items.length < limit; time -= 20_000) items.push({ time: new Date(time).toISOString(), value: at(time), quality: time % 37 === 0 ? 'uncertain' : 'good' });
        return { items, next: time >= from ? String(time) : null };
    }

    command(device, rest, body, { session }) {
        const verb = rest[0] === 'functions' ? 'invoke' : rest[1];
        this.state.require('devices', device, verb, session);
        const reply = { messageId: '7f21', success: true, code: 'ok', milliseconds: 84 };
        const values = this.state.valuesOf(device);
        if (verb === 'read') return { body: { ...reply, properties: Object.fromEntries(body.properties.map((id) => [id, values[id]?.value ?? 0])) } };
        if (verb === 'write') {
            for (const [id, value] of Object.entries(body.properties)) values[id] = { value, time: new Date().toISOString(), quality: 'good' };
            return { body: { ...reply, properties: body.properties } };
        }
        if (rest[1] === 'locate') throw new Refusal(504, 'device.timeout', 'The device did not answer within 10 s.', { deviceCode: 'TIME_OUT' });
        if (rest[1] === 'restart' && body.inputs?.delay === 60) return { body: { ...reply, success: false, code: 'BUSY', message: 'The device is measuring.' } };
        return { body: { ...reply, output: rest[1] === 'calibrate' ? { offset: 0.12 } : true } };
    }

    plugin(rest, { session }) {
        const plugin = this.find('plugins', rest[0]);
        this.state.require('plugins', plugin, rest[1], session);
        const current = plugin.generations[0];
        const next = { ...current, generation: current.generation + 1, since: new Date().toISOString(), state: 'started', reason: null };
        plugin.generations = [next, { ...current, state: 'unloaded', instances: 0, reason: 'replaced' }, ...plugin.generations.slice(1)];
        plugin.events.unshift({ time: new Date().toISOString(), generation: next.generation, from: 'starting', to: 'started', reason: rest[1], milliseconds: 14 });
        plugin.state = 'started';
        plugin.health = 'healthy';
        return { body: this.state.shown('plugins', plugin, session) };
    }

    decode(body) {
        let payload;
        try {
            payload = JSON.parse(body.payloadText ?? Buffer.from(body.payloadHex ?? '', 'hex').toString());
        } catch {
            throw new Refusal(422, 'decode.failed', 'The payload is no JSON: unexpected end at byte 0.', { errors: [{ field: 'payloadText', code: 'pattern', message: 'No JSON.' }] });
        }
        return { body: { messages: [{ messageType: 'REPORT_PROPERTY', deviceId: 'th-200-001', timestamp: Date.now(), properties: payload.properties ?? payload }] } };
    }

    log(name, id, query, context) {
        const make = name === 'access' ? accessRow : (n) => systemRow(n);
        const keep = (row) => ['user', 'outcome', 'method', 'level', 'source', 'action'].every((key) => !query.get(key) || row[key] === query.get(key)) && (!query.get('q') || JSON.stringify(row).includes(query.get('q')));
        if (id === 'export') return { csv: toCsv(cursorOf(make, 200, query, keep).items) };
        if (id) {
            const number = name === 'access' ? 100000 - Number(id.slice(2)) : 1_000_000 - Number(id.slice(2));
            const row = make(Number.isFinite(number) ? number : 0);
            if (name === 'access') return { body: { ...row, id, request: '{"properties":{"interval":60},"token":"***"}', requestHeaders: { 'user-agent': 'curl/7.88.1', authorization: '***' }, response: row.outcome === 'failure' ? { status: row.status, code: 'forbidden', detail: 'The role does not allow it.' } : null, requestId: 'r-8813' } };
            return { body: { ...row, id, context: { port: 8800, attempt: 3 }, stack: row.level === 'error' ? 'fairlead::network::Listener::open\nfairlead::network::Component::enable\nfairlead::web::NetworkRoutes::enable' : null, thread: 'io-2', before: [3, 2, 1].map((n) => systemRow(n + 10)), after: [1, 2].map((n) => systemRow(n)) } };
        }
        const page = cursorOf(make, 3000, query, keep);
        return context.csv ? { csv: toCsv(page.items) } : { body: page };
    }
}
