// SPDX-License-Identifier: Apache-2.0
// Runs every *.spec.mjs beside this file against the real server, in a real browser.
// usage: node tests/e2e/run.mjs [spec…]     FAIRLEAD_BUILD: build folder (default: build/dev)
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const here = path.dirname(fileURLToPath(import.meta.url))
const root = path.resolve(here, '../..')
const kRunMinutes = 6 // far above what the specs need; a hanging run ends

function need(file, hint) {
  if (existsSync(file)) return
  console.error(`${file} is missing: ${hint}`)
  process.exit(1)
}

const build = process.env.FAIRLEAD_BUILD ?? path.join(root, 'build/dev')
need(path.join(build, 'bin/fairlead'), 'build the server first (cmake --preset dev, cmake --build --preset dev)')
need(process.env.FAIRLEAD_WEBROOT ?? path.join(root, 'webroot/dist/index.html'), 'build the pages first (scripts/build-pages)')
need(process.env.CHROMIUM ?? '/usr/bin/chromium', 'install the package chromium')

// npm writes this file when an installation is complete.
if (!existsSync(path.join(here, 'node_modules/.package-lock.json'))) {
  const install = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: here, stdio: 'inherit' })
  if (install.status !== 0) process.exit(1)
}

const wanted = process.argv.slice(2).map((name) => path.resolve(name))
const specs = readdirSync(here).filter((name) => name.endsWith('.spec.mjs')).sort().map((name) => path.join(here, name))
const files = wanted.length ? wanted : specs
const run = spawnSync(process.execPath, ['--test', '--test-concurrency=2', '--test-force-exit', '--test-reporter=spec', ...files],
  { cwd: here, stdio: 'inherit', env: { ...process.env, FAIRLEAD_BUILD: build }, timeout: kRunMinutes * 60_000 })
if (run.error) console.error(`the specs did not end: ${run.error.message}`)
process.exit(run.status ?? 1)
