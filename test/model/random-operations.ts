/**
 * Random worlds and sequences of operations for the models: a few mappings in fixed slots, a few tasks, all
 * kinds of files, so that operations meet each other's results often.
 *
 * @module
 */
import * as fc from 'fast-check';
import { FLASH_FIRST, PRESETS } from './contract.ts';
import type { FileSpec, FrameName, Operation, Preset, WorldSpec } from './contract.ts';

const PAGE = 4096;
const VM_WRITE = 0x2;
const VM_EXEC = 0x4;
const VM_SHARED = 0x8;
const VM_MAYWRITE = 0x20;
const VM_PFNMAP = 0x400;
const VM_MIXEDMAP = 0x10000000;
const VM_INSERTPAGE = 0x2000000;
/** Slots of address space: a mapping each, with room behind it. */
const SLOTS = [0x10000000, 0x10010000, 0x101fe000, 0x20000000] as const;
const SLOT_PAGES = 6;

const driver = (
  flags: 'none' | 'pfnmap' | 'mixedmap',
  fault: 'sigbus' | 'pfn' | 'mixed' | 'page',
  writable: boolean,
): FileSpec => ({ kind: 'driver', flags, fault, writable, pages: 6 });

/** Every kind of file that the contract has. */
const FILES: readonly FileSpec[] = [
  {
    kind: 'axfs',
    pages: ['xip', 'ram', 'xip', 'ram', 'ram', 'xip'],
    xipFirst: FLASH_FIRST + 1,
  },
  { kind: 'axfs', pages: ['xip', 'xip', 'xip', 'ram'], xipFirst: FLASH_FIRST + 0x20 },
  { kind: 'cached', pages: 5 },
  driver('none', 'page', true),
  driver('none', 'sigbus', false),
  driver('pfnmap', 'pfn', true),
  driver('pfnmap', 'pfn', false),
  driver('pfnmap', 'sigbus', true),
  driver('mixedmap', 'mixed', false),
  driver('mixedmap', 'mixed', true),
  driver('mixedmap', 'page', false),
  driver('mixedmap', 'page', true),
  driver('mixedmap', 'sigbus', true),
];

/** Worlds. Small RAM runs out now and then. */
export const worlds = (
  presets: readonly (typeof PRESETS)[number][] = PRESETS,
): fc.Arbitrary<WorldSpec> =>
  fc.record({
    preset: fc.constantFrom(...presets),
    debugVm: fc.boolean(),
    ramFrames: fc.constantFrom(26, 60, 200),
    swapSlots: fc.constantFrom(0, 3, 16, 16),
    files: fc.constant(FILES),
  });

/** Instead of a task or place: that of the operation before; the child that was forked last. */
const SAME = -1;
const CHILD = -2;
/** Which of the tasks that are there, counted round. */
const task = fc.integer({ min: 0, max: 5 });
const slot = fc.constantFrom(...SLOTS);
/** A choice from what is there, counted round; some are anywhere instead. */
const address = fc.integer({ min: 0, max: 0xfff });
/** A place, and a vma: nearly always the one of that place. */
const inVma = fc
  .tuple(address, address, fc.integer({ min: 0, max: 9 }))
  .map(([at, other, chance]) => ({
    vma: fc.constant(chance === 0 ? other : at),
    at: fc.constant(at),
  }));
const pages = fc.integer({ min: 1, max: SLOT_PAGES });
const pageName = fc.integer({ min: 0, max: 3 });
const frame: fc.Arbitrary<FrameName> = fc.oneof(
  fc.integer({ min: 0, max: 15 }).map((n) => ({ flash: FLASH_FIRST + n })),
  pageName.map((page) => ({ page })),
);
const prot = fc.constantFrom('r', 'rw', 'rx', 'rwx', 'none', 'w', 'rw', 'rw', 'rw', 'rw');
/** Files of file systems more often than each sort of driver. */
const file = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 2 }) },
  { weight: 6, arbitrary: fc.integer({ min: 3, max: FILES.length - 1 }) },
);
const filePage = fc.integer({ min: 0, max: 6 });
const access = fc.constantFrom('read', 'read', 'write', 'write', 'exec');

