/**
 * Adds up test reports (vitest's JSON) and prints `N passed, N failed` as the last line. Usage: node
 * tools/sum-reports.js STATUS REPORT...; STATUS is not 0 when a step before or beside the tests failed, and
 * then the sum shows at least one failure.
 */
import { existsSync, readFileSync } from 'node:fs';

const [status = '1', ...reports] = process.argv.slice(2);
let passed = 0;
let failed = 0;
for (const report of reports) {
  if (!existsSync(report)) {
    console.error(`no test report at ${report}: its tests did not run`);
    failed += 1;
    continue;
  }
  const { numPassedTests, numFailedTests, success } = JSON.parse(readFileSync(report, 'utf8'));
  passed += numPassedTests;
  failed += numFailedTests;
  if (!success && numFailedTests === 0) failed += 1;
}
if (status !== '0' && failed === 0) failed = 1;
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
