/**
 * What `expect` can look at. Each subject gives facts by name; a fact that is not as written is a failure
 * that shows both.
 *
 * @module
 */
import { PAGE_FLAGS } from '../mm/frames.ts';
import { PAGE_SIZE } from '../base/units.ts';
import {
  PM_FILE,
  PM_MMAP_EXCLUSIVE,
  PM_PFRAME_MASK,
  PM_PRESENT,
  PM_SOFT_DIRTY,
  PM_SWAP,
  readPagemap,
} from '../mm/pagemap.ts';
import { smapsSums } from '../mm/smaps.ts';
import { statusSum } from '../mm/status.ts';
import type { MmStruct } from '../mm/mm.ts';
import type { Arguments } from './arguments.ts';
import { flagNames, frameState, pteState, taskState } from './state.ts';
import type { PteKind } from './state.ts';
import { ColumnError } from './syntax.ts';
import type { Word } from './syntax.ts';
import { isCowMapping, smapsVmFlags, VM_SOFTDIRTY, withoutFlags } from '../mm/vmflags.ts';
import { numberOf } from './values.ts';
import type { LabWorld } from './world.ts';

/** A fact as it is and as it should be. */
export interface Difference {
  readonly fact: string;
  readonly actual: string;
  readonly expected: string;
}

type Facts = Readonly<Record<string, string | number | boolean>>;

/** A subject: takes its words, gives its facts. */
interface Subject {
  readonly usage: string;
  readonly summary: string;
  /** Checks words that are no settings, if it takes any. */
  readonly check: (
    args: Arguments,
    world: LabWorld,
    mm: MmStruct,
  ) => {
    readonly facts: Facts;
    readonly differences?: readonly Difference[];
  };
}

const PTE_KINDS: readonly PteKind[] = ['none', 'raw', 'file', 'anon', 'zero', 'swap', 'bogus'];

/** Whether a 64-bit entry has a bit. */
const hasBit = (entry: bigint, bit: bigint): boolean => (entry / bit) % 2n === 1n;

