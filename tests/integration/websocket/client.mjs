// SPDX-License-Identifier: Apache-2.0
// A WebSocket client that does what it is told, one JSON object a line, and says what it sees.
// usage: node client.mjs '{"url":…,"options":…,"protocols":[…]}'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import WebSocket from 'ws'

const { url, protocols = [], ca, headers, deflate = false } = JSON.parse(process.argv[2])
const say = (event) => process.stdout.write(`${JSON.stringify(event)}\n`)

const socket = new WebSocket(url, protocols, {
  headers,
  ca: ca && readFileSync(ca),
  perMessageDeflate: deflate ? { threshold: 0 } : false,
})
socket.on('open', () => say({ event: 'open', protocol: socket.protocol, extensions: socket.extensions }))
socket.on('message', (data, binary) => say({ event: 'message', binary, data: data.toString(binary ? 'hex' : 'utf8') }))
socket.on('pong', (data) => say({ event: 'pong', data: data.toString() }))
socket.on('unexpected-response', (_request, response) => {
  let body = ''
  response.on('data', (chunk) => { body += chunk })
  response.on('end', () => { say({ event: 'refused', status: response.statusCode, body }); process.exit(0) })
})
socket.on('error', (error) => say({ event: 'error', text: error.message }))
socket.on('close', (code, reason) => { say({ event: 'close', code, reason: reason.toString() }); process.exit(0) })

const commands = {
  send: (text) => socket.send(text),
  binary: (hex) => socket.send(Buffer.from(hex, 'hex')),
  fragments: (parts) => parts.forEach((part, i) => socket.send(part, { fin: i + 1 === parts.length })),
  ping: (text) => socket.ping(text),
  close: ([code, reason]) => socket.close(code, reason),
}
createInterface({ input: process.stdin }).on('line', (line) => {
  for (const [name, argument] of Object.entries(JSON.parse(line))) commands[name](argument)
})
