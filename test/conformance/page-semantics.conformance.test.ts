/**
 * Whether what a program can do to a page, and see of it, is what the measured Linux 6.1 did: line by line, for
 * XIP, compressed and byte-aligned pages of a mounted image, and a file that is always cached.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { PAGE_SIZE } from '../../src/base/units.ts';
import type { MappedFile } from '../../src/mm/mappable.ts';
import { formatSmaps } from '../../src/mm/smaps.ts';
import { MAP_PRIVATE, PROT_READ } from '../../src/mm/vmflags.ts';
import type { Machine } from '../../src/sim/machine.ts';
import {
  CachedFile,
  comparable,
  probeMachine,
  probePage,
  PROBED,
} from '../support/page-semantics.ts';
import type { ProbedKind } from '../support/page-semantics.ts';
import { REFERENCE, hasReference, whyNoReference } from './reference.ts';

const measured = (name: string): readonly string[] =>
  readFileSync(join(REFERENCE, 'kernel-measurements', 'smaps', name), 'utf8')
    .trimEnd()
    .split('\n');

/** A line that differs: its number from 1, and both. */
interface Difference {
  readonly line: number;
  readonly measured: string | undefined;
  readonly ours: string | undefined;
}

/** A measured line that no rule of the kernel explains. */
interface Exception extends Difference {
  readonly reason: string;
}

/** Faults are counted for the whole probe: its own memory faults now and then. */
const FAULT_OF_THE_PROBE =
  'a compressed and a byte-aligned page take the same way from the page cache on, and the byte-aligned one ' +
  'was measured with a fault less: the further one is of the memory of the probe itself';

/** By file of measurements; every one must still be needed. */
const EXCEPTIONS: Readonly<Record<string, readonly Exception[]>> = {
  'page-semantics-text.txt': [
    {
      line: 25,
      measured: '  child after fork: 1 fault(s)',
      ours: '  child after fork: 0 fault(s)',
      reason: `fork copies the entries of a MIXEDMAP vma; ${FAULT_OF_THE_PROBE}`,
    },
    {
      line: 40,
      measured: '  rw-private read: 2 fault(s), then write: 1 fault(s)',
      ours: '  rw-private read: 1 fault(s), then write: 1 fault(s)',
      reason: FAULT_OF_THE_PROBE,
    },
  ],
};

/** Lines that are not the same in both. */
const differencesOf = (theirs: readonly string[], ours: readonly string[]): Difference[] =>
  Array.from({ length: Math.max(theirs.length, ours.length) }, (_, index) => ({
    line: index + 1,
    measured: theirs[index],
    ours: ours[index],
  })).filter((row) => row.measured !== row.ours);

describe.skipIf(!hasReference)(`what a page shows${whyNoReference}`, () => {
  let machine: Machine;
  beforeEach(async () => {
    machine = await probeMachine('6.1-x86');
  });

  /** Probes pages and compares: the differences are the exceptions, none more and none less. */
  function compare(name: string, file: MappedFile, pages: readonly number[]): void {
    const ours = pages.flatMap((page) => probePage(machine.spawn(), file, page));
    const differences = differencesOf(measured(name).map(comparable), ours.map(comparable));
    const exceptions = EXCEPTIONS[name] ?? [];
    for (const { reason } of exceptions) expect(reason).not.toBe('');
    expect(differences).toEqual(
      exceptions.map(({ line, measured, ours }) => ({ line, measured, ours })),
    );
  }

  it.each<[name: string, kind: ProbedKind]>([
    ['page-semantics-busybox.txt', 'xip'],
    ['page-semantics-text.txt', 'compressed'],
    ['page-semantics-ba.txt', 'byte-aligned'],
  ])('%s: every line of pages that are %s', (name, kind) => {
    const { path, pages } = PROBED[kind];
    compare(name, machine.mount.open(path), pages);
  });

  it('page-semantics-tmpfs.txt: every line of a page that is always cached', () => {
    compare('page-semantics-tmpfs.txt', new CachedFile(machine.memory, 8), [3]);
  });

  it('busybox-sleep: all lines of smaps of an XIP mapping, and their columns', () => {
    const text = measured('busybox-sleep.legacy-allxip.txt').join('\n');
    const start = text.indexOf('\n\n') + 2;
    const end = text.indexOf('\n', text.indexOf('VmFlags', start));
    const [theirVma = '', ...theirs] = text.slice(start, end).split('\n');
    const mm = machine.spawn();
    const { path } = PROBED.xip;
    const file = machine.mount.open(path);
    const base = mm.mmap({ length: PAGE_SIZE, prot: PROT_READ, flags: MAP_PRIVATE, file });
    mm.touch(base, 'read');
    const [vma = '', ...lines] = formatSmaps(mm).trimEnd().split('\n');
    expect(lines).toEqual(theirs.map((line) => line.trimEnd()));
    expect(vma.indexOf(path)).toBe(theirVma.indexOf('/mnt/'));
  });
});
