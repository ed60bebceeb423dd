// SPDX-License-Identifier: Apache-2.0
import { mount } from '@vue/test-utils';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { api, clientHooks, etagOf, urlOf } from '@/api/client';
import { isProblem } from '@/api/problem';
import ActionButton from '@/components/ActionButton.vue';
import { hexDump } from '@/composables/hexDump';
import { problemText } from '@/composables/problemText';
import { overallState } from '@/composables/state';
import { bestInterval, intervalsFor, spanOf } from '@/composables/timeRange';
import { reasonOf } from '@/composables/useActions';
import { i18n } from '@/i18n';
import { codePoints, formatBytes, formatDuration, formatTime } from '@/i18n/format';
import { exampleLines } from '@/pages/gateways/examples';
import { addressOf } from '@/pages/networks/address';

afterEach(() => vi.unstubAllGlobals());
const reply = (status: number, body: unknown, headers: Record<string, string> = {}) =>
    new Response(status === 204 ? null : JSON.stringify(body), { status, headers });

describe('API client', () => {
    it('builds addresses, leaves empty parameters out', () => {
        expect(urlOf('/devices', { q: 'a b', state: '', page: 1, tag: undefined })).toBe('/api/v1/devices?q=a+b&page=1');
    });

    it('sends CSRF token, content type and If-Match on changes', async () => {
        const fetch = vi.fn(async () => reply(200, {}));
        vi.stubGlobal('fetch', fetch);
        clientHooks.csrfToken = () => 'secret';
        await api.patch('/products/a', { name: 'x' }, etagOf('/products/a', 7));
        const calls = fetch.mock.calls as unknown as [string, { method: string; headers: Record<string, string> }][];
        const { headers, method } = calls[0]![1];
        expect(method).toBe('PATCH');
        expect(headers).toMatchObject({ 'X-CSRF-Token': 'secret', 'If-Match': '"7"', 'Content-Type': 'application/merge-patch+json' });
        await api.get('/products/a');
        expect(calls[1]![1].headers['X-CSRF-Token']).toBeUndefined();
    });

    it('waits for the sign-in after 401 and sends the request again', async () => {
        const fetch = vi.fn().mockResolvedValueOnce(reply(401, {})).mockResolvedValueOnce(reply(200, { id: 'a' }));
        vi.stubGlobal('fetch', fetch);
        clientHooks.onUnauthorized = () => Promise.resolve(true);
        expect(await api.get('/devices/a')).toEqual({ id: 'a' });
        expect(fetch).toHaveBeenCalledTimes(2);
    });

    it('turns refusals into problems, broken networks too', async () => {
        const body = { code: 'in.use', detail: 'In use.', usedBy: [{ kind: 'gateway', id: 'g', name: 'G' }] };
        vi.stubGlobal('fetch', vi.fn().mockResolvedValueOnce(reply(409, body)).mockRejectedValueOnce(new TypeError('down')));
        const refused = await api.get('/x').catch((error: unknown) => error);
        expect(isProblem(refused, 409)).toBe(true);
        expect(problemText(refused)).toContain('G');
        const down = await api.get('/x').catch((error: unknown) => error);
        expect(isProblem(down, 0) && down.code).toBe('network');
    });
});

describe('actions', () => {
    const item = { actions: [{ action: 'delete', allowed: false, reasonCode: 'GATEWAY_ENABLED', reason: 'Disable it' }, { action: 'edit', allowed: true }, { action: 'x', allowed: false, reasonCode: 'NEW_CODE', reason: 'A newer server says so' }] };

    it('gives the reason in words of the page, else those of the server', () => {
        expect(reasonOf(item, 'delete')).toBe('请先禁用，再删除');
        expect(reasonOf(item, 'edit')).toBe('');
        expect(reasonOf(item, 'x')).toBe('A newer server says so');
        expect(reasonOf(item, 'edit', 'gateways:write')).toBe('没有权限');
    });

    it('a button with a reason is announced as disabled and does nothing', async () => {
        const run = vi.fn();
        const mounted = mount(ActionButton, { attachTo: document.body, props: { label: '删除', reason: '请先禁用', run }, global: { plugins: [i18n] } });
        const button = mounted.find('button');
        expect(button.attributes('aria-disabled')).toBe('true');
        expect(button.attributes('disabled')).toBeUndefined();
        expect(mounted.find(`#${CSS.escape(button.attributes('aria-describedby')!)}`).text()).toBe('请先禁用');
        await button.trigger('click');
        expect(run).not.toHaveBeenCalled();
        await mounted.setProps({ reason: '' });
        await mounted.find('button').trigger('click');
        expect(run).toHaveBeenCalledOnce();
    });
});

describe('words and numbers', () => {
    it('formats', () => {
        expect(formatBytes(0)).toBe('0 B');
        expect(formatBytes(1536)).toBe('1.5 KiB');
        expect(formatDuration(90061)).toBe('1 天 1 小时');
        expect(formatTime('2026-11-20T10:00:00.005Z', true)).toMatch(/^2026-11-\d\d \d\d:00:00\.005$/);
        expect(formatTime(null)).toBe('');
        expect(codePoints('汉😀')).toBe(2);
        expect(hexDump('48690a')).toBe(`000000  ${'48 69 0a'.padEnd(47)}  Hi.`);
    });

    it('says one state for enabled and running', () => {
        expect(overallState({ state: 'disabled', runState: 'failed' })).toBe('disabled');
        expect(overallState({ state: 'enabled', runState: 'failed' })).toBe('failed');
        expect(overallState({ state: 'enabled', runState: 'running' })).toBe('normal');
    });

    it('chooses intervals that give at most 2000 points', () => {
        const month = spanOf('30d', Date.parse('2026-11-20T00:00:00Z'));
        expect(month.from).toBe('2026-10-21T00:00:00.000Z');
        expect(intervalsFor(month)).not.toContain('5m');
        expect(bestInterval(month)).toBe('6h');
        expect(bestInterval(spanOf('1h'))).toBe('1m');
        expect(spanOf('')).toEqual({});
    });
});

describe('first-device lines', () => {
    const gateway = { transport: 'MQTT', address: 'mqtts://iot.example.com:8883', usedBy: [{ kind: 'product', id: 'p1', name: '' }] };
    it('name host, port, topic and TLS', () => {
        const lines = exampleLines(gateway as never, undefined, 'd1');
        expect(lines).toContain('-h iot.example.com -p 8883 --cafile');
        expect(lines).toContain("'/p1/d1/properties/report'");
        expect(exampleLines({ ...gateway, transport: 'HTTP', address: 'http://h:1/' } as never)).toContain('curl -i http://h:1/p1/');
    });
    it('addresses of components', () => {
        const item = { type: 'mqtt-server', cluster: 'shared', configuration: { publicHost: '::1', publicPort: 1883, secure: true }, nodes: [] };
        expect(addressOf(item as never)).toBe('mqtts://[::1]:1883');
        const client = { type: 'mqtt-client', cluster: 'shared', configuration: { remoteHost: 'broker.example', remotePort: 1884 }, nodes: [] };
        expect(addressOf(client as never)).toBe('mqtt://broker.example:1884');
        const many = { type: 'tcp-client', cluster: 'shared', configuration: { targets: [{ host: '10.0.0.7', port: 502 }, { host: '10.0.0.8', port: 502 }] }, nodes: [] };
        expect(addressOf(many as never)).toBe('tcp://10.0.0.7:502 +1');
    });
});