/** Subjects by name. */
export const SUBJECTS = {
  result: {
    usage: 'expect [result=R] [faults=N] [minor=N] [major=N] [bug=FUNCTION]',
    summary: 'how the last operation ended; faults are minor and major ones together',
    check: (_args, { last }) => ({
      facts: {
        result: last.result,
        faults: last.minor + last.major,
        minor: last.minor,
        major: last.major,
        bug: last.bug ?? 'none',
      },
    }),
  },
  pte: {
    usage: `expect pte PLACE ${PTE_KINDS.join('|')} [pfn=N] [write=0|1] [dirty=] [young=] [exec=] [user=] [special=]`,
    summary:
      'the page-table entry of a page, or pages=N of them; pfn: a number, a page by name, pfn(PLACE)',
    check: (args, world, mm) => {
      const address = world.address(args.next('a place'));
      const pages = args.number('pages', 1, 1);
      const kind = args.optional();
      const differences: Difference[] = [];
      const pfnWord = args.setting('pfn');
      const { pfn } = pteState(mm, address);
      if (pfnWord !== undefined && world.pfn(mm, pfnWord) !== pfn)
        differences.push({ fact: 'pfn', actual: `0x${pfn.toString(16)}`, expected: pfnWord.text });
      for (let i = 0; i < pages; i += 1) {
        const pte = pteState(mm, (address + i * PAGE_SIZE) as typeof address);
        if (kind !== undefined) {
          if (!PTE_KINDS.includes(kind.text as PteKind))
            throw new ColumnError(
              kind.column,
              `'${kind.text}' is no kind of entry, expected ${PTE_KINDS.join(' or ')}`,
            );
          if (pte.kind !== kind.text)
            differences.push({ fact: 'pte', actual: pte.kind, expected: kind.text });
        }
      }
      return { facts: { ...pteState(mm, address) }, differences };
    },
  },
  page: {
    usage: 'expect page PAGE|FILE:INDEX|PLACE count=N [map=N] [writes=N] [FLAG=0|1 …] | gone',
    summary:
      'the struct page of a name, of the page cache, or behind an entry; writes: how often its count was written since it was allocated; gone: freed, or there is none',
    check: (args, world, mm) => {
      const word = args.next('a page');
      const isGone = args.flag('gone');
      const page = world.page(mm, word);
      const count = page === undefined ? 0 : world.memory.frames.refcount(page);
      if (isGone)
        return {
          facts: {},
          differences:
            count === 0
              ? []
              : [{ fact: 'page', actual: `count ${String(count)}`, expected: 'gone' }],
        };
      if (page === undefined) {
        args.settings();
        return { facts: {}, differences: [{ fact: 'page', actual: 'none', expected: word.text }] };
      }
      const { flags, ...state } = frameState(world, page);
      const named = Object.fromEntries(PAGE_FLAGS.map((flag) => [flag, flags.includes(flag)]));
      const writes = world.memory.frames.refcountWrites(page);
      return { facts: { ...named, ...state, writes } };
    },
  },
  rss: {
    usage: 'expect rss [file=N] [anon=N] [swap=N] [locked=N] [total=N]',
    summary: 'the counters of the task, in pages',
    check: (_args, _world, mm) => ({
      facts: {
        file: mm.fileRss,
        anon: mm.anonRss,
        swap: mm.swapRss,
        locked: mm.lockedVm,
        total: mm.fileRss + mm.anonRss,
      },
    }),
  },
  vma: {
    usage:
      'expect vma PLACE [flags=N] [pgoff=N] [pages=N] [cow=0|1] [+VM_FLAG …] [-VM_FLAG …] | gone',
    summary: 'the mapping of a place; flags without soft-dirty; cow: is_cow_mapping',
    check: (args, world, mm) => {
      const word = args.next('a place');
      const address = world.address(word);
      const vma = mm.vmas.find(address);
      const there = vma?.contains(address) === true;
      if (args.flag('gone'))
        return {
          facts: {},
          differences: there ? [{ fact: 'vma', actual: 'mapped', expected: 'gone' }] : [],
        };
      if (vma === undefined || !there) {
        args.rest();
        args.settings();
        return { facts: {}, differences: [{ fact: 'vma', actual: 'gone', expected: word.text }] };
      }
      const names = flagNames(vma.vmFlags);
      const differences = args.rest().flatMap(({ text, column }) => {
        const [, sign = '', name = ''] = /^([+-])(VM_\w+)$/.exec(text) ?? [];
        if (name === '')
          throw new ColumnError(column, `'${text}' is no flag, expected +VM_IO or -VM_IO`);
        return names.includes(name) === (sign === '+')
          ? []
          : [
              {
                fact: name,
                actual: sign === '+' ? 'clear' : 'set',
                expected: sign === '+' ? 'set' : 'clear',
              },
            ];
      });
      const shown = world.kernel.preset.softDirty
        ? withoutFlags(vma.vmFlags, VM_SOFTDIRTY)
        : vma.vmFlags;
      const pages = (vma.vmEnd - vma.vmStart) / PAGE_SIZE;
      const cow = isCowMapping(vma.vmFlags);
      return {
        facts: { flags: shown, pgoff: vma.vmPgoff, pages, cow, start: vma.vmStart },
        differences,
      };
    },
  },
  byte: {
    usage: 'expect byte PLACE=N',
    summary: 'the byte at a place, as its entry shows it, without touching it',
    check: (args, world, mm) => {
      const differences: Difference[] = [];
      // `v=0x41` reads as a setting, `v[0]=0x41` does not.
      const [set] = args.settings();
      const word: Word =
        set === undefined
          ? args.next('a place and a byte')
          : { text: `${set[0]}=${set[1].text}`, column: set[1].column - set[0].length - 1 };
      const [, place = '', value = ''] = /^(.+)=([^=]+)$/.exec(word.text) ?? [];
      const expected = numberOf(value);
      if (expected === undefined)
        throw new ColumnError(
          word.column,
          `'${word.text}' is no place with a byte, expected V[0]=0x41`,
        );
      const address = world.address({ text: place, column: word.column });
      const pte = pteState(mm, address);
      const actual =
        pte.kind === 'none' || pte.kind === 'swap'
          ? undefined
          : world.memory.physical.bytesOf(
              pte.pfn as Parameters<typeof world.memory.physical.bytesOf>[0],
            )[address % PAGE_SIZE];
      if (actual !== expected)
        differences.push({
          fact: `byte ${place}`,
          actual: String(actual ?? pte.kind),
          expected: value,
        });
      return { facts: {}, differences };
    },
  },
  reports: {
    usage: 'expect reports [bad_pte=N] [bad_page=N] [bad_rss=N] [warning=N] [bug=N] [printed=N]',
    summary:
      'what the kernel has reported since the start; printed: of bad_pte, what the console shows',
    check: (_args, world) => ({
      facts: {
        ...Object.fromEntries(
          (['bad_pte', 'bad_page', 'bad_rss', 'warning', 'bug'] as const).map((kind) => [
            kind,
            world.reports.filter((report) => report.kind === kind).length,
          ]),
        ),
        printed: world.memory.badPtes.length,
      },
    }),
  },
  task: {
    usage: 'expect task NAME alive|dead|exited [minflt=N] [majflt=N] [mmap_lock=0|1]',
    summary: 'how a task is; mmap_lock: held for writing',
    check: (args, world) => {
      const word = args.next('a task');
      const mm = world.task(word);
      const state = args.optional();
      const { minflt, majflt, ...task } = taskState(word.text, mm);
      return {
        facts: { minflt, majflt, mmap_lock: mm.mmapWriteLocked },
        differences:
          state === undefined || state.text === task.state
            ? []
            : [{ fact: 'task', actual: task.state, expected: state.text }],
      };
    },
  },
  smaps: {
    usage: 'expect smaps PLACE [Rss=KB] [Pss=KB …] [+mm …] [-io …]',
    summary: 'lines of smaps of the mapping, in kB; +mm: letters of its VmFlags line',
    check: (args, world, mm) => {
      const vma = world.vma(mm, args.next('a place'));
      const sums = smapsSums(vma);
      const letters = mm.memory.kernel.smapsLines.includes('VmFlags')
        ? smapsVmFlags(vma.vmFlags).trim().split(' ')
        : [];
      const differences = args.rest().flatMap(({ text, column }): readonly Difference[] => {
        const [, sign, name = ''] = /^([+-])([a-z]{2})$/.exec(text) ?? [];
        if (sign === undefined)
          throw new ColumnError(column, `'${text}' are no VmFlags, expected +mm or -mm`);
        if (letters.includes(name) === (sign === '+')) return [];
        return [{ fact: 'VmFlags', actual: letters.join(' ') || 'no such line', expected: text }];
      });
      return {
        differences,
        facts: Object.fromEntries(
          Object.entries(sums).map(([line, bytes]) => [line, Math.floor(bytes / 1024)]),
        ),
      };
    },
  },
  pagemap: {
    usage:
      'expect pagemap PLACE=ENTRY|PLACE [pfn=N] [present=0|1] [file=0|1] [exclusive=0|1] [swap=0|1]',
    summary:
      'the 64-bit entry of /proc/<pid>/pagemap, without soft-dirty; pfn: bits 0 to 54, a number, a page by name, or pfn(PLACE)',
    check: (args, world, mm) => {
      const word = args.next('a place');
      const [, place = word.text, text] = /^(.+)=([^=]+)$/.exec(word.text) ?? [];
      const entries = readPagemap(mm, world.address({ text: place, column: word.column }), 1);
      if (typeof entries === 'string') {
        args.settings();
        return {
          facts: {},
          differences: [{ fact: 'pagemap', actual: entries, expected: word.text }],
        };
      }
      const [read = 0n] = entries;
      const isSoftDirty = mm.memory.kernel.softDirty && hasBit(read, PM_SOFT_DIRTY);
      const entry = isSoftDirty ? read - PM_SOFT_DIRTY : read;
      const differences: Difference[] = [];
      if (text !== undefined && !/^(0x[0-9a-f]+|[0-9]+)$/i.test(text))
        throw new ColumnError(
          word.column,
          `'${text}' is no entry, expected V[0]=0x8000000000034001`,
        );
      if (text !== undefined && BigInt(text) !== entry)
        differences.push({
          fact: `pagemap ${place}`,
          actual: `0x${entry.toString(16)}`,
          expected: text,
        });
      const pfn = Number(entry % (PM_PFRAME_MASK + 1n));
      const pfnWord = args.setting('pfn');
      if (pfnWord !== undefined && world.pfn(mm, pfnWord) !== pfn)
        differences.push({ fact: 'pfn', actual: `0x${pfn.toString(16)}`, expected: pfnWord.text });
      const has = (bit: bigint): boolean => hasBit(entry, bit);
      return {
        facts: {
          present: has(PM_PRESENT),
          file: has(PM_FILE),
          exclusive: mm.memory.kernel.pagemap === 'flags' && has(PM_MMAP_EXCLUSIVE),
          swap: has(PM_SWAP),
        },
        differences,
      };
    },
  },
  status: {
    usage: 'expect status [VmRSS=KB] [VmLck=KB] …',
    summary: 'lines of /proc/<pid>/status about memory, in kB',
    check: (_args, _world, mm) => ({
      facts: Object.fromEntries(
        mm.memory.kernel.statusLines.map((line) => [line, Math.floor(statusSum(mm, line) / 1024)]),
      ),
    }),
  },
  ram: {
    usage: 'expect ram [free=N] [swap=N] [frames=N]',
    summary: 'free frames, slots of swap in use, frames in all',
    check: (_args, { memory }) => ({
      facts: { free: memory.frames.free, swap: memory.swap.used, frames: memory.frames.count },
    }),
  },
  cache: {
    usage: 'expect cache FILE pages=N',
    summary: 'pages of a file in the page cache',
    check: (args, world) => ({
      facts: { pages: world.file(args.next('a file')).file.mapping?.size ?? 0 },
    }),
  },
} as const satisfies Readonly<Record<string, Subject>>;

