// SPDX-License-Identifier: Apache-2.0
import { computed, reactive, readonly } from 'vue';
import { api, clientHooks } from '@/api/client';
import type { LoginReply, MeReply, SignedIn } from '@/api/types';

interface Session {
    user: SignedIn | null;
    csrfToken: string;
    mustChangePassword: boolean;
    /** True while the sign-in dialog lies over a page whose session has expired. */
    expired: boolean;
}

const session = reactive<Session>({ user: null, csrfToken: '', mustChangePassword: false, expired: false });
let waiting: ((signedIn: boolean) => void)[] = [];

function accept(user: SignedIn, csrfToken: string, mustChangePassword: boolean): void {
    session.user = user;
    session.csrfToken = csrfToken;
    session.mustChangePassword = mustChangePassword;
    session.expired = false;
    const resolved = waiting;
    waiting = [];
    resolved.forEach((resolve) => resolve(true));
}

/** Asks the server who the cookie belongs to; false when nobody is signed in. */
async function restore(): Promise<boolean> {
    try {
        const reply = await api.get<MeReply & Partial<SignedIn>>('/auth/me');
        accept(reply.user ?? (reply as unknown as SignedIn), reply.csrfToken, reply.mustChangePassword);
        return true;
    } catch {
        return false;
    }
}

async function login(username: string, password: string): Promise<void> {
    const reply = await api.post<LoginReply>('/auth/login', { username, password }, { signIn: false });
    accept(reply.user, reply.csrfToken, reply.mustChangePassword);
}

async function logout(): Promise<void> {
    await api.post('/auth/logout', undefined, { signIn: false }).catch(() => undefined);
    session.user = null;
    session.csrfToken = '';
    session.expired = false;
}

async function changePassword(currentPassword: string, newPassword: string): Promise<void> {
    await api.post('/auth/password', { currentPassword, newPassword });
    session.mustChangePassword = false;
    await restore();
}

/** The one who does not sign in again gives up what waits for it. */
function giveUp(): void {
    session.expired = false;
    session.user = null;
    const refused = waiting;
    waiting = [];
    refused.forEach((resolve) => resolve(false));
}

export function can(permission: string): boolean {
    const held = session.user?.permissions ?? [];
    const resource = permission.split(':')[0];
    return held.includes('*') || held.includes(permission) || held.includes(`${resource}:*`);
}

clientHooks.csrfToken = () => session.csrfToken;
clientHooks.onUnauthorized = () => {
    if (!session.user) return Promise.resolve(false);
    session.expired = true;
    return new Promise((resolve) => waiting.push(resolve));
};

export function useSession() {
    return {
        session: readonly(session),
        signedIn: computed(() => session.user !== null),
        restore,
        login,
        logout,
        changePassword,
        giveUp,
        can,
    };
}