/** A place in a slot, `into` pages behind its start. */
const into = fc.constantFrom(0, 0, 0, 1, 2, 3);
const mmap = fc
  .record({ task, slot, into, pages, prot, shared: fc.boolean(), file, first: fc.nat(2) })
  .map(({ task, slot, into, pages, prot, shared, file, first }) => ({
    ...{ op: 'mmap' as const, task, at: slot + into * PAGE, pages, prot, shared, file },
    // The run of a neighbour goes on, mostly.
    pgoff: first === 0 ? 0 : into + first - 1,
  }));
const mmapAnonymous = fc
  .record({ task, slot, into, pages, prot })
  .map(({ task, slot, into, pages, prot }) => ({
    ...{ op: 'mmap' as const, task, at: slot + into * PAGE, pages, prot },
    shared: false,
  }));

/** An operation with how often it comes. */
const OPERATIONS: readonly {
  readonly weight: number;
  readonly arbitrary: fc.Arbitrary<Operation>;
}[] = [
  { weight: 4, arbitrary: mmap },
  { weight: 2, arbitrary: mmapAnonymous },
  {
    weight: 3,
    arbitrary: fc.record({
      ...{ op: fc.constant('munmap' as const), task, at: address },
      pages: fc.integer({ min: 1, max: 2 }),
    }),
  },
  {
    weight: 44,
    arbitrary: fc.record({
      ...{ op: fc.constant('access' as const), task, at: address, access },
      value: fc.integer({ min: 0, max: 255 }),
    }),
  },
  {
    weight: 4,
    arbitrary: inVma.chain((vma) =>
      fc.record({
        ...{ op: fc.constant('insertPage' as const), task, ...vma },
        ...{ page: pageName, lock: fc.constantFrom('read' as const, 'write' as const) },
      }),
    ),
  },
  {
    weight: 3,
    arbitrary: inVma.chain((vma) =>
      fc.record({ op: fc.constant('insertPfn' as const), task, ...vma, frame }),
    ),
  },
  {
    weight: 4,
    arbitrary: inVma.chain((vma) =>
      fc.record({
        ...{ op: fc.constant('insertMixed' as const), task, ...vma, frame },
        mkwrite: fc.boolean(),
      }),
    ),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(task, address, fc.integer({ min: 0, max: 15 }), fc.integer({ min: 0, max: 6 }))
      .map(([owner, at, flash, count]) => ({
        ...{ op: 'remap' as const, task: owner, vma: at, at },
        ...{ flash: FLASH_FIRST + flash, pages: count },
      })),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      ...{ op: fc.constant('allocPage' as const), id: pageName },
      value: fc.integer({ min: 0, max: 255 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('putPage' as const), id: pageName }) },
  {
    weight: 4,
    arbitrary: fc.record({
      ...{ op: fc.constant('fork' as const), task, child: fc.constantFrom(1, 2) },
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ op: fc.constant('exit' as const), task: fc.constantFrom(1, 2) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ op: fc.constant('mprotect' as const), task, at: address, pages, prot }),
  },
  {
    weight: 4,
    arbitrary: fc.record(
      {
        ...{ op: fc.constant('mremap' as const), task, at: address, pages },
        newPages: pages,
        to: slot,
      },
      { requiredKeys: ['op', 'task', 'at', 'pages', 'newPages'] },
    ) as fc.Arbitrary<Operation>,
  },
  {
    weight: 5,
    arbitrary: fc.record({
      ...{ op: fc.constant('madvise' as const), task, at: address, pages },
      advice: fc.constantFrom('dontneed', 'dontneed', 'dontfork', 'dofork', 'dodump', 'pageout'),
    }) as fc.Arbitrary<Operation>,
  },
  {
    weight: 3,
    arbitrary: fc.record({ op: fc.constant('mlock' as const), task, at: address, pages }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ op: fc.constant('munlock' as const), task, at: address, pages }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      ...{ op: fc.constant('gup' as const), task, at: address, write: fc.boolean() },
      ...{ force: fc.boolean(), id: pageName },
    }),
  },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('gupPut' as const), id: pageName }) },
  {
    weight: 4,
    arbitrary: fc.record({
      ...{ op: fc.constant('unmapMapping' as const), file, pgoff: filePage, pages },
      evenCows: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      ...{ op: fc.constant('truncate' as const), file: fc.constant(2) },
      pages: fc.constantFrom(4, 4, 4, 3, 3, 2, 1, 0),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      ...{ op: fc.constant('read' as const), file: fc.constantFrom(0, 1, 2), pgoff: filePage },
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      ...{ op: fc.constant('reclaimFilePage' as const), file: fc.constantFrom(0, 1, 2) },
      pgoff: filePage,
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({ op: fc.constant('reclaimAnonPage' as const), task, at: address }),
  },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('mincore' as const), task, at: address }) },
];

