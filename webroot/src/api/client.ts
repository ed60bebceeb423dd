// SPDX-License-Identifier: Apache-2.0
import { kApiBase } from './base';
import { Problem, problemOf } from './problem';

export { kApiBase };
const kTimeoutMs = 60_000;

export type Query = Record<string, string | number | boolean | null | undefined>;

interface Options {
    query?: Query;
    body?: unknown;
    ifMatch?: string;
    headers?: Record<string, string>;
    signal?: AbortSignal;
    /** False for the sign-in calls themselves: a 401 is their answer, not an expired session. */
    signIn?: boolean;
}

/** Set by the session store; the client knows nothing of pages. */
export const clientHooks = {
    csrfToken: (): string => '',
    /** Called once per expired request; resolves true when somebody signed in again. */
    onUnauthorized: async (): Promise<boolean> => false,
};

const etags = new Map<string, string>();

export function urlOf(path: string, query?: Query): string {
    const parameters = new URLSearchParams();
    for (const [key, value] of Object.entries(query ?? {})) {
        if (value !== null && value !== undefined && value !== '') parameters.append(key, String(value));
    }
    const text = parameters.toString();
    return kApiBase + path + (text ? `?${text}` : '');
}

function headersOf(method: string, options: Options): Record<string, string> {
    const headers: Record<string, string> = { Accept: 'application/json', ...options.headers };
    if (options.body !== undefined) {
        headers['Content-Type'] = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    }
    if (options.ifMatch) headers['If-Match'] = options.ifMatch;
    if (method !== 'GET') {
        const token = clientHooks.csrfToken();
        if (token) headers['X-CSRF-Token'] = token;
    }
    return headers;
}

async function send(method: string, path: string, options: Options): Promise<Response> {
    const timeout = AbortSignal.timeout(kTimeoutMs);
    try {
        return await globalThis.fetch(urlOf(path, options.query), {
            method,
            headers: headersOf(method, options),
            body: options.body === undefined ? undefined : JSON.stringify(options.body),
            signal: options.signal ? AbortSignal.any([options.signal, timeout]) : timeout,
            credentials: 'same-origin',
        });
    } catch (error) {
        if (options.signal?.aborted) throw error;
        throw new Problem({ status: 0, code: timeout.aborted ? 'timeout' : 'network' });
    }
}

async function request<T>(method: string, path: string, options: Options = {}): Promise<T> {
    let response = await send(method, path, options);
    if (response.status === 401 && options.signIn !== false && (await clientHooks.onUnauthorized())) {
        response = await send(method, path, options);
    }
    if (!response.ok) throw await problemOf(response);
    const etag = response.headers.get('ETag');
    if (etag) etags.set(path, etag);
    if (response.status === 204) return undefined as T;
    const text = await response.text();
    return (text ? JSON.parse(text) : undefined) as T;
}

/** The If-Match value of a resource: its version, or the ETag that its last read carried. */
export function etagOf(path: string, version: unknown): string | undefined {
    return typeof version === 'number' ? `"${version}"` : etags.get(path);
}

export const api = {
    get: <T>(path: string, query?: Query, signal?: AbortSignal) => request<T>('GET', path, { query, signal }),
    post: <T>(path: string, body?: unknown, options: Options = {}) => request<T>('POST', path, { ...options, body }),
    patch: <T>(path: string, body: unknown, ifMatch?: string) => request<T>('PATCH', path, { body, ifMatch }),
    remove: (path: string, ifMatch?: string) => request<void>('DELETE', path, { ifMatch }),
};

/** One path segment out of an id, which may hold anything. */
export function segment(id: string): string {
    return encodeURIComponent(id);
}
