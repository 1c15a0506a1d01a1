/**
 * The claims of the discussion of November 2007, S1 to S37: each has a script in images/lab/thread, or a test here.
 * Here are those about how the program is built (S24), about its memory (S30), and about flag arithmetic (S37).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { pfn } from '../../../src/base/units.ts';
import { kernelsOf, labKernel, runScript } from '../../../src/lab/run.ts';
import type { LabRun } from '../../../src/lab/run.ts';
import { parseScript } from '../../../src/lab/syntax.ts';
import { assertMm } from '../../../src/mm/check.ts';
import { KERNELS } from '../../../src/mm/kernel.ts';
import type { KernelName } from '../../../src/mm/kernel.ts';
import { Memory } from '../../../src/mm/memory.ts';
import {
  hasAny,
  isCowMapping,
  VM_MIXEDMAP,
  VM_PFNMAP,
  vmFlagsOf,
  withFlags,
} from '../../../src/mm/vmflags.ts';

const root = resolve(import.meta.dirname, '../../..');
const folder = resolve(root, 'images/lab/thread');
const SCRIPTS = readdirSync(folder).filter((name) => name.endsWith('.lab'));
const KERNEL_NAMES = Object.keys(KERNELS) as KernelName[];

/** Claims that no script can show. */
const TESTED_HERE = ['S24', 'S30'];

/** Scripts that break the invariants on purpose, beside those of proposals and those that poke page tables. */
const BREAKS_INVARIANTS: Readonly<Record<string, string>> = {
  'S18-another-flag.lab': 'a vma has both flags',
  'S34-one-fault-handler.lab': '2.6.28 puts anonymous memory into a PFNMAP vma without handler',
  'S36-the-linear-rule-is-fragile.lab': 'a copy that is taken for raw is counted for ever',
};

const readFile = (): never => {
  throw new Error('these scripts read no files');
};

/** Runs lines on one kernel; mistakes of the kernel are in the result. */
async function run(text: string, name: KernelName): Promise<LabRun> {
  const script = parseScript(text, 'test');
  return runScript(script, labKernel(name, kernelsOf(script)), { readFile });
}

describe('the scripts', () => {
  test('there is one for each claim, or a test here', () => {
    const shown = new Set([...SCRIPTS.map((name) => name.slice(0, 3)), ...TESTED_HERE]);
    const claims = Array.from({ length: 37 }, (_, i) => `S${String(i + 1).padStart(2, '0')}`);
    expect(claims.filter((claim) => !shown.has(claim))).toEqual([]);
  });

  test('the tour names each of them, once', () => {
    const tour = readFileSync(resolve(root, 'src/lab/TOUR.md'), 'utf8');
    const named = Array.from(tour.matchAll(/`(S[0-9]{2}-[\w.-]+\.lab)`/g), ([, name]) => name);
    expect(named.sort()).toEqual([...SCRIPTS].sort());
  });

  test.each(SCRIPTS)('%s holds, with and without CONFIG_DEBUG_VM', async (name) => {
    const text = readFileSync(resolve(folder, name), 'utf8');
    const script = parseScript(text, name);
    const kernels = kernelsOf(script);
    const isLawful =
      kernels.proposal === undefined &&
      !Object.hasOwn(BREAKS_INVARIANTS, name) &&
      script.statements.every(({ command }) => command.text !== 'set-pte');
    const afterStep = isLawful
      ? (world: LabRun['world']): void => {
          const present = [...world.tasks.values()].filter((mm) => !mm.exited);
          assertMm(world.memory, present, (page) => world.references(page));
        }
      : undefined;
    for (const kernel of kernels.presets)
      for (const debugVm of kernels.debugVm ? [true] : [false, true]) {
        const done = await runScript(script, labKernel(kernel, { ...kernels, debugVm }), {
          readFile,
          ...(afterStep === undefined ? {} : { afterStep }),
        });
        const wrong = done.steps.filter(({ differences = [] }) => differences.length > 0);
        expect(wrong.map(({ statement }) => statement.text)).toEqual([]);
        expect(done.passed, `${name} on ${kernel} expects something`).toBeGreaterThan(0);
      }
  });
});