/** Any operation. */
export const operations: fc.Arbitrary<Operation> = fc.oneof(...OPERATIONS);

type Step = Partial<Operation> & Pick<Operation, 'op'>;

const OF_NO_TASK = new Set<Operation['op']>(['gupPut', 'unmapMapping', 'read', 'reclaimFilePage']);

/** Steps at one place of one task, where they do not say otherwise. */
const steps = (...list: readonly Step[]): readonly Operation[] =>
  list.map((step) => {
    if (OF_NO_TASK.has(step.op)) return step as Operation;
    const isPlaced = step.op !== 'fork' && step.op !== 'exit';
    return { task: SAME, ...(isPlaced ? { at: SAME } : {}), ...step } as Operation;
  });

const readStep: Step = { op: 'access', access: 'read' };
const writeStep: Step = { op: 'access', access: 'write', value: 0x50 };
/** Until it is old: an anonymous page goes to swap. */
const outSteps: readonly Step[] = Array.from({ length: 3 }, () => ({ op: 'reclaimAnonPage' }));
const gupStep: Step = { op: 'gup', write: false, force: false, id: 0 };
const putStep: Step = { op: 'gupPut', id: 0 };
const forkStep: Step = { op: 'fork', child: 1 };
const exitStep: Step = { op: 'exit', task: CHILD };
const invalidate: Step = { op: 'unmapMapping', file: SAME, pgoff: SAME, pages: 1, evenCows: true };
const protect = (to: 'none' | 'r' | 'rw'): Step => ({ op: 'mprotect', pages: 1, prot: to });
const one = { pages: 1 };

/** What seldom comes by chance: the same page swapped, shared, held and written in turn. */
const MOTIFS: readonly (readonly Operation[])[] = [
  steps(writeStep, ...outSteps),
  steps(writeStep, ...outSteps, readStep, ...outSteps, readStep),
  steps(writeStep, ...outSteps, { op: 'mincore' }, invalidate),
  steps(writeStep, ...outSteps, readStep, gupStep, writeStep),
  steps(writeStep, gupStep, ...outSteps, writeStep),
  steps(writeStep, gupStep, ...outSteps, putStep, { op: 'munmap', ...one }),
  steps(writeStep, gupStep, ...outSteps, { op: 'munmap', ...one }, putStep),
  steps(writeStep, forkStep, ...outSteps, readStep, exitStep, writeStep),
  steps(writeStep, forkStep, ...outSteps, readStep, exitStep, { op: 'munmap', ...one }),
  steps(writeStep, ...outSteps, forkStep, { ...writeStep, task: CHILD }, writeStep),
  steps(writeStep, forkStep, { op: 'madvise', ...one, advice: 'pageout' }),
  steps(readStep, forkStep, { ...writeStep, task: CHILD }),
  steps(writeStep, gupStep, forkStep, writeStep, { ...writeStep, task: CHILD }),
  steps(writeStep, forkStep, exitStep, writeStep, protect('r'), protect('rw')),
  steps(writeStep, protect('r'), protect('rw'), ...outSteps),
  steps(writeStep, ...outSteps, protect('none'), { op: 'mlock', ...one }, protect('rw'), readStep),
  steps(readStep, invalidate, protect('none'), { op: 'mlock', ...one }, protect('rw'), gupStep),
  steps(readStep, { op: 'mlock', ...one }, { ...invalidate, evenCows: false }, readStep),
  steps(readStep, { op: 'mlock', ...one }, ...outSteps, { op: 'mremap', ...one, newPages: 3 }),
  steps(readStep, writeStep, {
    op: 'reclaimFilePage',
    file: 2,
    pgoff: 0,
  }),
  steps(readStep, writeStep, { ...invalidate, evenCows: false }, readStep),
];

