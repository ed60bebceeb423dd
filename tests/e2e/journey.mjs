// SPDX-License-Identifier: Apache-2.0
// What a person does on the first day: from the first password to a device that reports and answers,
// and back to an empty server. The steps depend on each other, in this order.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { button, choose, confirm, fill, input, item, openPage, picture, reasonOf, settled, startBrowser, words } from './browser.mjs'
import { Device } from './device.mjs'
import { freePort, Server } from './server.mjs'

const kProduct = 'greenhouse'
const kDevice = 'greenhouse-1'
const kPassword = 'Fairlead-journey-1'
const kSecureKey = 'journey-key'

export function journey(locale, { network, gateway, product, device: deviceName, temperature, heater, water }) {
  const word = words(locale)
  describe(`first day, ${locale}`, () => {
    let server, browser, window, page, go, port, device

    before(async () => {
      server = await new Server().start()
      browser = await startBrowser()
      port = await freePort()
      window = await openPage(browser, server.url, { locale })
      ;({ page, go } = window)
    })
    after(async () => {
      await device?.client.endAsync(true)
      await browser?.close()
      if (server) {
        assert.equal(await server.stop(), 0)
        server.dispose()
      }
    })

    // A step that failed leaves nothing for the next ones to stand on.
    let failed = ''
    const step = (name, run) => it(name, async (context) => {
      if (failed) return context.skip(`"${failed}" failed`)
      try {
        await run()
      } catch (error) {
        failed = name
        await picture(page, `journey-${locale}`)
        throw error
      }
    })
    const shown = (text, options) => page.getByText(text, { exact: true, ...options }).first().waitFor()
    const badge = (state) => page.locator('.page-header .status', { hasText: word(`state.${state}`) }).waitFor()
    const tab = (key) => page.getByRole('tab', { name: new RegExp(`^${word(key)}`) }).click()
    const property = (name) => page.locator('article.tile', { has: page.getByRole('heading', { name }) })

    step('a wrong password is refused, the first one has to be changed', async () => {
      await page.goto(server.url)
      await settled(page)
      assert.equal(await page.locator('html').getAttribute('lang'), locale)
      await page.getByLabel(word('login.username')).fill('admin')
      await page.locator('input[type=password]').fill('not-the-password')
      await button(page, word('login.submit')).click()
      await page.getByRole('alert').waitFor()
      await page.locator('input[type=password]').fill(server.password)
      await button(page, word('login.submit')).click()
      await page.getByRole('heading', { name: word('account.firstPassword') }).waitFor()
      await fill(page, {
        [word('account.currentPassword')]: server.password,
        [word('account.newPassword')]: kPassword,
        [word('account.repeatPassword')]: kPassword,
      })
      await button(page, word('account.setPassword')).click()
      await page.getByRole('heading', { name: word('nav.dashboard') }).waitFor()
      // The refused log-in is the only thing that may have failed so far, and asking who is signed in.
      assert.deepEqual(window.faults.filter((fault) => !/\b401\b.*auth\/(login|me)/.test(fault)), [])
      window.faults.length = 0
    })

    step('creates and enables an MQTT network component', async () => {
      await page.getByRole('link', { name: word('nav.networks') }).click()
      await button(page, word('network.add')).first().click()
      await page.locator('label.choice', { hasText: /^\s*MQTT (server|服务)/ }).click()
      const texts = await page.evaluate(async (chosen) => {
        const { items } = await (await fetch('/api/v1/network-types')).json()
        return items.find((type) => type.id === 'mqtt-server').schema.i18n[chosen]
      }, locale)
      await fill(page, { [word('field.name')]: network })
      await input(page, texts['/port']).fill(String(port))
      await input(page, texts['/publicHost']).fill('127.0.0.1')
      await input(page, texts['/publicPort']).fill(String(port))
      await button(page, word('common.save')).click()
      await page.getByRole('heading', { name: network }).waitFor()
      await badge('disabled')
      await confirm(page, button(page, word('action.enable')), word)
      await badge('enabled')
    })

    step('creates a gateway in steps, and enables it', async () => {
      await page.getByRole('link', { name: word('nav.gateways') }).click()
      await button(page, word('gateway.add')).first().click()
      await page.locator('article.provider', { has: page.locator('h3', { hasText: /MQTT (server|服务)/i }) }).getByRole('button', { name: word('gateway.use') }).click()
      await button(page, word('gateway.next')).click()
      await shown(word('gateway.needNetwork'))
      await page.locator('label.choice', { hasText: network }).click()
      await button(page, word('gateway.next')).click()
      await page.locator('label.choice').first().click()
      await button(page, word('gateway.next')).click()
      await fill(page, { [word('field.name')]: gateway })
      await button(page, word('gateway.previous')).click()
      await button(page, word('gateway.next')).click()
      assert.equal(await input(page, word('field.name')).inputValue(), gateway)
      await button(page, word('common.save')).click()
      await page.getByRole('heading', { name: gateway }).waitFor()
      await confirm(page, button(page, word('action.enable')), word)
      await badge('enabled')
      await shown(`mqtt://127.0.0.1:${port}`)
    })

    step('creates a product with a thing model and credentials, and publishes it', async () => {
      await page.getByRole('link', { name: word('nav.products'), exact: true }).click()
      await button(page, word('product.add')).first().click()
      const dialog = page.getByRole('dialog')
      await fill(dialog, { [word('field.name')]: product, [word('product.id')]: kProduct })
      await choose(dialog, word('nav.gateways'), gateway)
      await button(dialog, word('common.save')).click()
      await page.getByRole('heading', { name: product }).waitFor()
      await addProperty(temperature, 'temperature', async (drawer) => {
        await fill(drawer, { [word('model.unit')]: '°C' })
      })
      await addProperty(heater, 'heater', async (drawer) => {
        await choose(drawer, word('model.type'), '(boolean)')
        await drawer.getByText(word('model.write'), { exact: true }).click()
      })
      await addFunction()
      await button(page, word('model.save')).click()
      await button(page, word('model.save')).waitFor({ state: 'detached' })
      await page.getByRole('tab', { name: word('configuration.title') }).click()
      await fill(page, { secureId: 'journey', secureKey: kSecureKey })
      await button(page, word('common.save')).click()
      await button(page, word('form.discard')).waitFor({ state: 'detached' })
      await confirm(page, button(page, word('product.publish')), word)
      await badge('published')
    })

    async function addProperty(name, id, more) {
      await button(page, word('model.add.properties')).click()
      const drawer = page.getByRole('dialog')
      await fill(drawer, { [word('model.identifier')]: id, [word('field.name')]: name })
      await more(drawer)
      await button(drawer, word('common.ok')).click()
      await page.getByRole('cell', { name, exact: true }).waitFor()
    }

    async function addFunction() {
      await page.locator('.parts button', { hasText: word('model.functions') }).click()
      await button(page, word('model.add.functions')).click()
      const drawer = page.getByRole('dialog')
      await fill(drawer, { [word('model.identifier')]: 'water', [word('field.name')]: water })
      await button(drawer, word('model.addInput')).click()
      const field = drawer.locator('.field').first()
      await field.getByLabel(word('model.identifier')).fill('litres')
      await field.getByLabel(word('field.name')).fill('litres')
      await choose(field, word('model.type'), '(int)')
      await item(drawer, word('model.output')).count()
      await drawer.getByRole('switch', { name: word('model.output') }).locator('..').click()
      await button(drawer, word('common.ok')).click()
      await page.getByRole('cell', { name: water, exact: true }).waitFor()
    }

    step('creates and activates a device', async () => {
      await page.getByRole('link', { name: word('nav.devices'), exact: true }).click()
      await button(page, word('device.add')).first().click()
      const dialog = page.getByRole('dialog')
      await choose(dialog, word('device.product'), product)
      await fill(dialog, { [word('device.id')]: kDevice, [word('field.name')]: deviceName })
      await button(dialog, word('common.save')).click()
      await page.getByRole('heading', { name: deviceName }).waitFor()
      await badge('inactive')
      await button(page, word('device.activate')).click()
      await badge('offline')
    })

    step('shows the device coming online and its values changing, without a reload', async () => {
      const wrong = { port, product: kProduct, id: kDevice, secureId: 'journey', secureKey: 'not-the-key' }
      await assert.rejects(Device.connect(wrong), /not authorized|bad user|refused/i)
      await tab('device.properties')
      await property(temperature).waitFor()
      device = await Device.connect({ ...wrong, secureKey: kSecureKey })
      await badge('online')
      for (const [value, text] of [[21.5, '21.50'], [22.75, '22.75']]) {
        await device.report({ temperature: value, heater: false })
        await property(temperature).locator('.value', { hasText: text }).waitFor()
      }
      assert.match(await property(temperature).locator('.value').innerText(), /°C/)
    })

    step('writes a property from its dialog; the device answers', async () => {
      await button(property(heater), word('command.write')).click()
      const dialog = page.getByRole('dialog')
      await dialog.locator('.el-radio-button').first().click()
      await button(dialog, word('command.send')).click()
      await dialog.locator('.el-alert--success').waitFor()
      const written = device.commands.find((entry) => entry.command === '/properties/write')
      assert.deepEqual(written.message.properties, { heater: true })
      await button(dialog, word('common.close')).last().click()
      await dialog.waitFor({ state: 'detached' })
      assert.match(await reasonOf(page, button(property(temperature), word('command.write'))), new RegExp(word('command.notWritable')))
    })

    step('reads a property from the device', async () => {
      device.values = { temperature: 18.25 }
      await button(property(temperature), word('command.read')).click()
      await property(temperature).locator('.value', { hasText: '18.25' }).waitFor()
    })

    step('invokes a function from its dialog; the output is shown', async () => {
      await tab('device.functions')
      device.output = (message) => `poured ${message.inputs.find((entry) => entry.name === 'litres').value}`
      await button(page.locator('article.function', { hasText: water }), word('command.invoke')).click()
      const dialog = page.getByRole('dialog')
      await input(dialog, 'litres').fill('7')
      await button(dialog, word('command.send')).click()
      await dialog.locator('.el-alert--success', { hasText: 'poured 7' }).waitFor()
      await button(dialog, word('common.close')).last().click()
      await dialog.waitFor({ state: 'detached' })
    })

    step('draws the history and lists it', async () => {
      await go(`/devices/${kDevice}?tab=history&property=temperature&interval=raw`)
      await page.locator('.plot svg, .plot canvas').first().waitFor()
      for (const value of ['21.5', '22.75', '18.25']) {
        await page.getByRole('cell', { name: new RegExp(`^${value}0?\\b`) }).first().waitFor()
      }
      await go(`/devices/${kDevice}?tab=history&property=temperature`)
      await page.getByRole('columnheader', { name: word('history.avg') }).waitFor()
      await page.getByRole('cell', { name: '22.75' }).first().waitFor()
    })

    step('follows the message log', async () => {
      await tab('device.messages')
      await page.getByRole('cell', { name: 'functionInvoke', exact: true }).first().waitFor()
      await device.report({ temperature: 30.25 })
      await page.getByRole('button', { name: /temperature=30\.25/ }).waitFor()
      await page.getByRole('button', { name: /temperature=30\.25/ }).click()
      await page.getByText('30.25').last().waitFor()
      await page.keyboard.press('Escape')
    })

    step('refuses to take away what is in use, and says why', async () => {
      await go('/ops/gateways')
      const card = page.locator('article.object', { hasText: gateway })
      assert.equal(await reasonOf(page, button(card, word('common.delete'))), word('reason.GATEWAY_ENABLED'))
      await button(card, word('common.delete')).focus()
      await page.keyboard.press('Enter')
      assert.equal(await page.getByRole('alertdialog').count(), 0)
      await go(`/products/${kProduct}`)
      await reasonOf(page, button(page, word('common.delete')))
    })

    step('disables the gateway: the session ends and the page shows it', async () => {
      await go(`/devices/${kDevice}`)
      await badge('online')
      const second = await window.context.newPage()
      await second.goto(`${server.url}/ui/ops/gateways`)
      await settled(second)
      const card = second.locator('article.object', { hasText: gateway })
      await confirm(second, button(card, word('action.disable')), word)
      await card.locator('.status', { hasText: word('state.disabled') }).waitFor()
      await device.closed
      await badge('offline')
      assert.equal(await reasonOf(second, button(card, word('common.delete'))), word('reason.IN_USE'))
      await second.close()
    })

    step('deletes everything in order', async () => {
      await go(`/devices/${kDevice}`)
      await confirm(page, button(page, word('common.delete')), word)
      await page.waitForURL(/\/ui\/devices$/)
      await go(`/products/${kProduct}`)
      await confirm(page, button(page, word('product.unpublish')), word)
      await badge('unpublished')
      await confirm(page, button(page, word('common.delete')), word)
      await page.waitForURL(/\/ui\/products$/)
      await go('/ops/gateways')
      await confirm(page, button(page.locator('article.object', { hasText: gateway }), word('common.delete')), word)
      await shown(word('gateway.emptyTitle'))
      await go('/ops/networks')
      const card = page.locator('article.object', { hasText: network })
      assert.equal(await reasonOf(page, button(card, word('common.delete'))), word('reason.NETWORK_ENABLED'))
      await confirm(page, button(card, word('action.disable')), word)
      await card.locator('.status', { hasText: word('state.disabled') }).waitFor()
      await confirm(page, button(card, word('common.delete')), word)
      await shown(word('network.emptyTitle'))
    })

    step('had no failed request and no message in the console on the way', () => assert.deepEqual(window.faults, []))
  })
}
