// SPDX-License-Identifier: Apache-2.0
// What a person does: sign in, be refused with a reason, edit against somebody else, watch values move.
import assert from 'node:assert/strict';
import { after, before, beforeEach, afterEach, describe, it } from 'node:test';
import { kPassword, open, signIn, startBrowser } from './browser.mjs';

let browser;
let session;
before(async () => {
    browser = await startBrowser();
});
after(() => browser.close());
beforeEach(async () => {
    session = await open(browser);
});
afterEach(() => session.close());

const button = (page, name) => page.getByRole('button', { name, exact: true });
const toast = (page, text) => page.locator('.el-message', { hasText: text }).first().waitFor();

describe('session', () => {
    it('signs in, is refused with a wrong password, goes where it wanted to go', async () => {
        const { page, context, go } = session;
        await context.clearCookies();
        await go('/devices?state=online');
        assert.match(page.url(), /\/login\?next=/);
        await page.locator('input[name=username]').fill('admin');
        await page.locator('input[name=password]').fill('wrong');
        await page.keyboard.press('Enter');
        await page.getByText('用户名或密码不正确').waitFor();
        await page.locator('input[name=password]').fill(kPassword);
        await page.keyboard.press('Enter');
        await page.waitForURL(/\/devices\?state=online$/);
    });

    it('forces a new password at the first sign-in', async () => {
        const { page, context, go, mock } = session;
        await context.clearCookies();
        await signIn(context, session.url, 'fresh');
        await go('/products');
        await page.getByRole('heading', { name: '设置新密码' }).waitFor();
        const fields = page.locator('input[type=password]');
        await fields.nth(0).fill(kPassword);
        await fields.nth(1).fill('a better one');
        await fields.nth(2).fill('a better one');
        await button(page, '设置并进入').click();
        await page.waitForURL(/\/products$/);
        assert.equal(mock.data.users.find((user) => user.username === 'fresh').mustChangePassword, false);
    });

    it('asks to sign in over the page when the session expires, and loses nothing', async () => {
        const { page, context, go, url } = session;
        await go('/ops/networks/new?type=http-server');
        await page.locator('.el-form-item input').first().fill('kept text');
        await context.request.get(`${url}/__mock/expire`);
        await button(page, '保存').click();
        const dialog = page.getByRole('dialog');
        await dialog.locator('input[type=password]').fill(kPassword);
        await dialog.getByRole('button', { name: '登录', exact: true }).click();
        await page.getByRole('heading', { name: 'kept text' }).waitFor();
    });

    it('sends the CSRF token with every change', async () => {
        const { page, go, mock } = session;
        await go('/ops/plugins');
        await page.locator('article', { hasText: 'protocol-acme' }).getByRole('button', { name: '热重载' }).click();
        await page.getByRole('alertdialog').getByRole('button', { name: '确定' }).click();
        await toast(page, '已热重载');
        const change = mock.requests.find((request) => request.method === 'POST' && request.path.endsWith('/reload'));
        assert.match(change.headers['x-csrf-token'], /^c\d+$/);
    });
});

