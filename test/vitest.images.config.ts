import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';

/** `npm run images`: writes the golden images, then tests them. */
export default defineConfig({
  root: resolve(import.meta.dirname, '..'),
  test: {
    include: ['test/golden/features.test.ts'],
    env: { AXFS_WRITE_IMAGES: '1' },
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
