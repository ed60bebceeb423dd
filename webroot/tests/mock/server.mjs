// SPDX-License-Identifier: Apache-2.0
// A stand-in for the server: the REST and SSE contract over fixtures, and the built pages below /ui/.
// `node tests/mock/server.mjs [port]`, or startMock() from a test, which gets its own data and port.
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { ago, makeData } from './fixtures.mjs';
import { answer, readBody, Refusal, serveStatic } from './http.mjs';
import { Live } from './live.mjs';
import { productSchema } from './models.mjs';
import { kCollections, Routes } from './routes.mjs';
import { State } from './state.mjs';

const kRoot = fileURLToPath(new URL('../../dist', import.meta.url));
const kBase = '/api/v1';

class Mock {
    constructor() {
        this.data = makeData();
        this.state = new State(this.data);
        this.routes = new Routes(this.data, this.state);
        this.live = new Live(this.data, this.state);
        this.sessions = new Map();
        this.failures = 0;
        this.serial = 0;
        this.requests = [];
        this.outage = false;
    }

    sessionOf(request) {
        const cookie = /fairlead_session=([^;]+)/.exec(request.headers.cookie ?? '')?.[1];
        return this.sessions.get(cookie);
    }

    userShape(user) {
        const permissions = user.roles.flatMap((role) => this.data.roles.find((entry) => entry.id === role)?.permissions ?? []);
        return { id: user.id, username: user.username, displayName: user.displayName, roles: user.roles, permissions };
    }

    login(response, body) {
        if (this.failures >= 5) return answer(response, 429, { status: 429, code: 'auth.throttled', detail: 'Too many failures.' }, { 'Retry-After': '30' });
        const user = this.data.users.find((entry) => entry.username === body.username && entry.enabled);
        if (!user || body.password !== (user.password ?? 'fairlead')) {
            this.failures += 1;
            return answer(response, 401, { status: 401, code: 'auth.invalid', detail: 'User name or password is wrong.' });
        }
        this.failures = 0;
        this.serial += 1;
        const token = `s${this.serial}`;
        const session = { token, csrfToken: `c${this.serial}`, user, ...this.userShape(user) };
        this.sessions.set(token, session);
        const reply = { token, csrfToken: session.csrfToken, expiresAt: ago(-720), user: this.userShape(user), mustChangePassword: user.mustChangePassword };
        return answer(response, 200, reply, { 'Set-Cookie': `fairlead_session=${token}; HttpOnly; SameSite=Strict; Path=/` });
    }

    auth(name, request, response, body, session) {
        if (name === 'me') return answer(response, 200, { user: this.userShape(session.user), csrfToken: session.csrfToken, mustChangePassword: session.user.mustChangePassword });
        if (name === 'logout') {
            this.sessions.delete(session.token);
            return answer(response, 204);
        }
        if (body.currentPassword !== (session.user.password ?? 'fairlead')) {
            return answer(response, 422, { status: 422, code: 'validation', detail: 'The current password is wrong.', errors: [{ field: 'currentPassword', code: 'wrongPassword', message: 'Wrong.' }] });
        }
        Object.assign(session.user, { password: body.newPassword, mustChangePassword: false });
        return answer(response, 204);
    }

    system() {
        return {
            version: '0.1.0', startedAt: ago(8114), uptimeSeconds: 8114 * 60, nodeId: 'node-1', database: { driver: 'sqlite', version: '3.40.1' }, journal: { bytes: 41_204_224, lagMessages: 12, lagSeconds: 0.02 },
            process: { cpuPercent: 12.4, residentBytes: 184_320_000, openFiles: 212 }, disk: { freeBytes: 182_000_000_000, totalBytes: 256_000_000_000 }, counters: this.state.counters(),
        };
    }

    dashboard() {
        const failed = [
            ...this.data.gateways.filter((g) => g.state === 'enabled' && g.runState === 'failed').map((g) => ({ kind: 'gateway', id: g.id, name: g.name, reason: g.lastError })),
            ...this.data.networks.filter((g) => g.state === 'enabled' && g.runState === 'failed').map((g) => ({ kind: 'network-component', id: g.id, name: g.name, reason: g.lastError })),
            ...this.data.plugins.filter((p) => p.state === 'failed').map((p) => ({ kind: 'plugin', id: p.id, name: p.name.en, reason: p.lastError })),
        ];
        const recentDevices = this.data.devices.filter((d) => d.onlineAt).slice(0, 8).map(({ id, name, productId, state, onlineAt }) => ({ id, name, productId, state, onlineAt }));
        return { counters: this.state.counters(), traffic: this.state.traffic(), failed, recentDevices };
    }

    plain(path) {
        const { data } = this;
        const held = { '/system': () => this.system(), '/dashboard': () => this.dashboard(), '/settings': () => data.settings, '/roles': () => data.roles, '/network-types': () => ({ items: data.networkTypes, page: 1, pageSize: 200, total: 3 }), '/gateway-providers': () => ({ items: data.providers, page: 1, pageSize: 200, total: 5 }), '/meta/enums': () => ({ deviceState: ['inactive', 'offline', 'online'] }) };
        return held[path]?.();
    }

