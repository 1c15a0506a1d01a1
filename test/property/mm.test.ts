/**
 * Random sequences of mmap, accesses, munmap and exit over several processes that share a file of XIP and
 * RAM pages. After each step every invariant of mm holds, and faults, RSS and bytes are those of a model
 * that knows one word a page: absent, write-protected or writable.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { virtAddr } from '../../src/base/units.ts';
import { SignalError } from '../../src/mm/kernel-bug.ts';
import type { KernelName } from '../../src/mm/kernel.ts';
import { MmStruct } from '../../src/mm/mm.ts';
import * as vm from '../../src/mm/vmflags.ts';
import { contentOf, MIXED, page, World } from '../unit/mm/fake.ts';

const FILE_PAGES = 16;
const ACCESSES = ['read', 'write', 'exec'] as const;

type Step =
  | {
      readonly op: 'mmap';
      readonly mm: number;
      readonly prot: number;
      readonly pages: number;
      readonly first: number;
      readonly anonymous: boolean;
    }
  | {
      readonly op: 'touch';
      readonly mm: number;
      readonly at: number;
      readonly access: (typeof ACCESSES)[number];
    }
  | { readonly op: 'munmap'; readonly mm: number; readonly at: number; readonly pages: number }
  | { readonly op: 'exit'; readonly mm: number };

const mm = fc.nat(2);
const at = fc.nat(999);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant('mmap' as const),
      mm,
      prot: fc.constantFrom(1, 3, 5, 7, 0, 2),
      pages: fc.integer({ min: 1, max: 20 }),
      first: fc.nat(FILE_PAGES - 1),
      anonymous: fc.boolean(),
    }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      op: fc.constant('touch' as const),
      mm,
      at,
      access: fc.constantFrom(...ACCESSES),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant('munmap' as const),
      mm,
      at,
      pages: fc.integer({ min: 1, max: 12 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('exit' as const), mm }) },
);

interface ModelPage {
  readonly prot: number;
  readonly kind: 'xip' | 'ram' | 'anon' | 'eof';
  state: 'none' | 'protected' | 'writable';
  /** What the first byte reads as. */
  byte: number;
}

/** One process in both worlds. */
interface Process {
  mm: MmStruct;
  readonly pages: Map<number, ModelPage>;
}

class Run {
  readonly world: World;
  readonly processes: Process[];
  readonly #route: 'insert' | 'return';

  constructor(kernel: KernelName, route: 'insert' | 'return', ramPages: number) {
    this.world = new World(kernel, { route, ramPages });
    this.#route = route;
    const { mms, memory } = this.world;
    for (let i = 0; i < 2; i += 1) mms.push(new MmStruct(memory));
    this.processes = mms.map((one) => ({ mm: one, pages: new Map<number, ModelPage>() }));
  }

