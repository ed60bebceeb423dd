// SPDX-License-Identifier: Apache-2.0
// What every spec starts with: a server of its own, a browser, a page that reports its faults, and the
// words of the pages in the language of the test.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { Api, Server } from './server.mjs'

const here = path.dirname(fileURLToPath(import.meta.url))
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const kFlags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync']
export const kPassword = 'Fairlead-e2e-1'
export const kWaitMs = 15_000

export function startBrowser() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: kFlags })
}

/** A started server whose first password is changed already, and REST as its administrator. */
export async function startServer(settings) {
  const server = await new Server(settings).start()
  const api = new Api(server.url)
  await api.login('admin', server.password)
  await api.call('POST', '/auth/password', { currentPassword: server.password, newPassword: kPassword })
  await api.login('admin', kPassword)
  return { server, api }
}

/** The texts of the pages: word('common.save'), word('confirm.enable', { name }). */
export function words(locale) {
  const texts = JSON.parse(readFileSync(path.resolve(here, `../../webroot/src/i18n/${locale}.json`), 'utf8'))
  return (key, values = {}) => {
    const text = key.split('.').reduce((at, name) => at?.[name], texts)
    if (typeof text !== 'string') throw new Error(`no text ${key} in ${locale}`)
    return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole)
  }
}

/** A browser window. `faults` collects console messages, exceptions and answers above 399. */
export async function openPage(browser, url, { locale = 'zh-CN', theme = 'light', width = 1440 } = {}) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, locale, colorScheme: theme, reducedMotion: 'reduce' })
  await context.addInitScript(([chosenTheme, chosenLocale]) => {
    localStorage.setItem('fairlead.theme', chosenTheme)
    localStorage.setItem('fairlead.locale', chosenLocale)
  }, [theme, locale])
  const page = await context.newPage()
  page.setDefaultTimeout(kWaitMs)
  const faults = []
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) faults.push(`${message.text()} @ ${message.location().url ?? ''}`)
  })
  page.on('pageerror', (error) => faults.push(String(error.stack)))
  page.on('response', (response) => {
    if (response.status() >= 400) faults.push(`${response.status()} ${response.request().method()} ${response.url()}`)
  })
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !/^(data|blob):/.test(request.url())) faults.push(`external request: ${request.url()}`)
  })
  return { page, context, faults, go: (target) => goto(page, `${url}/ui${target}`) }
}

async function goto(page, address) {
  await page.goto(address)
  await settled(page)
}

/** Signs in without the page, for specs that are about something else. */
export async function signIn(context, url, username = 'admin', password = kPassword) {
  const reply = await context.request.post(`${url}/api/v1/auth/login`, { data: { username, password } })
  if (!reply.ok()) throw new Error(`sign-in of ${username} failed: ${reply.status()}`)
}

/** The page has its heading and nothing on it is still loading. */
export async function settled(page) {
  await page.locator('h1').first().waitFor()
  await page.waitForFunction(() => !document.querySelector('.bones, .bone, .ghost, [aria-busy="true"]'))
}

/** What the page looked like when a test failed, in the folder FAIRLEAD_E2E_PICTURES when there is one. */
export async function picture(page, name) {
  const folder = process.env.FAIRLEAD_E2E_PICTURES
  if (folder) await page.screenshot({ path: path.join(folder, `${name}.png`), fullPage: true }).catch(() => {})
}

export async function violations(page) {
  await page.evaluate(axe)
  return page.evaluate(async () => {
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']
    const result = await window.axe.run(document, { runOnly: { type: 'tag', values: tags } })
    return result.violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => `${node.html.slice(0, 160)} ${node.any[0]?.message ?? ''}`).join(' || ')}`)
  })
}

const exactly = (text) => new RegExp(`^\\s*${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}\\s*$`)

/** The form item with this label. */
export function item(scope, label) {
  const page = scope.page?.() ?? scope
  return scope.locator('.el-form-item').filter({ has: page.locator('.el-form-item__label', { hasText: exactly(label) }) }).first()
}

export const input = (scope, label) => item(scope, label).locator('input, textarea').first()

export async function fill(scope, values) {
  for (const [label, value] of Object.entries(values)) await input(scope, label).fill(String(value))
}

/** Chooses from a select; the list it opens hangs at the end of the document. */
export async function choose(scope, label, option) {
  const page = scope.page?.() ?? scope
  await item(scope, label).locator('.el-select').first().click()
  await page.locator('.el-select-dropdown:visible').getByRole('option').filter({ hasText: option }).first().click()
}

export const button = (scope, name) => scope.getByRole('button', { name, exact: true })

/** Presses a button that asks back, and says yes. */
export async function confirm(page, target, word) {
  await target.click()
  await page.getByRole('alertdialog').last().getByRole('button', { name: word('common.ok'), exact: true }).click()
}

/** The text of the tooltip that a disabled button shows; pressing it must do nothing. */
export async function reasonOf(page, target) {
  if (await target.getAttribute('aria-disabled') !== 'true') throw new Error('the button is not disabled')
  // What has the focus shows its own tooltip; there is one box for the whole page.
  const tip = page.locator('[role="tooltip"]:visible')
  await page.evaluate(() => document.activeElement?.blur())
  await page.mouse.move(0, 0)
  await tip.waitFor({ state: 'hidden' })
  await target.hover()
  await tip.waitFor()
  const text = (await tip.innerText()).trim()
  await page.mouse.move(0, 0)
  await tip.waitFor({ state: 'hidden' })
  return text
}
