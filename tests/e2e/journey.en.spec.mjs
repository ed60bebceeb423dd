// SPDX-License-Identifier: Apache-2.0
import { journey } from './journey.mjs'

journey('en', {
  network: 'Greenhouse MQTT',
  gateway: 'Greenhouse access',
  product: 'Greenhouse controller',
  device: 'Greenhouse one',
  temperature: 'Temperature',
  heater: 'Heater',
  water: 'Pour water',
})