const reclaimFile = fc
  .tuple(fc.constantFrom(0, 1, 2), filePage)
  .map(([number, pgoff]) =>
    Array.from({ length: 3 }, () => ({ op: 'reclaimFilePage' as const, file: number, pgoff })),
  );

/** Entries of one frame, made writable by the second insertion, or of two. */
const insertTwice = fc
  .tuple(task, address, fc.integer({ min: 0, max: 3 }), fc.boolean())
  .map(([owner, at, flash, isForked]) => [
    ...[{ op: 'insertMixed' as const, task: owner, vma: at, at }].map((insert) => ({
      ...{ ...insert, frame: { flash: FLASH_FIRST + 1 }, mkwrite: false },
    })),
    ...(isForked ? steps(forkStep) : []),
    ...steps({
      ...{ op: 'insertMixed', task: isForked ? CHILD : SAME, vma: SAME, mkwrite: true },
      frame: { flash: FLASH_FIRST + Math.min(flash, 2) },
    }),
  ]);

/** Steps of a motif, the first of them at a place that is drawn. */
const motif = fc.oneof(
  {
    weight: 20,
    arbitrary: fc
      .tuple(task, address, fc.constantFrom(...MOTIFS))
      .map(([owner, at, [first, ...rest]]) => [
        { ...first, task: owner, at } as Operation,
        ...rest,
      ]),
  },
  { weight: 3, arbitrary: reclaimFile },
  { weight: 3, arbitrary: insertTwice },
);

/** Pages that an operation names. */
function namedPage(operation: Operation): readonly number[] {
  if ('page' in operation) return [operation.page];
  return 'frame' in operation && 'page' in operation.frame ? [operation.frame.page] : [];
}

/** What an entry of a page table is, roughly. */
export type EntryKind = 'none' | 'anon' | 'swap' | 'other';

/** What the choice of operations depends on. */
export interface Sight {
  /** Addresses of all mapped pages of a task, upwards, and what is there. */
  readonly pagesOf: (task: number) => readonly { readonly at: number; readonly kind: EntryKind }[];
  /** Pages that page caches hold. */
  readonly cachedPages: () => readonly { readonly file: number; readonly pgoff: number }[];
  readonly vmaAt: (task: number, at: number) => VmaSeen | undefined;
  /** A raw entry maps the page of this name. */
  readonly isMappedRaw: (id: number) => boolean;
}

/** Files of drivers that map frames, and nothing else. */
const REMAPPABLE = new Set(
  FILES.flatMap((spec, i) =>
    spec.kind === 'driver' && (spec.flags === 'pfnmap' || spec.fault === 'sigbus') ? [i] : [],
  ),
);

/** What a driver sees of the vma it is given. */
export interface VmaSeen {
  readonly flags: number;
  readonly start: number;
  readonly end: number;
  readonly pgoff: number;
  /** Its file; undefined: anonymous memory. */
  readonly file: number | undefined;
}

const HAS_MIXEDMAP = (preset: Preset): boolean => preset !== '2.6.23' && preset !== '2.6.24';
const MARKS_MIXEDMAP = (preset: Preset): boolean => !preset.startsWith('2.6');