describe('actions', () => {
    it('a disabled delete says why on hover and on focus, and Enter does nothing', async () => {
        const { page, go, mock } = session;
        await go('/ops/gateways');
        const remove = page.locator('article', { hasText: 'MQTT 设备接入' }).getByRole('button', { name: '删除' });
        assert.equal(await remove.getAttribute('aria-disabled'), 'true');
        const described = await remove.getAttribute('aria-describedby');
        assert.equal(await page.locator(`[id="${described}"]`).textContent(), '请先禁用，再删除');
        await remove.focus();
        await page.locator('.tip', { hasText: '请先禁用，再删除' }).waitFor();
        await page.keyboard.press('Enter');
        await page.keyboard.press('Escape');
        await page.locator('.tip').waitFor({ state: 'hidden' });
        await remove.hover();
        await page.locator('.tip', { hasText: '请先禁用，再删除' }).waitFor();
        assert.equal(mock.requests.filter((request) => request.method === 'DELETE').length, 0);
    });

    it('disable, then delete', async () => {
        const { page, go, mock } = session;
        await go('/ops/networks');
        const card = page.locator('article', { hasText: 'TCP 测试 9000' });
        await card.getByRole('button', { name: '删除' }).click();
        await page.getByRole('alertdialog').getByRole('button', { name: '确定' }).click();
        await toast(page, '已删除');
        await card.waitFor({ state: 'detached' });
        assert.equal(mock.data.networks.some((entry) => entry.name === 'TCP 测试 9000'), false);
    });

    it('deletes from the detail page without asking for what is gone', async () => {
        const { page, go, mock, faults } = session;
        await go('/devices/th-200-004');
        mock.requests.length = 0;
        await page.getByRole('button', { name: '删除' }).click();
        await page.getByRole('alertdialog').getByRole('button', { name: '确定' }).click();
        await page.waitForURL(/\/devices$/);
        const removed = mock.requests.findIndex((request) => request.method === 'DELETE');
        const late = mock.requests.slice(removed + 1).filter((request) => request.path.startsWith('/devices/th-200-004'));
        assert.deepEqual(late, []);
        assert.deepEqual(faults, []);
    });

    it('a viewer sees everything and may do nothing', async () => {
        const { page, context, go } = session;
        await context.clearCookies();
        await signIn(context, session.url, 'viewer');
        await go('/products');
        assert.equal(await button(page, '新增产品').getAttribute('aria-disabled'), 'true');
        assert.equal(await page.getByRole('navigation', { name: '主菜单' }).getByText('用户', { exact: true }).count(), 0);
    });
});

describe('lists', () => {
    it('keeps filters, page and size in the URL', async () => {
        const { page, go } = session;
        await go('/devices?state=online&page=2');
        await page.getByRole('button', { name: '第 2 页' }).waitFor();
        assert.equal(await page.locator('tbody tr').count(), 20);
        await page.getByPlaceholder('ID 或名称').fill('em-3');
        await page.keyboard.press('Enter');
        await page.waitForURL(/q=em-3/);
        assert.doesNotMatch(page.url(), /page=2/);
        await page.reload();
        assert.equal(await page.getByPlaceholder('ID 或名称').inputValue(), 'em-3');
        await button(page, '重置').click();
        await page.waitForURL(/\/devices$/);
    });

    it('shows the failure with a way to try again', async () => {
        const { page, context, go, url } = session;
        await go('/ops/gateways');
        await context.request.get(`${url}/__mock/outage`);
        await page.getByRole('navigation', { name: '主菜单' }).getByRole('link', { name: '协议管理' }).click();
        await page.getByText('加载失败').waitFor();
        await page.getByText('The database is being moved.').waitFor();
        await context.request.get(`${url}/__mock/outage`);
        await button(page, '重试').click();
        await page.getByRole('link', { name: '官方协议' }).waitFor();
    });

    it('an empty installation says what to do next', async () => {
        const { page, context, go, url } = session;
        await context.request.get(`${url}/__mock/empty`);
        await go('/products');
        await page.getByText('还没有产品').waitFor();
        assert.equal(await page.getByRole('button', { name: '新增产品' }).count(), 2);
    });

    it('exports CSV', async () => {
        const { page, go } = session;
        await go('/devices');
        const [download] = await Promise.all([page.waitForEvent('download'), button(page, '导出 CSV').click()]);
        assert.match(download.suggestedFilename(), /^fairlead-devices-.*\.csv$/);
    });
});

