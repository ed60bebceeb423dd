// SPDX-License-Identifier: Apache-2.0
// Writes the licences of the packages whose code is in the build to dist/THIRD-PARTY.txt.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const kRoot = fileURLToPath(new URL('..', import.meta.url));
const lock = JSON.parse(readFileSync(join(kRoot, 'package-lock.json'), 'utf8'));

function licenceText(folder) {
    const name = existsSync(folder) && readdirSync(folder).find((file) => /^(licen[cs]e|copying)/i.test(file));
    return name ? readFileSync(join(folder, name), 'utf8').trim() : '';
}

const parts = Object.entries(lock.packages)
    .filter(([path, entry]) => path.startsWith('node_modules/') && !entry.dev && !entry.optional)
    .map(([path, entry]) => {
        const name = path.replace(/^.*node_modules\//, '');
        const text = licenceText(join(kRoot, path));
        return `${name} ${entry.version} (${entry.license ?? 'see below'})\n\n${text}`;
    })
    .sort();

const rule = `\n\n${'-'.repeat(80)}\n\n`;
writeFileSync(join(kRoot, 'dist/THIRD-PARTY.txt'), `Software that the admin pages are built from.${rule}${parts.join(rule)}\n`);
