/**
 * A root file system on a flash part with misbehaving cells: mounted, looked through, replayed, read and
 * mapped, every byte compared. What a failing device may do is to refuse; nothing else.
 *
 * @module
 */
import { fromBytes, toText } from '../../src/base/bytestring.ts';
import { AxfsError } from '../../src/base/errno.ts';
import { PAGE_SIZE } from '../../src/base/units.ts';
import { LedgerSink } from '../../src/cost/ledger.ts';
import { assertMm } from '../../src/mm/check.ts';
import { SignalError } from '../../src/mm/kernel-bug.ts';
import type { MmStruct } from '../../src/mm/mm.ts';
import { MAP_PRIVATE, PROT_EXEC, PROT_READ } from '../../src/mm/vmflags.ts';
import { mtdInfoOf } from '../../src/mtd/create-device.ts';
import type { Outcome, Scenario } from '../../src/mtd/faults/sweep.ts';
import type { MtdPart } from '../../src/mtd/part.ts';
import { createMachine } from '../../src/sim/machine.ts';
import type { Machine, MachineOptions } from '../../src/sim/machine.ts';
import { replay } from '../../src/sim/replay.ts';
import type { Trace } from '../../src/workload/trace.ts';

/** What is run. */
export interface FlashScenario extends Pick<
  MachineOptions,
  'image' | 'second' | 'access' | 'inflater'
> {
  readonly part: MtdPart;
  /** Contents of the image's regular files by path, and targets of its symlinks. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly links: ReadonlyMap<string, string>;
  readonly trace: Trace;
  /** Whose cells misbehave. */
  readonly damaged?: 'first' | 'second';
}

/** Ends with EIO or SIGBUS, which is how a device's failure may show. */
function refusal(error: unknown): string | undefined {
  if (error instanceof AxfsError && error.code === 'EIO') return error.message;
  if (error instanceof SignalError && error.signal === 'SIGBUS') return error.message;
  return undefined;
}

/** Collects what was refused and what was wrong. */
class Findings {
  readonly refused: string[] = [];
  readonly wrong: string[] = [];

  /** Runs a step that may be refused. */
  step(what: string, run: () => string | undefined): void {
    try {
      const problem = run();
      if (problem !== undefined) this.wrong.push(`${what}: ${problem}`);
    } catch (error) {
      const reason = refusal(error);
      if (reason === undefined) throw error;
      this.refused.push(`${what}: ${reason}`);
    }
  }

  get outcome(): Outcome {
    if (this.wrong.length > 0) return { result: 'wrong', detail: this.wrong.join('; ') };
    return this.refused.length > 0
      ? { result: 'refused', detail: this.refused.join('; ') }
      : { result: 'right', detail: '' };
  }
}

const firstDifference = (got: Uint8Array, expected: Uint8Array): string | undefined => {
  const at = expected.findIndex((byte, i) => got[i] !== byte);
  return at < 0 ? undefined : `byte ${String(at)} is ${String(got[at])}`;
};

/** Maps a file whole and looks at each of its pages. */
function lookAtPages(
  mm: MmStruct,
  { mount }: Machine,
  findings: Findings,
  [path, expected]: readonly [string, Uint8Array],
): void {
  const file = mount.open(path);
  if (expected.length === 0) return;
  const base = mm.mmap({
    length: expected.length,
    prot: PROT_READ + PROT_EXEC,
    flags: MAP_PRIVATE,
    file,
  });
  for (let at = 0; at < expected.length; at += PAGE_SIZE) {
    const page = expected.subarray(at, at + PAGE_SIZE);
    findings.step(`${path} page ${String(at / PAGE_SIZE)}`, () =>
      firstDifference(mm.readMemory((base + at) as typeof base, page.length), page),
    );
  }
}

/** Every counter says what happened: devices, ledger and memory agree. */
function countersLie(machine: Machine, counted: LedgerSink): string | undefined {
  const ledger = counted.read();
  const devices = [machine.device, ...(machine.second === undefined ? [] : [machine.second])];
  const sum = (value: (device: (typeof devices)[number]) => number): number =>
    devices.reduce((total, device) => total + value(device), 0);
  const copies = ledger.fills.byReason.read_copy;
  const kept = ledger.fills.pages - copies;
  const cached = machine.memory.frames.usage.byUse.page_cache;
  const pairs: readonly (readonly [string, number, number])[] = [
    ['reads', sum(({ counters }) => counters.readOperations), ledger.mtdReads.operations],
    ['bytes read', sum(({ counters }) => counters.readBytes), ledger.mtdReads.bytes],
    ['mapped lines', sum(({ counters }) => counters.mappedLines), ledger.mappedReads.lines],
    [
      'bytes on the bus',
      sum(({ counters }) => counters.bus.busBytes),
      ledger.bus.first.busBytes + ledger.bus.second.busBytes,
    ],
    ['bits corrected', sum(({ eccStats }) => eccStats.corrected), ledger.ecc.corrected],
    // Copies of XIP pages that read() made go when the page is mapped.
    ['pages filled', cached - Math.min(copies, Math.max(0, cached - kept)), kept],
  ];
  const lie = pairs.find(([, one, other]) => one !== other);
  return lie && `${lie[0]}: ${String(lie[1])}, ledger ${String(lie[2])}`;
}

/** The scenario, for sweeps. */
export const flashScenario =
  (options: FlashScenario): Scenario =>
  (makeCells) => {
    const findings = new Findings();
    const counted = new LedgerSink();
    const { part, files, links, trace, damaged = 'first', ...rest } = options;
    let machine: Machine | undefined;
    findings.step('mount', () => {
      machine = createMachine({
        ...rest,
        part,
        ramPages: 8192,
        sink: counted.sink,
        damage: (cells, device) => {
          const info = mtdInfoOf(
            device === 'first' ? part : (rest.second?.part ?? part),
            cells.size,
          );
          return device === damaged ? makeCells(cells, info) : cells;
        },
      });
      return undefined;
    });
    if (machine === undefined) return findings.outcome;
    const { mount, memory } = machine;
    const before = memory.frames.usage;
    for (const [path, target] of links)
      findings.step(`readlink ${path}`, () => {
        const inode = mount.volume.resolve(fromBytes(new TextEncoder().encode(path)), false);
        const read = toText(mount.volume.readlink(inode));
        return read === target ? undefined : `target is ${read}`;
      });
    const board = machine;
    findings.step('replay', () => {
      const { killed } = replay(board, trace, counted.sink, {
        onSignal: 'kill',
        afterLine: (mms) => {
          if (mms.length === 0) assertMm(memory, mms, (page) => mount.references(page));
        },
      });
      for (const { error } of killed) findings.refused.push(error.message);
      return undefined;
    });
    for (const [path, expected] of files) {
      findings.step(`read ${path}`, () => {
        const into = new Uint8Array(expected.length);
        const got = mount.open(path).read(0, into);
        return got === expected.length
          ? firstDifference(into, expected)
          : `${String(got)} bytes, expected ${String(expected.length)}`;
      });
      const mm = board.spawn();
      findings.step(`open ${path}`, () => {
        lookAtPages(mm, board, findings, [path, expected]);
        return undefined;
      });
      assertMm(memory, [mm], (page) => mount.references(page));
      mm.exit();
    }
    const lie = countersLie(board, counted);
    if (lie !== undefined) findings.wrong.push(lie);
    mount.unmount();
    const after = memory.frames.usage;
    if (after.total > before.total || after.byUse.page_cache > 0)
      findings.wrong.push(`RAM in use after unmount: ${JSON.stringify(after.byUse)}`);
    return findings.outcome;
  };