/** Names by which mapcount, RSS and page tables are changed, and counts are set up by hand. */
const COUNTING = [
  'addRmap',
  'removeRmap',
  'addRss',
  'fileRss',
  'anonRss',
  'swapRss',
  'setMapping',
  'abandonPage',
  'leafAlloc',
];

/** Uses of those names in a source text, and calls of `set` and `clear` on a PTE leaf. */
function countingIn(path: string, text: string): string[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, false);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node)) {
      const { expression } = node;
      const name = node.name.text;
      const isLeaf = ts.isIdentifier(expression) && /leaf/i.test(expression.text);
      if (COUNTING.includes(name) || (isLeaf && (name === 'set' || name === 'clear')))
        found.push(`${path}: ${name}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

describe('S24 the set-up of counts is in mm, not in drivers or file systems', () => {
  const filesOf = (layer: string): string[] =>
    readdirSync(resolve(root, 'src', layer)).filter((name) => name.endsWith('.ts'));

  test.each(['fs', 'drivers', 'lab'])('src/%s changes no mapcount, RSS or entry', (layer) => {
    const used = filesOf(layer).flatMap((name) =>
      countingIn(`src/${layer}/${name}`, readFileSync(resolve(root, 'src', layer, name), 'utf8')),
    );
    const allowed: Readonly<Record<string, readonly string[]>> = {
      // Looking at counters is what the lab is for, and `set-pte` breaks the rules on purpose.
      lab: [
        ...['src/lab/expect.ts', 'src/lab/state.ts'].flatMap((file) =>
          ['fileRss', 'anonRss', 'swapRss'].map((name) => `${file}: ${name}`),
        ),
        'src/lab/driver-commands.ts: leafAlloc',
        'src/lab/driver-commands.ts: set',
      ],
    };
    expect(used.filter((use) => allowed[layer]?.includes(use) !== true)).toEqual([]);
  });

  test('the search finds what it is for', () => {
    const text = `
      frames.addRmap(page);
      vma.mm.addRss('file', 1);
      leaf.set(index, pfn, bits);
      mm.pageTable.leafAlloc(address);
      mm.fileRss += 1;
      map.set(a, b);
      vmInsertPage(vma, address, page);
    `;
    expect(countingIn('x', text)).toEqual([
      'x: addRmap',
      'x: addRss',
      'x: set',
      'x: leafAlloc',
      'x: fileRss',
    ]);
    const insert = readFileSync(resolve(root, 'src/mm/insert.ts'), 'utf8');
    expect(countingIn('insert', insert)).toContain('insert: addRmap');
  });

  test('counts are private to the columns of struct page', () => {
    for (const layer of ['fs', 'drivers', 'lab', 'mm'])
      for (const name of filesOf(layer))
        if (name !== 'frames.ts')
          expect(readFileSync(resolve(root, 'src', layer, name), 'utf8'), name).not.toMatch(
            /#refcount\b|#mapcount\b/,
          );
  });
});

describe('S30 flash needs no struct pages', () => {
  const flash = (pages: number): string => `
    ram pages=0x400
    flash pfn=0x34000 pages=${String(pages)}
    file f0 xcxc
    mmap v f0 pages=4
    read v[0]
    expect pte v[0] raw pfn=0x34001
  `;

  test.each(KERNEL_NAMES.filter((name) => KERNELS[name].mixedMap))(
    'their number is that of RAM frames, however large the flash: %s',
    async (name) => {
      const runs = await Promise.all([0x10, 0x4000, 0x1000000].map((n) => run(flash(n), name)));
      expect(runs.map(({ failed }) => failed)).toEqual([0, 0, 0]);
      for (const { world } of runs) {
        const { frames, physical } = world.memory;
        expect(frames.structPages).toBe(0x400);
        expect(physical.pfnValid(pfn(0x34001))).toBe(false);
        expect(physical.highestMemmapPfn).toBe(0x3ff);
      }
      const [first, ...others] = runs.map(({ world }) => world.memory.frames.usage);
      for (const usage of others) expect(usage).toEqual(first);
    },
  );

  test('only a window that asks for them has some', () => {
    const options = { kernel: KERNELS['4.9-arm'], firstPfn: pfn(0), ramPages: 16 };
    const window = { pages: 0x100, page: (): Uint8Array => new Uint8Array(4096) };
    const without = new Memory(options);
    without.physical.addWindow({ ...window, firstPfn: pfn(0x34000) });
    expect(without.frames.structPages).toBe(16);
    const having = new Memory(options);
    having.physical.addWindow({ ...window, firstPfn: pfn(0x34000), memmap: true });
    expect(having.frames.structPages).toBe(16 + 0x100);
  });
});

describe('S37 `flags & A|B` is never 0: every flag test meets a vma with neither flag', () => {
  const neither = vmFlagsOf(1, 2, true);

  test('hasAny asks with parentheses', () => {
    const both = withFlags(VM_PFNMAP, VM_MIXEDMAP);
    expect(hasAny(neither, both)).toBe(false);
    expect(hasAny(withFlags(neither, VM_PFNMAP), both)).toBe(true);
    expect(hasAny(withFlags(neither, VM_MIXEDMAP), both)).toBe(true);
    // What C reads without them: (flags & VM_PFNMAP) | VM_MIXEDMAP.
    expect(withFlags(hasAny(neither, VM_PFNMAP) ? VM_PFNMAP : 0, VM_MIXEDMAP)).not.toBe(0);
  });

  test('is_cow_mapping is about two flags at once', () => {
    // Private; private and writable; shared and writable; shared of a read-only file; neither MAYWRITE nor SHARED.
    const flags = [0x71, 0x73, 0xfb, 0xd1, 0x51];
    expect(flags.map(isCowMapping)).toEqual([true, true, false, false, false]);
  });

  const device = (flags: string): string => `
    device d test ${flags}
    mmap v d pages=2 shared
    insert-pfn v[0] 0x34000
  `;
  const rawMarks = (name: KernelName): string[] =>
    KERNELS[name].mixedMap ? ['flags=pfnmap', 'flags=mixedmap'] : ['flags=pfnmap'];

  test.each(KERNEL_NAMES)('vm_insert_pfn: one flag is fine, neither is a BUG: %s', async (name) => {
    for (const flags of rawMarks(name)) {
      const { world } = await run(device(flags), name);
      expect(['0', 'NOPAGE'], flags).toContain(world.last.result);
    }
    const { world } = await run(device(''), name);
    expect(world.last.result).toBe('BUG');
    expect(world.last.bug).toMatch(/insert_pfn/);
  });

  test.each(KERNEL_NAMES)('the draft let neither through: %s', async (name) => {
    const { world } = await run(`proposal precedence-trap\n${device('')}`, name);
    expect(['0', 'NOPAGE']).toContain(world.last.result);
  });

  test.each(KERNEL_NAMES)('mprotect, fork, munmap of a vma with neither: %s', async (name) => {
    const { failed, world } = await run(
      `
      device d test fault=page
      mmap v d pages=4 prot=r
      read v[0] pages=2
      mprotect v pages=4 prot=rw
      write v[0]
      fork child
      child: write v[1]
      munmap v pages=4
      child: exit
      expect rss file=0 anon=0
      expect reports bad_pte=0 bad_page=0 bug=0
    `,
      name,
    );
    expect(failed).toBe(0);
    expect(world.reports).toEqual([]);
  });
});
