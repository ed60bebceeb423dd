// SPDX-License-Identifier: Apache-2.0
// Every page on real data: no failed request, nothing in the console, nothing that the accessibility
// rules refuse, nothing wider than the window; in both themes and at both widths.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openPage, signIn, startBrowser, startServer, violations } from './browser.mjs'
import { Device } from './device.mjs'

const kVariants = [
  { theme: 'light', locale: 'zh-CN', width: 1440 },
  { theme: 'dark', locale: 'en', width: 1440 },
  { theme: 'light', locale: 'en', width: 1024 },
  { theme: 'dark', locale: 'zh-CN', width: 1024 },
]

describe('every page', () => {
  let server, api, browser, paths

  before(async () => {
    ;({ server, api } = await startServer({ 'quickstart.enabled': 'true' }))
    const port = Number(server.output.match(/mosquitto_pub -p (\d+)/)[1])
    const device = await Device.connect({ port, product: 'demo', id: 'demo-1', secureId: 'demo', secureKey: 'demo-key' })
    await device.report({ temperature: 21.5, humidity: 48, led: true })
    await device.report({ temperature: 22.5, humidity: 49, led: false })
    await device.event('alarm', { level: 2 })
    await device.end()
    await api.call('POST', '/certificates/development', { name: 'development', hosts: ['localhost'] })
    await api.call('POST', '/api-tokens', { name: 'script', roles: ['viewer'] })
    paths = await everyPath(api)
    browser = await startBrowser()
  })
  after(async () => {
    await browser?.close()
    if (!server) return
    assert.equal(await server.stop(), 0)
    server.dispose()
  })

  for (const variant of kVariants) {
    it(Object.values(variant).join(', '), async () => {
      const { page, context, faults, go } = await openPage(browser, server.url, variant)
      await signIn(context, server.url)
      const wrong = []
      for (const path of paths) {
        faults.length = 0
        await go(path).catch((e) => { throw new Error(path + ": " + e.message) })
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
        if (wide > 0) wrong.push(`${path}: ${wide} px too wide`)
        for (const fault of [...await violations(page), ...faults]) wrong.push(`${path}: ${fault}`)
      }
      await context.close()
      assert.deepEqual(wrong, [])
    })
  }
})

async function everyPath(api) {
  const first = async (collection) => (await api.call('GET', collection)).items[0].id
  const [gateway, network, protocol, certificate, plugin] = await Promise.all(
    ['/gateways', '/network-components', '/protocols', '/certificates', '/plugins'].map(first))
  const tabs = (path, ...names) => names.map((name) => `${path}?tab=${name}`)
  return [
    '/', '/products', ...tabs('/products/demo', 'overview', 'model', 'configuration'),
    '/devices', '/devices?q=no-such-device',
    ...tabs('/devices/demo-1', 'overview', 'properties', 'functions', 'history', 'events', 'messages', 'configuration'),
    '/ops/gateways', ...tabs(`/ops/gateways/${gateway}`, 'overview', 'sessions', 'routes'),
    '/ops/gateways/new', '/ops/gateways/new?provider=mqtt-server-gateway', `/ops/gateways/${gateway}/edit?step=protocol`,
    '/ops/networks', `/ops/networks/${network}`, `/ops/networks/${network}/edit`, '/ops/networks/new?type=tcp-server',
    '/ops/protocols', ...tabs(`/ops/protocols/${protocol}`, 'overview', 'routes', 'try'),
    '/ops/certificates', `/ops/certificates/${certificate}`, '/ops/certificates/new',
    '/ops/plugins', `/ops/plugins/${plugin}`, '/ops/logs', '/ops/logs?tab=system', '/ops/logs?tab=system&follow=on',
    '/system/users', '/system/tokens', '/system/settings', '/no-such-page',
  ]
}