    async api(request, response, url) {
        const path = decodeURI(url.pathname.slice(kBase.length));
        const raw = await readBody(request);
        const body = /json/.test(request.headers['content-type'] ?? '') && raw.length ? JSON.parse(raw) : {};
        this.requests.push({ method: request.method, path, query: url.search, body, headers: request.headers });
        if (this.outage) return answer(response, 503, { status: 503, code: 'unavailable', detail: 'The database is being moved. Try again in a minute.' });
        if (path === '/auth/login') return this.login(response, body);
        const session = this.sessionOf(request);
        if (!session) return answer(response, 401, { status: 401, code: 'auth.required', detail: 'Sign in first.' });
        if (request.method !== 'GET' && request.headers['x-csrf-token'] !== session.csrfToken) return answer(response, 403, { status: 403, code: 'auth.csrf', detail: 'The CSRF token is missing.' });
        if (path.startsWith('/auth/')) return this.auth(path.slice(6), request, response, body, session);
        if (path === '/events') return this.live.add(request, response, (url.searchParams.get('topics') ?? '').split(','));
        if (path === '/files') return answer(response, 201, { id: `f-${raw.length}`, name: decodeURIComponent(request.headers['x-file-name'] ?? ''), size: raw.length, sha256: 'ef'.repeat(32) });
        const result = this.route(path, request.method, url.searchParams, body, { session, ifMatch: request.headers['if-match'], csv: request.headers.accept === 'text/csv' });
        if (!result) throw new Refusal(404, 'not.found', `${request.method} ${path}`);
        if (result.csv !== undefined) return answer(response, 200, result.csv, { 'Content-Type': 'text/csv' });
        return answer(response, result.status ?? 200, result.body, result.etag ? { ETag: result.etag } : {});
    }

    route(path, method, query, body, context) {
        const held = method === 'GET' ? this.plain(path) : undefined;
        if (held) return { body: held };
        if (path === '/settings' && method === 'PATCH') return { body: Object.assign(this.data.settings, body, { version: this.data.settings.version + 1 }) };
        const parts = path.split('/').filter(Boolean).map(decodeURIComponent);
        if (parts[0] === 'logs') return this.routes.log(parts[1], parts[2], query, context);
        const kind = kCollections[`/${parts[0]}`];
        if (!kind) return undefined;
        if (path === '/certificates/development') return this.routes.create('certificates', { name: body.name, names: body.hosts, chain: '-----BEGIN CERTIFICATE-----', issuer: `CN=${body.name}` }, context);
        return this.routes.collection(kind, parts.slice(1), method, query, body, context) ?? this.extra(kind, parts.slice(1), method, query, body, context);
    }

    extra(kind, rest, method, query, body, context) {
        if (kind === 'devices') return this.routes.device(rest, method, query, body, context);
        if (kind === 'products' && rest[1] === 'configuration-schema') return { body: productSchema };
        if (kind === 'plugins') return this.routes.plugin(rest, context);
        if (kind === 'users' && rest[1] === 'reset-password') return { status: 204 };
        if (kind === 'protocols' && rest[1] === 'decode') return this.routes.decode(body);
        if (kind === 'protocols' && rest[1] === 'encode') return { body: { messages: [{ topic: '/th-200/th-200-001/properties/write', payloadText: JSON.stringify(body.message ?? body) }] } };
        if (kind === 'gateways' && rest[1] === 'sessions') {
            const rows = this.data.devices.filter((device) => device.gatewayId === rest[0] && device.state === 'online').map((device) => ({ deviceId: device.id, deviceName: device.name, productId: device.productId, address: device.address, connectedAt: device.onlineAt, lastSeenAt: device.lastSeenAt }));
            const size = Number(query.get('pageSize') ?? 20);
            const page = Number(query.get('page') ?? 1);
            return { body: { items: rows.slice((page - 1) * size, page * size), page, pageSize: size, total: rows.length } };
        }
        return undefined;
    }

    /** Levers for tests; not part of the contract. */
    lever(name, response) {
        if (name === 'expire') this.sessions.clear();
        if (name === 'cut') this.live.cut();
        if (name === 'outage') this.outage = !this.outage;
        if (name === 'touch') this.data.products.forEach((product) => (product.version += 1));
        if (name === 'empty') for (const kind of Object.values(kCollections)) if (kind !== 'users') this.data[kind].length = 0;
        return answer(response, 204);
    }

    async handle(request, response) {
        const url = new URL(request.url, 'http://mock');
        try {
            if (url.pathname.startsWith('/__mock/')) return this.lever(url.pathname.slice(8), response);
            if (url.pathname.startsWith(kBase)) return await this.api(request, response, url);
            if (url.pathname.startsWith('/ui/')) return serveStatic(kRoot, url.pathname.slice(4) || 'index.html', request, response);
            return answer(response, 302, '', { Location: '/ui/' });
        } catch (error) {
            if (error instanceof Refusal) return answer(response, error.status, error.body, { 'Content-Type': 'application/problem+json' });
            return answer(response, 500, { status: 500, code: 'mock', detail: String(error.stack) });
        }
    }
}

/** Starts a mock with its own data; port 0 chooses a free one. */
export async function startMock(port = 0) {
    const mock = new Mock();
    const server = createServer((request, response) => mock.handle(request, response));
    await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${server.address().port}`;
    const stop = () => {
        mock.live.close();
        server.closeAllConnections();
        return new Promise((resolve) => server.close(resolve));
    };
    return { mock, url, stop };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    const { url } = await startMock(Number(process.argv[2] ?? 4180));
    process.stdout.write(`${url}/ui/ (admin, operator, viewer or fresh; password: fairlead)\n`);
}