/** Whether a kernel may have an assertion against an operation. Errs on the side of yes. */
function mayStop(
  preset: Preset,
  operation: Operation & { readonly task: number },
  sight: Sight,
): boolean {
  const place = 'vma' in operation ? operation.vma : 'at' in operation ? operation.at : 0;
  const flags = sight.vmaAt(operation.task, place)?.flags ?? 0;
  const isPfnmap = (flags & VM_PFNMAP) !== 0;
  switch (operation.op) {
    case 'access':
      return isPfnmap && (isCow(flags) || !HAS_MIXEDMAP(preset));
    case 'insertPage':
      return MARKS_MIXEDMAP(preset) && (isPfnmap || operation.lock === 'read');
    case 'insertPfn':
      return !takesPfn(flags) || 'page' in operation.frame;
    case 'insertMixed':
      return (flags & VM_MIXEDMAP) === 0;
    case 'remap':
      return operation.pages === 0 || operation.flash % 3 === 0;
    default:
      return false;
  }
}

const mayRemap = (
  { at, pages: count }: Extract<Operation, { op: 'remap' }>,
  vma: VmaSeen | undefined,
): boolean =>
  vma === undefined ||
  (REMAPPABLE.has(vma.file ?? -1) &&
    (vma.flags & (VM_MIXEDMAP | VM_INSERTPAGE)) === 0 &&
    at + count * PAGE <= vma.end);

const isCow = (flags: number): boolean => (flags & (VM_SHARED | VM_MAYWRITE)) === VM_MAYWRITE;

const takesPfn = (flags: number): boolean =>
  (flags & VM_MIXEDMAP) !== 0 || ((flags & VM_PFNMAP) !== 0 && !isCow(flags));

/** Whether a vma is one that a driver would use for an operation. */
const SUITS: Readonly<
  Partial<Record<Operation['op'], (vma: VmaSeen, operation: Operation) => boolean>>
> = {
  insertPage: ({ flags }) => (flags & VM_PFNMAP) === 0,
  insertPfn: ({ flags }) => takesPfn(flags),
  insertMixed: ({ flags }, operation) =>
    (flags & VM_MIXEDMAP) !== 0 &&
    (operation.op !== 'insertMixed' || !operation.mkwrite || (flags & VM_SHARED) !== 0),
  remap: ({ file: number, flags }) => REMAPPABLE.has(number ?? -1) && (flags & VM_MIXEDMAP) === 0,
};

/** What kinds of entries an operation is about; others may happen on any. */
const ABOUT: Readonly<Partial<Record<Operation['op'], readonly EntryKind[]>>> = {
  reclaimAnonPage: ['anon'],
  insertPage: ['none'],
  insertPfn: ['none'],
  insertMixed: ['none'],
  remap: ['none'],
  mincore: ['swap', 'none', 'other'],
};

/** Operations on a range of pages that may have a hole, but mostly should not. */
const RANGES = new Set<Operation['op']>(['mprotect', 'mremap', 'madvise', 'mlock', 'munlock']);

const pick = <Value>(values: readonly Value[], drawn: number): Value | undefined =>
  values[drawn % Math.max(1, values.length)];

/**
 * Operations that make sense where `seen` went before: names are used once, files get shorter only, tasks are
 * forked when they are not there. The others are skipped.
 */
export class Script {
  readonly #preset: Preset;
  readonly #pages = new Set<number>();
  readonly #got = new Set<number>();
  readonly #tasks = new Set<number>([0]);
  readonly #dead = new Set<number>();
  readonly #put = new Set<number>();
  #size = 5;
  /** Task and place of the operation before, and the last child. */
  #last = { task: 0, at: 0, child: 0 };

  constructor(preset: Preset) {
    this.#preset = preset;
  }

  /** Tasks that something can still be done with. */
  get #alive(): readonly number[] {
    return [...this.#tasks].filter((number) => !this.#dead.has(number));
  }

