// SPDX-License-Identifier: Apache-2.0
// The small change of an HTTP server: answers, problems, bodies, static files.
import { createReadStream, existsSync, statSync } from 'node:fs';
import { extname, join, normalize } from 'node:path';

export const kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
    "worker-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

const kTypes = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.json': 'application/json', '.txt': 'text/plain; charset=utf-8' };

export class Refusal extends Error {
    constructor(status, code, detail, more = {}) {
        super(detail);
        this.body = { type: 'about:blank', title: code, status, code, detail, requestId: 'r-42', ...more };
        this.status = status;
    }
}

export function answer(response, status, body, headers = {}) {
    const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
    response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...headers });
    response.end(text);
}

export async function readBody(request) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    return Buffer.concat(chunks);
}

export function toCsv(rows) {
    const names = Object.keys(rows[0] ?? { id: '' });
    const cell = (value) => `"${String(typeof value === 'object' ? JSON.stringify(value) : (value ?? '')).replaceAll('"', '""')}"`;
    return [names.join(','), ...rows.map((row) => names.map((name) => cell(row[name])).join(','))].join('\r\n');
}

/** Files of the build below /ui/, with the page itself for every path that is no file. */
export function serveStatic(root, path, request, response) {
    const wanted = normalize(decodeURIComponent(path)).replace(/^(\.\.[/\\])+/, '');
    let file = join(root, wanted);
    if (!existsSync(file) || !statSync(file).isFile()) {
        if (extname(wanted)) return answer(response, 404, { status: 404, code: 'not.found', detail: path });
        file = join(root, 'index.html');
    }
    const zipped = existsSync(`${file}.gz`) && /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
    response.writeHead(200, {
        'Content-Type': kTypes[extname(file)] ?? 'application/octet-stream',
        'Content-Security-Policy': kPolicy,
        'X-Content-Type-Options': 'nosniff',
        'Cache-Control': wanted.includes('assets') ? 'public, max-age=31536000, immutable' : 'no-cache',
        ...(zipped ? { 'Content-Encoding': 'gzip', Vary: 'Accept-Encoding' } : {}),
    });
    createReadStream(zipped ? `${file}.gz` : file).pipe(response);
}
