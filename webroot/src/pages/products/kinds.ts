// SPDX-License-Identifier: Apache-2.0

export const kDeviceKinds = ['device', 'gateway', 'child'];
