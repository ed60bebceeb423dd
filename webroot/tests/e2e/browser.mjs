// SPDX-License-Identifier: Apache-2.0
// What every browser test starts with: its own mock, its own data, a signed-in page that reports its errors.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';
import { startMock } from '../mock/server.mjs';

const require = createRequire(import.meta.url);
const kAxe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const kChromium = process.env.CHROMIUM ?? '/usr/bin/chromium';
const kFlags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
export const kPassword = 'fairlead';

export async function startBrowser() {
    return chromium.launch({ executablePath: kChromium, args: kFlags });
}

/** One mock and one browser context; `faults` collects console errors, page errors and policy violations. */
export async function open(browser, { user = 'admin', locale = 'zh-CN', theme = 'light', width = 1440 } = {}) {
    const { mock, url, stop } = await startMock();
    const context = await browser.newContext({ viewport: { width, height: 900 }, reducedMotion: 'reduce', locale: 'zh-CN', acceptDownloads: true });
    await context.addInitScript(
        ([chosenTheme, chosenLocale]) => {
            localStorage.setItem('fairlead.theme', chosenTheme);
            if (!localStorage.getItem('fairlead.locale')) localStorage.setItem('fairlead.locale', chosenLocale);
        },
        [theme, locale],
    );
    const page = await context.newPage();
    page.setDefaultTimeout(8000);
    const faults = [];
    page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') faults.push(`${message.text()} @ ${message.location().url ?? ''}`);
    });
    page.on('pageerror', (error) => faults.push(String(error.stack)));
    page.on('request', (request) => {
        if (!request.url().startsWith(url) && !/^(data|blob):/.test(request.url())) faults.push(`external request: ${request.url()}`);
    });
    if (user) await signIn(context, url, user);
    const go = async (path) => {
        await page.goto(`${url}/ui${path}`);
        await settled(page);
    };
    const close = async () => {
        await context.close();
        await stop();
    };
    return { mock, url, page, context, faults, go, close };
}

export async function signIn(context, url, user = 'admin') {
    const reply = await context.request.post(`${url}/api/v1/auth/login`, { data: { username: user, password: kPassword } });
    if (!reply.ok()) throw new Error(`sign-in of ${user} failed: ${reply.status()}`);
}

/** The page has its heading, and no skeleton is left. */
export async function settled(page) {
    await page.locator('h1').first().waitFor();
    await page.waitForFunction(() => !document.querySelector('.bones, .bone, .ghost, [aria-busy="true"]'));
}

export async function violations(page) {
    await page.evaluate(kAxe);
    return page.evaluate(async () => {
        const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'];
        const result = await window.axe.run(document, { runOnly: { type: 'tag', values: tags } });
        return result.violations.map((entry) => `${entry.id}: ${entry.nodes.map((node) => `${node.html.slice(0, 160)} ${node.any[0]?.message ?? ''}`).slice(0, 3).join(' || ')}`);
    });
}
