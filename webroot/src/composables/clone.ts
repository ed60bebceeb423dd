// SPDX-License-Identifier: Apache-2.0

/** A deep copy of JSON data; works on reactive proxies, where structuredClone does not. */
export function clone<T>(value: T): T {
    return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T);
}
