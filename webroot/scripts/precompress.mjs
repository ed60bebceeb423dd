// SPDX-License-Identifier: Apache-2.0
// Puts a .gz beside each text file of the build, so that the server never compresses.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const kRoot = fileURLToPath(new URL('../dist', import.meta.url));
const kSuffixes = new Set(['.html', '.js', '.css', '.svg', '.json', '.txt']);
const kWorthBytes = 512;

for (const name of readdirSync(kRoot, { recursive: true })) {
    const path = join(kRoot, name);
    if (!kSuffixes.has(extname(name)) || !statSync(path).isFile()) continue;
    const plain = readFileSync(path);
    const zipped = gzipSync(plain, { level: 9 });
    if (plain.length >= kWorthBytes && zipped.length < plain.length) writeFileSync(`${path}.gz`, zipped);
}
