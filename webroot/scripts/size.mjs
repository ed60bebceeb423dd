// SPDX-License-Identifier: Apache-2.0
// Adds up what each page loads (gzip, by the build manifest) and holds it against size-budget.json.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const kRoot = fileURLToPath(new URL('..', import.meta.url));
const kDist = join(kRoot, 'dist');
if (!existsSync(join(kDist, '.vite/manifest.json'))) {
    console.error('There is no build. Run `npm run build` first.');
    process.exit(1);
}
const manifest = JSON.parse(readFileSync(join(kDist, '.vite/manifest.json'), 'utf8'));
const budget = JSON.parse(readFileSync(join(kRoot, 'size-budget.json'), 'utf8'));

const sizes = new Map();
function size(file) {
    if (!sizes.has(file)) sizes.set(file, gzipSync(readFileSync(join(kDist, file)), { level: 9 }).length);
    return sizes.get(file);
}

/** All files that one manifest entry pulls in at once; lazy imports are left out. */
function closure(key, files = new Set(), seen = new Set()) {
    if (seen.has(key)) return files;
    seen.add(key);
    const chunk = manifest[key];
    files.add(chunk.file);
    for (const css of chunk.css ?? []) files.add(css);
    for (const next of chunk.imports ?? []) closure(next, files, seen);
    return files;
}

const sum = (files) => [...files].reduce((total, file) => total + size(file), 0);
const kib = (bytes) => Math.round((bytes / 1024) * 10) / 10;

const entry = closure('index.html');
for (const file of ['index.html', 'boot.js', 'boot.css']) entry.add(file);
const router = readFileSync(join(kRoot, 'src/router.ts'), 'utf8');
const pages = [...new Set([...router.matchAll(/import\('\.\/(pages\/[\w/]+\.vue)'\)/g)].map((hit) => `src/${hit[1]}`))];
// Every page but the sign-in page stands in the shell; what both bring along is no page's own.
const shell = new Set([...entry, ...closure(Object.keys(manifest).find((key) => manifest[key].name === 'frame'))]);
const rows = pages.map((key) => {
    const base = key.endsWith('LoginPage.vue') ? entry : shell;
    const all = new Set([...base, ...closure(key)]);
    return { page: key.replace('src/pages/', ''), firstLoad: kib(sum(all)), own: kib(sum(all) - sum(base)), requests: all.size };
});
const charts = [...sizes.keys(), ...Object.values(manifest).map((chunk) => chunk.file)].filter((file) => /charts/.test(file));
const chartBytes = sum(new Set(charts));

const broken = [];
const check = (what, value, limit) => value > limit && broken.push(`${what}: ${value} is over ${limit}`);
check('entry (KiB)', kib(sum(entry)), budget.entryKiB);
check('charts (KiB)', kib(chartBytes), budget.chartsKiB);
for (const row of rows) {
    const gateway = row.page === 'gateways/GatewayList.vue';
    check(`${row.page} first load (KiB)`, row.firstLoad, gateway ? budget.firstLoadGatewayListKiB : budget.firstLoadAnyRouteKiB);
    check(`${row.page} own (KiB)`, row.own, budget.routeOwnKiB);
    check(`${row.page} requests`, row.requests, budget.requests);
}
if (charts.some((file) => entry.has(file))) broken.push('the chart library is in the first load');

console.table(rows.sort((a, b) => b.firstLoad - a.firstLoad));
console.log(`entry ${kib(sum(entry))} KiB in ${entry.size} files, charts ${kib(chartBytes)} KiB`);
if (broken.length > 0) {
    console.error(broken.join('\n'));
    process.exit(1);
}