describe('forms', () => {
    it('name limits: 64 characters pass, 65 do not', async () => {
        const { page, go, mock } = session;
        await go('/products');
        await button(page, '新增产品').click();
        const dialog = page.getByRole('dialog');
        const [name, id] = [dialog.locator('input').nth(0), dialog.locator('input').nth(1)];
        await name.fill('产'.repeat(65));
        await id.fill('bad id');
        await dialog.getByRole('button', { name: '保存' }).click();
        await dialog.getByText('最多可输入64个字符').waitFor();
        await dialog.getByText('仅限字母、数字、下划线和短横线').waitFor();
        await name.fill('产'.repeat(64));
        await id.fill('fresh-1');
        await dialog.getByRole('button', { name: '保存' }).click();
        await page.waitForURL(/\/products\/fresh-1\?tab=model$/);
        assert.equal(mock.data.products[0].name.length, 64);
    });

    it('a stale edit is refused with the way out', async () => {
        const { page, context, go, url } = session;
        await go('/products/th-200?tab=model');
        await page.locator('tbody tr').first().getByRole('button', { name: '下移' }).click();
        await context.request.get(`${url}/__mock/touch`);
        await button(page, '保存物模型').click();
        await page.getByText('已被他人修改，请刷新').waitFor();
        await button(page, '加载最新版本').click();
        await page.locator('tbody tr').first().getByRole('button', { name: '下移' }).click();
        await button(page, '保存物模型').click();
        await toast(page, '已保存');
        await page.locator('.save').waitFor({ state: 'detached' });
        await page.locator('tbody tr').first().getByRole('button', { name: '下移' }).click();
        await button(page, '保存物模型').click();
        await page.locator('.save').waitFor({ state: 'detached' });
        assert.equal(await page.getByText('已被他人修改，请刷新').count(), 0, 'one save after another is no conflict');
    });

    it('a new user is sent without what only an edit may change', async () => {
        const { page, go, mock } = session;
        await go('/system/users');
        await button(page, '新增用户').click();
        const dialog = page.getByRole('dialog');
        await dialog.locator('input').nth(0).fill('night');
        await dialog.locator('input[type=password]').fill('a good password');
        await dialog.getByRole('button', { name: '保存' }).click();
        await toast(page, '已保存');
        const { body } = mock.requests.findLast((request) => request.method === 'POST' && request.path === '/users');
        assert.deepEqual(Object.keys(body).sort(), ['displayName', 'email', 'password', 'roles', 'username']);
    });

    it('a property is added to the thing model with its type and saved', async () => {
        const { page, go, mock } = session;
        await go('/products/em-3?tab=model');
        await button(page, '新增属性').click();
        const drawer = page.getByRole('dialog');
        await drawer.locator('input').nth(0).fill('power');
        await drawer.locator('input').nth(1).fill('功率');
        await drawer.getByLabel('单位').fill('W');
        await drawer.getByRole('button', { name: '确定' }).click();
        await button(page, '保存物模型').click();
        await toast(page, '已保存');
        const added = mock.data.products.find((product) => product.id === 'em-3').thingModel.properties.at(-1);
        assert.deepEqual([added.id, added.name, added.valueType.type, added.valueType.unit], ['power', '功率', 'float', 'W']);
    });

    it('a plugin form asks for the certificate once TLS is on, and for the frame length', async () => {
        const { page, go, mock } = session;
        await go('/ops/networks/new?type=tcp-server');
        await page.locator('.el-form-item input').first().fill('TLS port');
        await page.getByRole('switch', { name: '开启 TLS' }).press('Space');
        await button(page, '保存').click();
        await page.getByText('请选择证书').waitFor();
        await page.locator('.el-form-item', { hasText: '证书' }).locator('.el-select').first().click();
        await page.getByRole('option', { name: 'iot.example.com' }).click();
        await button(page, '保存').click();
        await page.getByRole('heading', { name: 'TLS port' }).waitFor();
        const { configuration, cluster } = mock.data.networks[0];
        assert.equal(cluster, 'shared');
        assert.deepEqual([configuration.host, configuration.secure, configuration.certificateId, configuration.framing], ['0.0.0.0', true, 'cert-iot', 'none']);
        assert.equal('frameLength' in configuration, false);
    });

    it('the wizard refuses to go on without a choice, and saves', async () => {
        const { page, go, mock } = session;
        await go('/ops/gateways/new');
        await page.locator('article', { hasText: 'MQTT 直连接入' }).getByRole('button', { name: '接入' }).click();
        await button(page, '下一步').click();
        await page.getByText('请选择网络组件！').waitFor();
        await page.getByRole('radio', { name: /MQTT 1883/ }).check({ force: true });
        await button(page, '下一步').click();
        await page.getByRole('radio', { name: /官方协议/ }).check({ force: true });
        await button(page, '下一步').click();
        await page.locator('.el-form-item input').first().fill('新网关');
        await button(page, '上一步').click();
        await button(page, '下一步').click();
        assert.equal(await page.locator('.el-form-item input').first().inputValue(), '新网关');
        await button(page, '保存').click();
        await page.getByRole('heading', { name: '新网关' }).waitFor();
        assert.deepEqual([mock.data.gateways[0].networkComponentId, mock.data.gateways[0].protocolId], ['net-mqtt', 'official']);
    });
});

