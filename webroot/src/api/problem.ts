// SPDX-License-Identifier: Apache-2.0
import type { FieldError, Reference } from './types';

interface ProblemBody {
    status: number;
    title?: string;
    detail?: string;
    code?: string;
    deviceCode?: string;
    errors?: FieldError[];
    usedBy?: Reference[];
    requestId?: string;
    retryAfter?: number;
}

/** What the server (status > 0) or the network (status 0) refused, in the terms of RFC 9457. */
export class Problem extends Error {
    readonly status: number;
    readonly code: string;
    readonly title: string;
    readonly detail: string;
    readonly deviceCode: string;
    readonly errors: FieldError[];
    readonly usedBy: Reference[];
    readonly requestId: string;
    readonly retryAfter: number;

    constructor(body: ProblemBody) {
        super(body.detail || body.title || `HTTP ${body.status}`);
        this.status = body.status;
        this.code = body.code ?? '';
        this.title = body.title ?? '';
        this.detail = body.detail ?? '';
        this.deviceCode = body.deviceCode ?? '';
        this.errors = body.errors ?? [];
        this.usedBy = body.usedBy ?? [];
        this.requestId = body.requestId ?? '';
        this.retryAfter = body.retryAfter ?? 0;
    }
}

export function isProblem(error: unknown, status?: number): error is Problem {
    return error instanceof Problem && (status === undefined || error.status === status);
}

/** Reads the body of a failed response; a body that is no problem document still gives a Problem. */
export async function problemOf(response: Response): Promise<Problem> {
    const text = await response.text().catch(() => '');
    let body: Partial<ProblemBody> = {};
    try {
        body = JSON.parse(text) as Partial<ProblemBody>;
    } catch {
        body = { detail: text.slice(0, 300) };
    }
    const retryAfter = Number(response.headers.get('Retry-After') ?? 0) || 0;
    return new Problem({ title: response.statusText, ...body, status: response.status, retryAfter });
}
