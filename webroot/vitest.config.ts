// SPDX-License-Identifier: Apache-2.0
import { mergeConfig, defineConfig } from 'vitest/config';
import base from './vite.config.ts';

export default mergeConfig(
    base,
    defineConfig({
        test: {
            environment: 'happy-dom',
            include: ['tests/unit/**/*.test.ts'],
            css: false,
            testTimeout: 30000,
            server: { deps: { inline: ['element-plus'] } },
        },
    }),
);
