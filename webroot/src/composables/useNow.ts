// SPDX-License-Identifier: Apache-2.0
import { onScopeDispose, ref } from 'vue';

const kTickMs = 5000;
const now = ref(Date.now());
let users = 0;
let timer: ReturnType<typeof setInterval> | undefined;

/** The time of day for "x minutes ago" texts: one clock for the whole page. */
export function useNow() {
    users += 1;
    timer ??= setInterval(() => (now.value = Date.now()), kTickMs);
    onScopeDispose(() => {
        users -= 1;
        if (users > 0) return;
        clearInterval(timer);
        timer = undefined;
    });
    return now;
}
