import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';

const root = resolve(import.meta.dirname, '..');
const report = process.env['AXFS_TEST_REPORT'];

/**
 * Tests against reference data beside the project: AXFS_REFERENCE names its directory.
 */
export default defineConfig({
  root,
  test: {
    include: ['test/conformance/**/*.test.ts'],
    // A JSON report for whoever adds up several runs.
    ...(report === undefined
      ? {}
      : { reporters: ['default', 'json'], outputFile: { json: report } }),
    // Many of them run for a fixed time in one thread each.
    maxWorkers: 2,
    globalSetup: ['test/support/build.ts'],
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
