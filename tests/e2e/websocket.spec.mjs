// SPDX-License-Identifier: Apache-2.0
// The pages of a network type that no page knows by name: its form comes from the plugin's schema, in
// both languages, and its access type is offered in the wizard.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { button, confirm, fill, input, item, openPage, picture, settled, signIn, startBrowser, startServer, words } from './browser.mjs'
import { freePort } from './server.mjs'

describe('WebSocket server on the pages', () => {
  let server, api, browser
  before(async () => {
    ;({ server, api } = await startServer())
    browser = await startBrowser()
  })
  after(async () => {
    await browser?.close()
    if (server) {
      assert.equal(await server.stop(), 0)
      server.dispose()
    }
  })

  for (const locale of ['zh-CN', 'en']) {
    it(`is created with its gateway, ${locale}`, async () => {
      const word = words(locale)
      const { items } = await api.call('GET', '/network-types')
      const type = items.find(({ id }) => id === 'websocket-server')
      const texts = type.schema.i18n[locale]
      const name = `ws ${locale}`
      const port = await freePort()
      const { page, context, faults, go } = await openPage(browser, server.url, { locale })
      try {
        await signIn(context, server.url)
        await go('/ops/networks/new?type=websocket-server')
        const hidden = Object.entries(type.schema.properties).filter(([, field]) => field['x-visible-when']).map(([key]) => key)
        assert.ok(hidden.includes('compressionWindowBits'))
        for (const key of ['maxMessageSize', 'downlinkFrame', 'pingInterval', 'pongTimeout', 'idleTimeout', 'handshakeTimeout', 'compression']) {
          assert.ok(texts[`/${key}`] && texts[`/${key}#help`], key)
          await item(page, texts[`/${key}`]).waitFor()
        }
        const window = item(page, texts['/compressionWindowBits'])
        assert.equal(await window.count(), 0)
        await item(page, texts['/compression']).locator('.el-switch').click()
        await window.waitFor()
        const paths = page.locator('fieldset.rows', { hasText: texts['/paths'] })
        await button(paths, word('common.add')).click()
        await input(paths, texts['/paths/items']).fill('/p/*')
        await fill(page, { [word('field.name')]: name })
        await input(page, texts['/port']).fill(String(port))
        await input(page, texts['/publicHost']).fill('127.0.0.1')
        await input(page, texts['/publicPort']).fill(String(port))
        await button(page, word('common.save')).click()
        await page.getByRole('heading', { name }).waitFor()
        await confirm(page, button(page, word('action.enable')), word)
        await page.locator('.page-header .status', { hasText: word('state.enabled') }).waitFor()
        await page.getByText(`ws://127.0.0.1:${port}`).first().waitFor()
        const made = (await api.call('GET', '/network-components')).items.find((each) => each.name === name)
        assert.deepEqual(made.configuration.paths, ['/p/*'])
        assert.equal(made.configuration.compression, true)

        await go('/ops/gateways/new')
        const provider = page.locator('article.provider', { hasText: type.name[locale] })
        await provider.getByText(type.description[locale]).waitFor()
        await go('/ops/gateways/new?provider=websocket-server-gateway')
        await page.locator('label.choice', { hasText: name }).click()
        await button(page, word('gateway.next')).click()
        await page.locator('label.choice').first().click()
        await button(page, word('gateway.next')).click()
        await fill(page, { [word('field.name')]: `access ${locale}` })
        await button(page, word('common.save')).click()
        await page.getByRole('heading', { name: `access ${locale}` }).waitFor()
        await settled(page)
        assert.deepEqual(faults, [])
      } catch (error) {
        await picture(page, `websocket-${locale}`)
        throw error
      } finally {
        await context.close()
      }
    })
  }
})
