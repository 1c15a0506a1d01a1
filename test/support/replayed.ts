import { expect } from 'vitest';
import { fromText } from '../../src/base/bytestring.ts';
import { LedgerSink, totalFaults } from '../../src/cost/ledger.ts';
import type { Ledger } from '../../src/cost/ledger.ts';
import type { FaultRoute } from '../../src/fs/file.ts';
import type { Inflater } from '../../src/codec/zlib.ts';
import { assertMm } from '../../src/mm/check.ts';
import type { MmStruct } from '../../src/mm/mm.ts';
import { createMachine } from '../../src/sim/machine.ts';
import type { Machine } from '../../src/sim/machine.ts';
import { replay } from '../../src/sim/replay.ts';
import type { ReplayResult } from '../../src/sim/replay.ts';
import type { Trace } from '../../src/workload/trace.ts';
import { recountTrace } from './recount.ts';
import type { Recount } from './recount.ts';

/** A finished replay, with what the simulator counted and what was counted without it. */
export interface Replayed {
  readonly machine: Machine;
  readonly ledger: Ledger;
  readonly result: ReplayResult;
  readonly expected: Recount;
}

/** Lines between checks of the whole state: checking after every line is quadratic. */
const CHECK_EVERY = 97;

/** Replays a trace with mm's invariants checked on the way. */
export function replayChecked(
  image: Uint8Array,
  traceText: string,
  trace: Trace,
  options: { readonly faultRoute: FaultRoute; readonly inflater: Inflater },
): Replayed {
  const ledger = new LedgerSink();
  const machine = createMachine({ image, ...options, sink: ledger.sink });
  const { mount, memory } = machine;
  let lines = 0;
  const afterLine = (mms: readonly MmStruct[]): void => {
    lines += 1;
    if (lines % CHECK_EVERY === 0) assertMm(memory, mms, (page) => mount.references(page));
  };
  const result = replay(machine, trace, ledger.sink, { afterLine });
  const { volume } = mount;
  const isXip = (path: string, page: number): boolean => {
    const inode = volume.resolve(fromText(path));
    return volume.image.tables.node_type.get(inode.arrayIndex + page) === 0;
  };
  const expected = recountTrace(traceText, isXip, options.faultRoute);
  return { machine, ledger: ledger.read(), result, expected };
}

/** What must hold of every replay, whatever the design. */
export function expectConsistent({ machine, ledger, result, expected }: Replayed): void {
  const { faults, earlyCow, fills } = ledger;
  expect({
    faults: totalFaults(ledger),
    xip: faults.raw_pfn,
    fills: faults.file_major,
    hits: faults.file_minor,
    writeProtectXip: faults.wp_raw,
    writeProtectFile: faults.wp_file,
    earlyCow: earlyCow.file_major + earlyCow.file_minor,
    touches: result.touches,
    largestAnon: Math.max(...result.processes.map(({ anonRss }) => anonRss)),
    largestFile: Math.max(...result.processes.map(({ fileRss }) => fileRss)),
  }).toEqual(expected);
  expect(faults.wp_anon + faults.wp_zero + faults.anonymous + ledger.pageClears).toBe(0);
  expect(fills.pages).toBe(faults.file_major);
  const taken = result.processes.reduce((sum, { minflt, majflt }) => sum + minflt + majflt, 0);
  expect(taken).toBe(totalFaults(ledger));
  // After the last process: no anonymous page, no mapping, and only the mount's own references.
  const { memory, mount } = machine;
  assertMm(memory, [], (page) => mount.references(page));
  expect(memory.frames.usage.byUse.anon).toBe(0);
  expect(memory.frames.usage.byUse.page_table).toBe(0);
  expect(memory.frames.usage.byUse.page_cache).toBe(fills.pages);
  for (const page of memory.frames.allocated()) {
    expect(memory.frames.mapcount(page)).toBe(0);
    if (memory.frames.useOf(page) === 'page_cache') expect(memory.frames.refcount(page)).toBe(1);
  }
}