  /** A read of untouched anonymous memory maps the zero page, raw. */
  get #readsZeroPage(): boolean {
    return this.world.memory.kernel.anonReadFault === 'zero_page';
  }

  /** An address of a process: a mapped page or a neighbour of one. */
  address(process: Process, at: number): number | undefined {
    const known = [...process.pages.keys()];
    const base = known[at % Math.max(known.length, 1)];
    return base === undefined ? undefined : page(virtAddr(base), at % 7 === 0 ? 1 : 0);
  }

  mmap(process: Process, s: Extract<Step, { op: 'mmap' }>): void {
    const start = s.anonymous
      ? process.mm.mmap({ length: s.pages * 4096, prot: s.prot, flags: 0x22 })
      : this.world.map(s.prot, { mm: process.mm, pages: s.pages, first: s.first });
    for (let i = 0; i < s.pages; i += 1) {
      const index = s.first + i;
      const fileKind = index >= FILE_PAGES ? 'eof' : index % 2 === 0 ? 'xip' : 'ram';
      process.pages.set(page(start, i), {
        prot: s.prot,
        kind: s.anonymous ? 'anon' : fileKind,
        state: 'none',
        byte: s.anonymous ? 0 : contentOf(index),
      });
    }
  }

  /** Faults that an access should take, or the signal it ends in. Moves the model on. */
  expected(model: ModelPage | undefined, access: (typeof ACCESSES)[number]): number | string {
    if (model === undefined) return 'SEGV_MAPERR';
    const needed = { read: 7, write: 2, exec: 4 }[access];
    if (!vm.hasAny(model.prot, needed)) return 'SEGV_ACCERR';
    if (model.kind === 'eof') return 'BUS_ADRERR';
    const before = model.state;
    const zeroPage = this.#readsZeroPage;
    if (access === 'write') {
      model.state = 'writable';
      if (before === 'writable') return 0;
      const inserts = model.kind === 'xip' || (model.kind === 'ram' && this.#route === 'insert');
      return before === 'none' && inserts ? 2 : 1;
    }
    if (before !== 'none') return 0;
    const writable = model.kind === 'anon' && !zeroPage && vm.hasAny(model.prot, vm.PROT_WRITE);
    model.state = writable ? 'writable' : 'protected';
    return 1;
  }

  touch(process: Process, address: number, access: (typeof ACCESSES)[number]): void {
    const model = process.pages.get(address);
    const expected = this.expected(model, access);
    const before = process.mm.minflt + process.mm.majflt;
    this.world.take();
    let outcome: number | string;
    try {
      outcome = process.mm.touch(virtAddr(address), access);
    } catch (error) {
      if (!(error instanceof SignalError)) throw error;
      outcome = error.code;
    }
    expect(outcome).toBe(expected);
    const faults = typeof expected === 'number' ? expected : 0;
    expect(process.mm.minflt + process.mm.majflt - before).toBe(faults);
    expect(this.world.take().filter((event) => !/^(copy|clear)/.test(event))).toHaveLength(faults);
    if (model === undefined || typeof expected === 'string') return;
    if (access === 'write') {
      model.byte = (model.byte + 1) % 256;
      process.mm.writeMemory(virtAddr(address), Uint8Array.of(model.byte));
    }
    expect(process.mm.readMemory(virtAddr(address), 1)[0]).toBe(model.byte);
  }

  compareRss(process: Process): void {
    let file = 0;
    let anon = 0;
    for (const { kind, state } of process.pages.values()) {
      if (state === 'writable') anon += 1;
      else if (state === 'protected' && kind === 'ram') file += 1;
      else if (state === 'protected' && kind === 'anon' && !this.#readsZeroPage) anon += 1;
    }
    expect([process.mm.fileRss, process.mm.anonRss]).toEqual([file, anon]);
  }

  step(s: Step): void {
    const process = this.processes[s.mm]!;
    if (s.op === 'mmap') this.mmap(process, s);
    else if (s.op === 'exit') {
      process.mm.exit();
      process.mm = this.world.mms[s.mm] = new MmStruct(this.world.memory);
      process.pages.clear();
    } else {
      const address = this.address(process, s.at);
      if (address === undefined) return;
      if (s.op === 'touch') this.touch(process, address, s.access);
      else {
        process.mm.munmap(virtAddr(address), s.pages * 4096);
        for (let i = 0; i < s.pages; i += 1) process.pages.delete(page(virtAddr(address), i));
      }
    }
    this.compareRss(process);
    this.world.check();
  }
}

describe.each(MIXED)('random use of mm, %s', (kernel) => {
  it.each(['insert', 'return'] as const)(
    'agrees with the model, RAM pages by the %s route',
    (route) => {
      fc.assert(
        fc.property(fc.array(step, { minLength: 20, maxLength: 80 }), (steps) => {
          const run = new Run(kernel, route, 2048);
          for (const s of steps) run.step(s);
          for (const process of run.processes) process.mm.exit();
          run.world.check();
          const { usage } = run.world.memory.frames;
          expect(usage.total).toBe(usage.byUse.page_cache + usage.byUse.kernel);
          expect(run.world.file.users).toBe(0);
        }),
        { seed: 20071113, numRuns: 60 },
      );
    },
  );

  it('stays consistent when RAM runs out anywhere', () => {
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 20, maxLength: 60 }),
        fc.integer({ min: 16, max: 40 }),
        (steps, ram) => {
          const run = new Run(kernel, ram % 2 === 0 ? 'insert' : 'return', ram);
          for (const s of steps.filter(({ op }) => op !== 'exit')) {
            const process = run.processes[s.mm]!;
            const address = run.address(process, 'at' in s ? s.at : 0);
            if (s.op === 'mmap') run.mmap(process, s);
            else if (address !== undefined && s.op === 'munmap')
              process.mm.munmap(virtAddr(address), s.pages * 4096);
            else if (address !== undefined && s.op === 'touch')
              try {
                process.mm.touch(virtAddr(address), s.access);
              } catch (error) {
                if (!(error instanceof SignalError)) throw error;
              }
            run.world.check();
          }
        },
      ),
      { seed: 20071114, numRuns: 60 },
    );
  });
});
