// SPDX-License-Identifier: Apache-2.0
// Users and what their roles let them do; what they did is in the log, live.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { button, confirm, fill, input, kPassword, openPage, reasonOf, settled, signIn, startBrowser, startServer, words } from './browser.mjs'
import { Api } from './server.mjs'

const kNew = 'Fairlead-e2e-2'

describe('people', () => {
  const word = words('zh-CN')
  let server, api, browser

  before(async () => {
    ;({ server, api } = await startServer({ 'quickstart.enabled': 'true' }))
    browser = await startBrowser()
  })
  after(async () => {
    await browser?.close()
    if (!server) return
    assert.equal(await server.stop(), 0)
    server.dispose()
  })

  async function window(username, password) {
    const made = await openPage(browser, server.url)
    if (username) await signIn(made.context, server.url, username, password)
    return made
  }
  const row = (page, name) => page.getByRole('row').filter({ hasText: name })

  it('an administrator adds a viewer, who has to choose a password', async () => {
    const { page, context, go, faults } = await window('admin', kPassword)
    await go('/system/users')
    await button(page, word('user.add')).click()
    const dialog = page.getByRole('dialog')
    await fill(dialog, { [word('user.username')]: 'wang', [word('user.displayName')]: '王小明', [word('user.firstPassword')]: 'short' })
    await button(dialog, word('common.save')).click()
    await dialog.getByText(word('form.passwordShort')).waitFor()
    await input(dialog, word('user.firstPassword')).fill('first-password-1')
    await button(dialog, word('common.save')).click()
    await row(page, '王小明').getByText(word('user.mustChange')).waitFor()
    // Nobody takes away himself.
    await reasonOf(page, button(row(page, 'admin'), word('common.delete')))
    assert.deepEqual(faults, [])
    await context.close()

    const own = await window()
    await own.go('/')
    await own.page.getByLabel(word('login.username')).fill('wang')
    await own.page.locator('input[type=password]').fill('first-password-1')
    await button(own.page, word('login.submit')).click()
    await fill(own.page, {
      [word('account.currentPassword')]: 'first-password-1',
      [word('account.newPassword')]: kNew,
      [word('account.repeatPassword')]: kNew,
    })
    await button(own.page, word('account.setPassword')).click()
    await own.page.getByRole('heading', { name: word('nav.dashboard') }).waitFor()
    await own.context.close()
  })

  it('a viewer sees everything, may change nothing, and is told why', async () => {
    const { page, context, go, faults } = await window('wang', kNew)
    const denied = async (path, scope, ...labels) => {
      await go(path)
      for (const label of labels) {
        assert.equal(await reasonOf(page, button(scope(), word(label)).first()), word('reason.NO_PERMISSION'), `${path} ${label}`)
      }
    }
    const card = () => page.locator('article.object').first()
    await denied('/products', () => page, 'product.add')
    await denied('/products/demo', () => page, 'common.edit', 'product.unpublish', 'common.delete')
    await denied('/devices', () => page, 'device.add')
    await denied('/devices/demo-1', () => page, 'device.deactivate', 'common.edit', 'common.delete')
    await denied('/devices/demo-1?tab=functions', () => page, 'command.invoke')
    await denied('/ops/gateways', () => page, 'gateway.add')
    await denied('/ops/gateways', card, 'common.edit', 'action.disable')
    await denied('/ops/networks', card, 'common.edit', 'action.disable')
    // What a viewer may not even read is not in the menu.
    assert.equal(await page.getByRole('link', { name: word('nav.users'), exact: true }).count(), 0)
    assert.deepEqual(faults, [])
    await context.close()
  })

  it('the server refuses the same things', async () => {
    const viewer = new Api(server.url)
    await viewer.login('wang', kNew)
    const gateway = (await api.call('GET', '/gateways')).items[0].id
    const refused = [
      ['POST', '/products', { id: 'x', name: 'x' }], ['PATCH', '/products/demo', { name: 'x' }], ['POST', '/products/demo/unpublish', {}],
      ['DELETE', '/devices/demo-1'], ['POST', '/devices/demo-1/deactivate', {}],
      ['POST', '/devices/demo-1/properties/write', { properties: { led: true } }], ['POST', '/devices/demo-1/functions/reboot/invoke', { inputs: {} }],
      ['POST', `/gateways/${gateway}/disable`, {}], ['DELETE', `/gateways/${gateway}`], ['GET', '/users'], ['POST', '/users', { username: 'y' }],
      ['POST', '/plugins/fairlead.network-mqtt-server/reload', {}], ['PATCH', '/settings', { siteName: 'x' }],
    ]
    for (const [method, target, body] of refused) {
      assert.equal((await viewer.raw(method, target, body)).status, 403, `${method} ${target}`)
    }
    assert.equal((await new Api(server.url).raw('GET', '/devices')).status, 401)
    assert.equal((await api.call('GET', `/gateways/${gateway}`)).state, 'enabled')
  })

  it('the access log has it, with outcome, and opens', async () => {
    const { page, context, go, faults } = await window('admin', kPassword)
    await go('/ops/logs?user=wang&outcome=failure')
    const line = page.getByRole('row').filter({ hasText: '/api/v1/devices/demo-1/properties/write' })
    await line.getByText(`403 ${word('state.failure')}`).waitFor()
    await line.getByRole('button').first().click()
    const drawer = page.getByRole('dialog')
    await drawer.getByText(word('log.requestId')).waitFor()
    assert.doesNotMatch(await drawer.innerText(), /fls_[0-9a-f]{8}|Fairlead-e2e/)
    assert.deepEqual(faults, [])
    await context.close()
  })

  it('the system log is followed live', async () => {
    const { page, context, go, faults } = await window('admin', kPassword)
    await go('/ops/logs?tab=system&follow=on')
    const lines = page.getByRole('log')
    await lines.getByText(word('log.waiting')).waitFor()
    await page.getByText(word('live.live')).first().waitFor()
    const network = (await api.call('GET', '/network-components')).items.find((entry) => entry.type === 'http-server')
    const gateway = (await api.call('GET', '/gateways')).items.find((entry) => entry.networkComponentId === network.id)
    await api.call('POST', `/gateways/${gateway.id}/disable`, {})
    await api.call('POST', `/network-components/${network.id}/disable`, {})
    await api.call('POST', `/network-components/${network.id}/enable`, {})
    await lines.locator('.line', { hasText: network.name }).first().waitFor()
    await page.getByLabel(word('log.searchSystem')).fill('nothing says this')
    await lines.getByText(word('log.waiting')).waitFor()
    await page.getByLabel(word('log.searchSystem')).fill('')
    await lines.locator('.line', { hasText: network.name }).first().waitFor()
    await button(page, word('log.clear')).click()
    await lines.getByText(word('log.waiting')).waitFor()
    assert.deepEqual(faults, [])
    await context.close()
  })

  it('a disabled user is out at once; a deleted one is gone', async () => {
    const own = await window('wang', kNew)
    await own.go('/devices')
    const { page, context, go, faults } = await window('admin', kPassword)
    await go('/system/users')
    await button(row(page, '王小明'), word('common.edit')).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('switch', { name: word('user.enabled') }).locator('..').click()
    await button(dialog, word('common.save')).click()
    await row(page, '王小明').getByText(word('state.disabled')).waitFor()
    assert.equal((await own.context.request.get(`${server.url}/api/v1/devices`)).status(), 401)
    await own.context.close()
    await confirm(page, button(row(page, '王小明'), word('common.delete')), word)
    await row(page, '王小明').waitFor({ state: 'detached' })
    assert.deepEqual(faults, [])
    await context.close()
  })

  it('logging out ends the session', async () => {
    const { page, context, go } = await window('admin', kPassword)
    await go('/')
    await page.getByRole('button', { name: word('account.menu', { name: 'admin' }) }).click()
    await page.getByText(word('account.logout'), { exact: true }).click()
    await page.waitForURL(/\/login/)
    await settled(page)
    assert.equal((await context.request.get(`${server.url}/api/v1/devices`)).status(), 401)
    await context.close()
  })
})