  /**
   * An operation as it was drawn, with its tasks, places and names chosen from what is there.
   *
   * @returns undefined when no task is left.
   */
  settle(drawn: Operation, sight: Sight): Operation | undefined {
    const named = this.#named(drawn, sight);
    if (!('task' in named)) return named;
    const chosen = this.#task(named.task);
    if (chosen === undefined) return undefined;
    const settled = this.#settleIn({ ...named, task: chosen }, sight);
    this.#last = {
      task: chosen,
      at: 'at' in settled ? settled.at : this.#last.at,
      child: settled.op === 'fork' ? settled.child : this.#last.child,
    };
    return settled;
  }

  #task(drawn: number): number | undefined {
    const alive = this.#alive;
    if (drawn >= 0) return pick(alive, drawn);
    const wanted = drawn === CHILD ? this.#last.child : this.#last.task;
    return alive.includes(wanted) ? wanted : alive[0];
  }

  /** Places of an operation of a task. */
  #settleIn<Kind extends Operation & { readonly task: number }>(
    named: Kind,
    sight: Sight,
  ): Operation {
    const chosen = named.task;
    const settled: Operation & { readonly task: number } = named;
    if (settled.op === 'fork') {
      const { child } = settled;
      return { ...settled, child: this.#tasks.has(child) ? 3 - child : child };
    }
    if (settled.op === 'mmap') return this.#settleFile(settled);
    if (!('at' in settled)) return settled;
    const at = this.#place(settled, settled.at, sight);
    if (settled.op === 'access') return this.#settleAccess({ ...settled, at }, sight);
    if (settled.op === 'reclaimAnonPage' && this.#kindAt(at, chosen, sight) !== 'anon')
      return { ...settled, at, op: 'access', access: 'write', value: 0x40 };
    if ('vma' in settled) {
      const vma = settled.vma === settled.at ? at : this.#place(settled, settled.vma, sight);
      return this.#settleRemap({ ...settled, at, vma }, sight);
    }
    if (!RANGES.has(settled.op) || !('pages' in settled) || settled.pages % 4 === 0)
      return { ...settled, at };
    const vma = sight.vmaAt(chosen, at);
    // What grows in place has to end with its vma.
    if (settled.op === 'mremap' && settled.to === undefined && vma !== undefined) {
      const old = (vma.end - at) / PAGE;
      return { ...settled, at, pages: old, newPages: Math.max(1, old + settled.newPages - 2) };
    }
    return { ...settled, at, pages: Math.min(settled.pages, this.#runFrom(at, chosen, sight)) };
  }

  /** The operation about a page, cached page or file that is there. */
  #named(drawn: Operation, sight: Sight): Operation {
    switch (drawn.op) {
      case 'allocPage':
        return {
          ...drawn,
          id:
            pick(
              [0, 1, 2, 3].filter((id) => !this.#pages.has(id)),
              drawn.id,
            ) ?? 0,
        };
      case 'putPage':
        return { ...drawn, id: pick([...this.#pages], drawn.id) ?? drawn.id };
      case 'insertPage': {
        const page = pick([...this.#pages], drawn.page);
        // What is missing comes first, here and below.
        return page === undefined
          ? { op: 'allocPage', id: drawn.page, value: drawn.page }
          : { ...drawn, page };
      }
      case 'insertPfn':
      case 'insertMixed': {
        const page = 'page' in drawn.frame ? pick([...this.#pages], drawn.frame.page) : undefined;
        return page === undefined ? drawn : { ...drawn, frame: { page } };
      }
      case 'gup':
        return {
          ...drawn,
          id:
            pick(
              [0, 1, 2, 3].filter((id) => !this.#got.has(id)),
              drawn.id,
            ) ?? 0,
        };
      case 'gupPut':
        return { ...drawn, id: pick([...this.#got], drawn.id) ?? drawn.id };
      case 'unmapMapping':
        return this.#settleInvalidation(drawn, sight);
      case 'reclaimFilePage': {
        const cached = pick(sight.cachedPages(), drawn.file * 7 + drawn.pgoff);
        return cached === undefined ? { ...drawn, op: 'read' } : { ...drawn, ...cached };
      }
      default:
        return drawn;
    }
  }

  /** Mostly a page that somebody has mapped, private copies first. */
  #settleInvalidation(drawn: Extract<Operation, { op: 'unmapMapping' }>, sight: Sight): Operation {
    const isSame = drawn.file === SAME;
    if (!isSame && drawn.pgoff === 0) return drawn;
    const owner = isSame ? this.#last.task : (pick(this.#alive, drawn.file) ?? 0);
    const used = sight
      .pagesOf(owner)
      .filter(({ at, kind }) => (isSame ? at === this.#last.at : kind !== 'none'));
    const place = pick(used, drawn.file * 7 + drawn.pgoff)?.at;
    const vma = place === undefined ? undefined : sight.vmaAt(owner, place);
    if (place === undefined || vma?.file === undefined)
      return isSame ? { ...drawn, file: 0, pgoff: 0 } : drawn;
    return { ...drawn, file: vma.file, pgoff: vma.pgoff + (place - vma.start) / PAGE };
  }

  /** Where an operation happens: mostly where it can do something. */
  #place(operation: Operation & { task: number }, drawn: number, sight: Sight): number {
    if (drawn >= SLOTS[0]) return drawn;
    if (drawn === SAME) return this.#last.at;
    const anywhere = (SLOTS[drawn % SLOTS.length] ?? 0) + (Math.floor(drawn / 16) % 8) * PAGE;
    if (drawn % 16 === 0) return anywhere;
    const mapped = sight.pagesOf(operation.task);
    const suits = SUITS[operation.op];
    const about = ABOUT[operation.op] ?? (drawn % 2 === 0 ? ['anon', 'swap', 'other'] : undefined);
    const fitting = mapped.filter(({ at, kind }) => {
      if (drawn % 8 === 1) return true;
      if (about?.includes(kind) === false) return false;
      const vma = suits === undefined ? undefined : sight.vmaAt(operation.task, at);
      return suits === undefined || (vma !== undefined && suits(vma, operation));
    });
    return (pick(fitting, drawn >> 3) ?? pick(mapped, drawn >> 3))?.at ?? anywhere;
  }

  #kindAt(at: number, task: number, sight: Sight): EntryKind | undefined {
    return sight.pagesOf(task).find((page) => page.at === at)?.kind;
  }

  /** Mostly an access that the vma allows. */
  #settleAccess(access: Extract<Operation, { op: 'access' }>, sight: Sight): Operation {
    const flags = sight.vmaAt(access.task, access.at)?.flags ?? 0;
    const isRefused =
      (access.access === 'write' && (flags & VM_WRITE) === 0) ||
      (access.access === 'exec' && (flags & VM_EXEC) === 0);
    return isRefused && (access.value ?? 0) % 4 !== 0 ? { ...access, access: 'read' } : access;
  }

  /** Mapped pages from an address on without a hole. */
  #runFrom(at: number, task: number, sight: Sight): number {
    const mapped = new Set(sight.pagesOf(task).map((page) => page.at));
    let pages = 1;
    while (mapped.has(at + pages * PAGE)) pages += 1;
    return pages;
  }

  /** Mostly a file that the kernel lets map, and not against its rights. */
  #settleFile(mmap: Extract<Operation, { op: 'mmap' }>): Operation {
    const spec = FILES[mmap.file ?? -1];
    if (spec === undefined || (mmap.at + mmap.pages) % 5 === 0) return mmap;
    const isMixed = spec.kind === 'axfs' || (spec.kind === 'driver' && spec.flags === 'mixedmap');
    if (isMixed && !HAS_MIXEDMAP(this.#preset))
      return { ...mmap, file: 2 + ((mmap.file ?? 0) % 6) };
    const isReadOnly = spec.kind === 'axfs' || (spec.kind === 'driver' && !spec.writable);
    return isReadOnly && mmap.prot.includes('w') ? { ...mmap, shared: false } : mmap;
  }

  /** Mostly the start of a vma, and half of the time all of it. */
  #settleRemap<Kind extends Operation & { task: number; vma: number; at: number }>(
    operation: Kind,
    sight: Sight,
  ): Operation {
    if (operation.op !== 'remap') return operation;
    const vma = sight.vmaAt(operation.task, operation.vma);
    if (vma === undefined || operation.flash % 8 === 0) return operation;
    const at = vma.start;
    const whole = (vma.end - vma.start) / PAGE;
    const pages = operation.flash % 2 === 0 ? whole : Math.min(operation.pages, whole);
    return { ...operation, vma: at, at, pages };
  }

  /**
   * Whether the operation can be performed now: what it names is there, and a driver does not do what no
   * kernel stops and no rule allows: a vma both PFNMAP and MIXEDMAP, entries behind its end. The last task is
   * not used for what a kernel stops tasks for.
   */
  admits(operation: Operation, sight: Sight): boolean {
    // A page is named while its driver holds it.
    if (namedPage(operation).some((id) => this.#put.has(id))) return false;
    if ('task' in operation) {
      if (!this.#tasks.has(operation.task) || this.#dead.has(operation.task)) return false;
      if (this.#alive.length === 1 && mayStop(this.#preset, operation, sight)) return false;
    }
    switch (operation.op) {
      case 'remap':
        return (
          mayRemap(operation, sight.vmaAt(operation.task, operation.vma)) &&
          (MARKS_MIXEDMAP(this.#preset) || !this.#leavesLinear(operation, sight))
        );
      case 'insertPfn':
        // Up to 2.6.24 nobody looks whether the address is in the vma.
        return (
          HAS_MIXEDMAP(this.#preset) ||
          sight.vmaAt(operation.task, operation.vma)?.end ===
            sight.vmaAt(operation.task, operation.at)?.end
        );
      case 'insertMixed':
        // For stores to shared mappings only, and nobody checks.
        return (
          !operation.mkwrite ||
          ((sight.vmaAt(operation.task, operation.vma)?.flags ?? VM_SHARED) & VM_SHARED) !== 0
        );
      case 'insertPage':
        return (
          MARKS_MIXEDMAP(this.#preset) ||
          ((sight.vmaAt(operation.task, operation.vma)?.flags ?? 0) & VM_PFNMAP) === 0
        );
      case 'allocPage':
        return !this.#pages.has(operation.id);
      case 'putPage':
        // Whoever maps a page raw has to see to it that it stays.
        return this.#pages.has(operation.id) && !sight.isMappedRaw(operation.id);
      case 'gup':
        return !this.#got.has(operation.id);
      case 'gupPut':
        return this.#got.has(operation.id);
      case 'fork':
        return !this.#tasks.has(operation.child);
      case 'exit':
        return this.#alive.length > 1;
      case 'truncate':
        return operation.pages <= this.#size;
      default:
        return true;
    }
  }

  /** The vma gets another first pfn than its entries have: what they are then, old kernels do not know. */
  #leavesLinear({ task: owner, at }: Extract<Operation, { op: 'remap' }>, sight: Sight): boolean {
    const vma = sight.vmaAt(owner, at);
    if (vma === undefined || !isCow(vma.flags)) return false;
    return sight
      .pagesOf(owner)
      .some((page) => page.at >= vma.start && page.at < vma.end && page.kind !== 'none');
  }

  /** Learns what an operation did. */
  done(operation: Operation, result: string): void {
    if ('task' in operation && result.startsWith('BUG')) this.#dead.add(operation.task);
    if (operation.op === 'allocPage' && result === '0') {
      this.#pages.add(operation.id);
      this.#put.delete(operation.id);
    }
    if (operation.op === 'putPage') {
      this.#pages.delete(operation.id);
      this.#put.add(operation.id);
    }
    if (operation.op === 'gup' && result === '1') this.#got.add(operation.id);
    if (operation.op === 'gupPut') this.#got.delete(operation.id);
    if (operation.op === 'fork' && result === '0') this.#tasks.add(operation.child);
    if (operation.op === 'exit' && result === '0') this.#tasks.delete(operation.task);
    if (operation.op === 'truncate') this.#size = operation.pages;
  }
}

/** A few mappings, and whatever comes then. */
export const sequences = (length: number): fc.Arbitrary<readonly Operation[]> =>
  fc
    .tuple(
      fc.array(fc.oneof({ weight: 3, arbitrary: mmap }, mmapAnonymous), {
        minLength: 3,
        maxLength: 6,
      }),
      fc.array(
        fc.oneof(
          { weight: 12, arbitrary: operations.map((operation) => [operation]) },
          { weight: 1, arbitrary: motif },
        ),
        { minLength: 1, maxLength: length, size: 'max' },
      ),
    )
    .map(([first, rest]) => [...(first as readonly Operation[]), ...rest.flat()]);
