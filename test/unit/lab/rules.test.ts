/**
 * The test cases T01 to T114 of the mm rules, which are scripts in images/lab/rules, on every kernel that they are
 * for; after every step everything is recounted from the page tables.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AxfsError } from '../../../src/base/errno.ts';
import { kernelsOf, labKernel, runScript } from '../../../src/lab/run.ts';
import type { LabRun } from '../../../src/lab/run.ts';
import { failureLines } from '../../../src/lab/report.ts';
import { parseScript } from '../../../src/lab/syntax.ts';
import { isSelected } from '../../../src/lab/selector.ts';
import type { Script, Statement } from '../../../src/lab/syntax.ts';
import type { LabWorld } from '../../../src/lab/world.ts';
import { assertMm } from '../../../src/mm/check.ts';
import { KERNELS } from '../../../src/mm/kernel.ts';
import type { KernelName } from '../../../src/mm/kernel.ts';
import { isCowMapping } from '../../../src/mm/vmflags.ts';

const FOLDER = resolve(import.meta.dirname, '../../../images/lab/rules');
const PATHS = readdirSync(FOLDER, { encoding: 'utf8', recursive: true })
  .filter((path) => path.endsWith('.lab'))
  .sort();
const SCRIPTS = PATHS.map((path) => parseScript(readFileSync(join(FOLDER, path), 'utf8'), path));

/** Scripts that break the invariants on purpose, beside those that poke page tables. */
const BREAKS_INVARIANTS: Readonly<Record<string, string>> = {
  'T12-copy-at-the-linear-pfn-leaks.lab': 'a copy that is taken for raw is counted for ever',
  'T22-insert-page-into-pfnmap.lab': '2.6.28 counts a page that PFNMAP makes raw',
  'T29-insert-pfn-outside-the-vma.lab': '2.6.24 inserts outside the vma',
  'T27-insert-pfn-with-both-flags.lab': 'a vma has both flags',
};

const mayRecount = (script: Script): boolean =>
  !Object.hasOwn(BREAKS_INVARIANTS, basename(script.name)) &&
  script.statements.every(({ command }) => command.text !== 'set-pte');

function recount(world: LabWorld): void {
  const tasks = [...world.tasks.values()].filter((mm) => !mm.exited);
  assertMm(world.memory, tasks, (page) => world.references(page));
}

function run(script: Script, name: KernelName): Promise<LabRun> {
  return runScript(script, labKernel(name, kernelsOf(script)), {
    readFile: (file) => {
      throw new AxfsError('ENOENT', `${file}: rules use no images`);
    },
    ...(mayRecount(script) ? { afterStep: recount } : {}),
  });
}

describe.each(SCRIPTS)('$name', (script) => {
  it.each(kernelsOf(script).presets)(
    'given kernel %s, when it runs, then everything is as expected',
    async (name) => {
      const done = await run(script, name);
      expect(failureLines(done)).toEqual([]);
      expect(done.passed).toBeGreaterThan(0);
    },
  );

  it('has no statement that no kernel of it ever runs', () => {
    const { presets, ...kernels } = kernelsOf(script);
    const selects = (statement: Statement): boolean =>
      presets.some((name) =>
        [false, true].some((debugVm) =>
          isSelected(statement.selectors, labKernel(name, { presets, ...kernels, debugVm })),
        ),
      );
    expect(script.statements.filter((statement) => !selects(statement))).toEqual([]);
  });

  it('says in its first line what it shows, and is named by its cases', () => {
    expect(script.title).toMatch(/^[^#]{20,140}\.$/);
    expect(basename(script.name)).toMatch(/^(T\d{2,3}-)+[a-z0-9-]+\.lab$/);
  });
});

/** Numbers of the cases that a script is named by. */
const casesOf = (path: string): readonly number[] =>
  Array.from(basename(path).matchAll(/T(\d{2,3})/g), ([, digits]) => Number(digits));

describe('the table of test cases', () => {
  it('given T01 to T114, then each has a script', () => {
    const covered = new Set(PATHS.flatMap(casesOf));
    const all = Array.from({ length: 114 }, (_, i) => i + 1);
    expect(all.filter((number) => !covered.has(number))).toEqual([]);
  });

  it('given every kernel, then some script runs on it', () => {
    const used = new Set(SCRIPTS.flatMap((script) => kernelsOf(script).presets));
    expect([...used].sort()).toEqual(Object.keys(KERNELS).sort());
  });
});

describe('cases that no script can say in full', () => {
  it.each([
    [0x73, true],
    [0x71, true],
    [0xfb, false],
    [0xd1, false],
    [0x51, false],
  ])('T04: given vm_flags 0x%s, then is_cow_mapping is %s', (flags, isCow) => {
    expect(isCowMapping(flags)).toBe(isCow);
  });

  it('T10: given 64 bad entries on 4.9, then the console shows 60', async () => {
    const lines = Array.from({ length: 64 }, (_, i) => `set-pte v[${String(i)}] 0x34000`);
    const text = [
      'device d test flags=none pages=64',
      'mmap v d pages=64',
      ...lines,
      'munmap v pages=64',
      'expect reports bad_pte=64 printed=60',
      'expect rss file=0 anon=0',
      'expect vma v gone',
    ].join('\n');
    const done = await run(parseScript(text, 'T10'), '4.9-arm');
    expect(failureLines(done)).toEqual([]);
  });

  it('given an expectation that is wrong, then the run fails and says so', async () => {
    const text = 'page P\nexpect page P count=2\n';
    const done = await run(parseScript(text, 'wrong'), '6.12-x86');
    expect(done.failed).toBe(1);
    expect(failureLines(done)).toEqual(['wrong:2: on 6.12-x86: count is 1, expected 2']);
  });
});
