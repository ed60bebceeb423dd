// SPDX-License-Identifier: Apache-2.0
import { journey } from './journey.mjs'

journey('zh-CN', {
  network: '温室 MQTT',
  gateway: '温室网关',
  product: '温室控制器',
  device: '一号温室',
  temperature: '温度',
  heater: '加热器',
  water: '浇水',
})
