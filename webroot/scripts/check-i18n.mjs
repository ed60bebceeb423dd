// SPDX-License-Identifier: Apache-2.0
// Both languages have the same keys with the same places for values, no text is empty, every key that the
// sources name exists, and every key that exists is used.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const kSource = fileURLToPath(new URL('../src', import.meta.url));
const read = (path) => JSON.parse(readFileSync(join(kSource, path), 'utf8'));
const problems = [];

export function flatten(node, prefix = '') {
    return Object.entries(node).flatMap(([key, value]) =>
        typeof value === 'string' ? [[prefix + key, value]] : flatten(value, `${prefix}${key}.`),
    );
}

const places = (text) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort().join(' ');

function compare(what, zh, en) {
    for (const [key, text] of zh) {
        if (!en.has(key)) problems.push(`${what}: "${key}" is missing in en`);
        else if (places(text) !== places(en.get(key))) problems.push(`${what}: "${key}" has other places in en`);
    }
    for (const [key, text] of en) if (!zh.has(key)) problems.push(`${what}: "${key}" is missing in zh-CN (${text})`);
    for (const [key, text] of [...zh, ...en]) if (!text.trim()) problems.push(`${what}: "${key}" is empty`);
}

const zh = new Map(flatten(read('i18n/zh-CN.json')));
compare('texts', zh, new Map(flatten(read('i18n/en.json'))));
compare('help', new Map(flatten(read('i18n/help/zh-CN.json'))), new Map(flatten(read('i18n/help/en.json'))));

const source = readdirSync(kSource, { recursive: true })
    .filter((name) => /\.(vue|ts)$/.test(name))
    .map((name) => readFileSync(join(kSource, name), 'utf8'))
    .join('\n');

// Whole keys in quotes; keys put together from a fixed head and a value: t(`state.${x}`), textOr(`reason.${x}`).
const named = new Set([...source.matchAll(/(?:\bt|\$t|textOr)\(\s*(['`])([\w-]+(?:\.[\w-]+)+)\1/g)].map((hit) => hit[2]));
const heads = [...source.matchAll(/`([\w-]+\.(?:[\w-]+\.)*)\$\{/g)].map((hit) => hit[1]);
for (const key of named) if (!zh.has(key)) problems.push(`sources name "${key}", which no language has`);
const quoted = new Set([...source.replace(/errors\[['`].*?\]/g, '').matchAll(/['`]([\w-]+(?:\.[\w-]+)+)['`]/g)].map((hit) => hit[1]));
// Keys inside conditions: t(x ? 'a.b' : 'c.d'). Names of live topics look alike and end in "state".
const spaces = new Set([...zh.keys()].map((key) => key.split('.')[0]));
for (const key of quoted) {
    if (spaces.has(key.split('.')[0]) && !zh.has(key) && !key.endsWith('.state')) problems.push(`sources name "${key}", which no language has`);
}
for (const key of zh.keys()) {
    if (!quoted.has(key) && !heads.some((head) => key.startsWith(head))) problems.push(`"${key}" is used nowhere`);
}

for (const topic of [...source.matchAll(/\bhelp="(\w+)"/g)].map((hit) => hit[1])) {
    if (!(topic in read('i18n/help/zh-CN.json'))) problems.push(`there is no help for "${topic}"`);
}

if (problems.length > 0) {
    console.error(problems.join('\n'));
    process.exit(1);
}
console.log(`${zh.size} texts in two languages, all used`);
