// SPDX-License-Identifier: Apache-2.0

const kBytesPerLine = 16;

/** Hex digits as the usual dump: offset, bytes, printable characters. */
export function hexDump(hex: string): string {
    const bytes = hex.match(/[0-9A-Fa-f]{2}/g) ?? [];
    const lines: string[] = [];
    for (let at = 0; at < bytes.length; at += kBytesPerLine) {
        const row = bytes.slice(at, at + kBytesPerLine);
        const text = row.map((byte) => {
            const code = parseInt(byte, 16);
            return code >= 32 && code < 127 ? String.fromCharCode(code) : '.';
        });
        lines.push(`${at.toString(16).padStart(6, '0')}  ${row.join(' ').padEnd(kBytesPerLine * 3 - 1)}  ${text.join('')}`);
    }
    return lines.join('\n');
}
