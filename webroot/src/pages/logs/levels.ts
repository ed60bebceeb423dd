// SPDX-License-Identifier: Apache-2.0

export const kLevels = ['debug', 'information', 'warning', 'error', 'fatal'];

/** True when a line is at least as grave as the chosen level. */
export function atLeast(level: string, chosen: string): boolean {
    return chosen === '' || kLevels.indexOf(level) >= kLevels.indexOf(chosen);
}
