/**
 * Every script of images/lab holds on every kernel that it is for, and recounts to a sane world where no script
 * broke one on purpose.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { failureLines } from '../../src/lab/report.ts';
import { kernelsOf, labKernel, runScript } from '../../src/lab/run.ts';
import { parseScript } from '../../src/lab/syntax.ts';
import type { Script } from '../../src/lab/syntax.ts';

const ROOT = resolve(import.meta.dirname, '..', '..');
const LAB = join(ROOT, 'images', 'lab');

const scripts: readonly Script[] = readdirSync(LAB, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.lab'))
  .sort()
  .map((name) => {
    const path = join(LAB, name);
    return parseScript(readFileSync(path, 'utf8'), relative(ROOT, path));
  });

describe.each(scripts.map((script) => [script.name, script] as const))('%s', (_name, script) => {
  it('says in its first line what it shows', () => {
    expect(script.title).toMatch(/^\S.{15,}\S$/);
  });

  const kernels = kernelsOf(script);
  it.each(kernels.presets)('holds on %s', async (preset) => {
    const run = await runScript(script, labKernel(preset, kernels), {
      readFile: (file) => readFileSync(resolve(ROOT, file)),
    });
    expect(failureLines(run)).toEqual([]);
    expect(run.passed).toBeGreaterThan(0);
  });
});

describe('the scripts', () => {
  it('are one or more for each claim of the thread that a script can show, in the order of the claims', () => {
    const claims = new Set(
      scripts.flatMap(({ name }) => /\/thread\/S(\d\d)-/.exec(name)?.slice(1) ?? []).map(Number),
    );
    const all = Array.from({ length: 37 }, (_, i) => i + 1).filter((n) => n !== 24 && n !== 30);
    expect([...claims].sort((a, b) => a - b)).toEqual(expect.arrayContaining(all));
  });
});