describe('devices', () => {
    it('values move by themselves', async () => {
        const { page, go } = session;
        await go('/devices/th-200-001?tab=properties');
        const value = page.locator('article', { hasText: '温度' }).first().locator('.value');
        const before = await value.innerText();
        await page.waitForFunction(([was]) => document.querySelector('article .value').innerText !== was, [before]);
    });

    it('writes a property and shows the answer', async () => {
        const { page, go, mock } = session;
        await go('/devices/th-200-001?tab=properties');
        await page.locator('article', { hasText: '上报间隔' }).getByRole('button', { name: '写入设备' }).click();
        const dialog = page.getByRole('dialog');
        await dialog.locator('input').first().fill('1');
        await page.keyboard.press('Tab');
        await dialog.getByRole('button', { name: '发送' }).click();
        await dialog.getByText('请输入5到86400之间的数').waitFor();
        await dialog.locator('input').first().fill('30');
        await page.keyboard.press('Tab');
        await dialog.getByRole('button', { name: '发送' }).click();
        await dialog.getByText('设备已应答，用时 84 毫秒').waitFor();
        const sent = mock.requests.findLast((request) => request.path.endsWith('/properties/write'));
        assert.deepEqual(sent.body, { properties: { interval: 30 }, timeoutSeconds: 10 });
    });

    it('tags are sent as text', async () => {
        const { page, go, mock } = session;
        await go('/devices/th-200-001');
        const card = page.locator('section', { hasText: '楼层' }).last();
        await card.getByRole('button', { name: '编辑' }).click();
        await card.getByLabel('楼层').fill('7');
        await page.keyboard.press('Tab');
        await card.getByRole('button', { name: '保存' }).click();
        await toast(page, '操作成功');
        assert.deepEqual(mock.requests.findLast((request) => request.method === 'PATCH').body.tags.floor, '7');
    });

    it('a function that times out says so', async () => {
        const { page, go } = session;
        await go('/devices/th-200-001?tab=functions');
        await page.locator('article', { hasText: '定位闪灯' }).getByRole('button', { name: '调用' }).click();
        await page.getByRole('dialog').getByRole('button', { name: '发送' }).click();
        await page.getByText('设备未在限定时间内应答 (TIME_OUT)').waitFor();
    });
});

describe('live', () => {
    it('the tail fills, pauses when scrolled up, and the badge survives a cut', async () => {
        const { page, context, go, url } = session;
        await go('/ops/logs?tab=system&follow=on');
        await page.locator('.line').nth(1).waitFor();
        await page.getByText('实时', { exact: true }).waitFor();
        await context.request.get(`${url}/__mock/cut`);
        await page.getByText('正在重新连接').waitFor();
        await page.getByText('实时', { exact: true }).waitFor();
        await button(page, '暂停').click();
        await page.getByText(/条新日志/).waitFor();
    });

    it('several tabs share one stream', async () => {
        const { mock, context, url } = session;
        for (let n = 0; n < 3; n += 1) {
            const tab = await context.newPage();
            await tab.goto(`${url}/ui/`);
            await tab.getByText('实时', { exact: true }).waitFor();
        }
        assert.equal(mock.live.clients.size, 1);
    });
});

describe('language and theme', () => {
    it('switches and remembers', async () => {
        const { page, go } = session;
        await go('/ops/gateways');
        await page.getByRole('button', { name: 'EN' }).click();
        await page.getByRole('heading', { name: 'Access gateways' }).waitFor();
        assert.equal(await page.title(), 'Access gateways · Fairlead');
        await page.getByRole('button', { name: 'Theme' }).click();
        await page.getByRole('menuitemradio', { name: 'Dark' }).click();
        assert.equal(await page.evaluate(() => document.documentElement.classList.contains('dark')), true);
        await page.reload();
        await page.getByRole('heading', { name: 'Access gateways' }).waitFor();
    });
});
