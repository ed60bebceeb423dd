// SPDX-License-Identifier: Apache-2.0
// Small preferences that outlive the tab. Storage may be blocked; then they last as long as the page.

const kPrefix = 'fairlead.';

export function remembered(key: string, fallback: string): string {
    try {
        return localStorage.getItem(kPrefix + key) ?? fallback;
    } catch {
        return fallback;
    }
}

export function remember(key: string, value: string): void {
    try {
        localStorage.setItem(kPrefix + key, value);
    } catch {
        // Nothing to do: the choice is kept in memory by the caller.
    }
}
