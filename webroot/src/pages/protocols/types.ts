// SPDX-License-Identifier: Apache-2.0

export const kProtocolTypes = ['package', 'local'];
export const kPackageSuffixes = ['.zip', '.jar', '.so'];
