// SPDX-License-Identifier: Apache-2.0
// Starts the real server on a private data directory and free ports, and gives a REST client for it.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')
const build = process.env.FAIRLEAD_BUILD ?? path.join(root, 'build/dev')
const webroot = process.env.FAIRLEAD_WEBROOT ?? path.join(root, 'webroot/dist')

/** A TCP port that was free a moment ago. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = net.createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })
}

export class Server {
  constructor(settings = {}) {
    this.folder = mkdtempSync(path.join(os.tmpdir(), 'fairlead-e2e-'))
    this.settings = { 'web.port': '0', 'web.address': '127.0.0.1', 'quickstart.enabled': 'false', ...settings }
    this.output = ''
  }

  /** Resolves when the server announced its page; rejects with its output when it ended before. */
  start() {
    const args = ['--plugins', path.join(build, 'plugins'), '--webroot', webroot,
      '--set', `data.directory=${this.folder}`]
    for (const [key, value] of Object.entries(this.settings)) args.push('--set', `${key}=${value}`)
    // Variables that begin with FAIRLEAD_ are settings to the server; those of the tests are none.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('FAIRLEAD_')))
    this.process = spawn(path.join(build, 'bin/fairlead'), args, { stdio: ['ignore', 'pipe', 'pipe'], env })
    this.ended = new Promise((resolve) => this.process.once('exit', (code, signal) => resolve({ code, signal })))
    return new Promise((resolve, reject) => {
      const look = (chunk) => {
        this.output += chunk
        const page = this.output.match(/Admin page\s+(http:\/\/[^\s/]+)/)
        if (!page || !/\n\n$/.test(this.output)) return
        this.url = page[1]
        this.password ??= this.output.match(/Password\s+(\S+)/)?.[1]
        resolve(this)
      }
      this.process.stdout.on('data', look)
      this.process.stderr.on('data', (chunk) => { this.errors = (this.errors ?? '') + chunk })
      this.process.once('error', reject)
      this.ended.then(() => reject(new Error(`the server ended: ${this.output}${this.errors}`)))
    })
  }

  /** Asks it to stop in order; the exit code. */
  async stop() {
    this.process.kill('SIGTERM')
    return (await this.ended).code
  }

  async kill() {
    this.process.kill('SIGKILL')
    await this.ended
  }

  dispose() {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** REST with a bearer token; throws on answers above 399 with the problem's text. */
export class Api {
  constructor(url) {
    this.url = url
  }

  async login(username, password) {
    const answer = await this.call('POST', '/auth/login', { username, password })
    this.token = answer.token
    return answer
  }

  async raw(method, target, body) {
    const headers = { Accept: 'application/json' }
    if (this.token) headers.Authorization = `Bearer ${this.token}`
    if (body !== undefined) headers['Content-Type'] = 'application/json'
    return fetch(`${this.url}/api/v1${target}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) })
  }

  async call(method, target, body) {
    const response = await this.raw(method, target, body)
    const text = await response.text()
    if (response.status >= 400) throw new Error(`${method} ${target}: ${response.status} ${text}`)
    return text ? JSON.parse(text) : undefined
  }
}
