// SPDX-License-Identifier: Apache-2.0
// Every page: no console error, no policy violation, no external request, no accessibility violation,
// nothing wider than the window, no text key shown; in both themes, both languages, both widths.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { open, startBrowser, violations } from './browser.mjs';
import { kPages } from './pages.mjs';

const kVariants = [
    { theme: 'light', locale: 'zh-CN', width: 1440 },
    { theme: 'dark', locale: 'en', width: 1024 },
];
const kTextKey = /\b(common|field|form|nav|state|reason|device|product|gateway|network|protocol|plugin|log|user)\.[a-z]\w+\b/;

for (const variant of kVariants) {
    describe(`every page, ${Object.values(variant).join(', ')}`, () => {
        let browser;
        let session;
        before(async () => {
            browser = await startBrowser();
            session = await open(browser, variant);
        });
        after(async () => {
            await session.close();
            await browser.close();
        });

        for (const [name, path] of Object.entries(kPages)) {
            it(name, async () => {
                const { page, faults, go } = session;
                faults.length = 0;
                await go(path);
                if (name.endsWith('as table')) await page.locator('.views button').nth(1).click();
                assert.deepEqual(await violations(page), []);
                assert.deepEqual(faults, []);
                const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
                assert.ok(wide <= 0, `the page is ${wide} px too wide`);
                const shown = (await page.locator('body').innerText()).replace(/network\.(mqtt|http)|protocol\.official|device\.session|plugin\.loader/g, '');
                assert.doesNotMatch(shown, kTextKey);
                assert.equal(await page.locator('html').getAttribute('lang'), variant.locale);
            });
        }

        it('sign-in page', async (context) => {
            const fresh = await open(browser, { ...variant, user: '' });
            context.after(() => fresh.close());
            await fresh.go('/login');
            assert.deepEqual(await violations(fresh.page), []);
            // Asking who is signed in is answered with 401; the browser reports that by itself.
            assert.deepEqual(fresh.faults.filter((fault) => !/401.*auth\/me/.test(fault)), []);
        });
    });
}
