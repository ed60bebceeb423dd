// SPDX-License-Identifier: Apache-2.0
import { clientHooks, urlOf } from './client';
import { Problem } from './problem';
import type { StoredFile } from './types';

export const kMaxUploadBytes = 256 * 1024 * 1024;

export interface Upload {
    done: Promise<StoredFile>;
    cancel: () => void;
}

function refusal(request: XMLHttpRequest): Problem {
    try {
        return new Problem({ ...(JSON.parse(request.responseText) as object), status: request.status });
    } catch {
        return new Problem({ status: request.status, title: request.statusText, detail: request.responseText.slice(0, 300) });
    }
}

/** Sends a file as it is; `onProgress` hears 0 to 100. XMLHttpRequest, because fetch tells no progress. */
export function uploadFile(file: File, onProgress: (percent: number) => void): Upload {
    const request = new XMLHttpRequest();
    const done = new Promise<StoredFile>((resolve, reject) => {
        request.open('POST', urlOf('/files'));
        request.setRequestHeader('Content-Type', file.type || 'application/octet-stream');
        request.setRequestHeader('X-File-Name', encodeURIComponent(file.name));
        request.setRequestHeader('X-CSRF-Token', clientHooks.csrfToken());
        request.upload.onprogress = (event) => {
            if (event.lengthComputable) onProgress(Math.floor((event.loaded * 100) / event.total));
        };
        request.onload = () => {
            if (request.status === 201 || request.status === 200) resolve(JSON.parse(request.responseText) as StoredFile);
            else reject(refusal(request));
        };
        request.onerror = () => reject(new Problem({ status: 0, code: 'network' }));
        request.onabort = () => reject(new Problem({ status: 0, code: 'cancelled' }));
        request.send(file);
    });
    return { done, cancel: () => request.abort() };
}
