// SPDX-License-Identifier: Apache-2.0
// A device that speaks the official protocol over MQTT: logs in, reports, answers commands.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import mqtt from 'mqtt'

export class Device {
  /** Resolves when the server accepted it. */
  static async connect({ port, product, id, secureId, secureKey, tls }) {
    const time = Date.now()
    const device = new Device()
    device.base = `/${product}/${id}`
    device.commands = []
    device.client = mqtt.connect(`${tls ? 'mqtts' : 'mqtt'}://127.0.0.1:${port}`, {
      clientId: id,
      username: `${secureId}|${time}`,
      password: createHash('md5').update(`${secureId}|${time}|${secureKey}`).digest('hex'),
      reconnectPeriod: 0,
      connectTimeout: 10_000,
      ...tls,
    })
    device.client.on('message', (topic, payload) => device.#take(topic, JSON.parse(payload.toString())))
    const failed = once(device.client, 'error').then(([error]) => { throw error })
    await Promise.race([once(device.client, 'connect'), failed])
    failed.catch(() => {})
    device.closed = once(device.client, 'close')
    await device.client.subscribeAsync(`${device.base}/#`, { qos: 1 })
    return device
  }

  report(properties) {
    return this.client.publishAsync(`${this.base}/properties/report`, JSON.stringify({ properties }), { qos: 1 })
  }

  event(id, data) {
    return this.client.publishAsync(`${this.base}/event/${id}`, JSON.stringify({ data }), { qos: 1 })
  }

  #take(topic, message) {
    const command = topic.slice(this.base.length)
    this.commands.push({ command, message })
    const answers = {
      '/properties/write': ['/properties/write/reply', () => ({ properties: message.properties, success: true })],
      '/properties/read': ['/properties/read/reply', () => ({ properties: Object.fromEntries(message.properties.map((name) => [name, this.values?.[name]])), success: true })],
      '/function/invoke': ['/function/invoke/reply', () => ({ output: this.output?.(message), success: true })],
    }
    const answer = answers[command]
    if (!answer) return
    const [reply, body] = answer
    this.client.publish(this.base + reply, JSON.stringify({ messageId: message.messageId, timestamp: Date.now(), ...body() }), { qos: 1 })
  }

  async end() {
    await this.client.endAsync()
  }
}