/** Compares what a statement expects with what is. @throws ColumnError */
export function checkExpectation(
  args: Arguments,
  world: LabWorld,
  mm: MmStruct,
): readonly Difference[] {
  const [first] = args.statement.words;
  const isSubject = first !== undefined && Object.hasOwn(SUBJECTS, first.text);
  const name = isSubject ? (first.text as keyof typeof SUBJECTS) : 'result';
  if (isSubject) args.next('a subject');
  else if (first !== undefined)
    throw new ColumnError(
      first.column,
      `'${first.text}' is nothing to expect, expected ${Object.keys(SUBJECTS).join(', ')}`,
    );
  const subject: Subject = SUBJECTS[name];
  const { facts, differences = [] } = subject.check(args, world, mm);
  const wrong = args.settings().flatMap(([fact, word]) => compare(facts, fact, word, subject));
  args.finish();
  return [...differences, ...wrong];
}

function compare(facts: Facts, fact: string, word: Word, subject: Subject): readonly Difference[] {
  if (!Object.hasOwn(facts, fact)) {
    if (Object.keys(facts).length === 0) return [];
    throw new ColumnError(word.column, `'${fact}=' is not known here: ${subject.usage}`);
  }
  const actual = facts[fact];
  const value = numberOf(word.text);
  const isEqual =
    typeof actual === 'string'
      ? word.text.split('|').includes(actual) || (value !== undefined && numberOf(actual) === value)
      : value === Number(actual);
  if (isEqual) return [];
  const shown =
    typeof actual === 'number' && word.text.startsWith('0x')
      ? `0x${actual.toString(16)}`
      : String(typeof actual === 'boolean' ? Number(actual) : actual);
  return [{ fact, actual: shown, expected: word.text }];
}
