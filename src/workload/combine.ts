/**
 * Workloads out of workloads: one after the other, at the same time, cut down to some files, or moved.
 *
 * @module
 */
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import type { Random } from '../base/random.ts';
import { epochOf } from './trace.ts';
import type { Trace, TraceLine } from './trace.ts';

/** A workload, so many times. */
export interface WorkloadPart {
  readonly trace: Trace;
  /** At least 1. */
  readonly times: number;
}

/** Most lines that a combination may have: some 100 bytes of memory each. */
export const LINES_MAX = 20_000_000;

/** Processes of a run get numbers of their own, one after the other in the order of their first lines. */
class Renumbering {
  #next = 1;

  /** New numbers for one run of a workload. */
  run({ lines }: Trace): (pid: number) => number {
    const pids = new Map<number, number>();
    for (const { pid } of lines) {
      if (pids.has(pid)) continue;
      pids.set(pid, this.#next);
      this.#next += 1;
    }
    return (pid) => pids.get(pid) ?? pid;
  }
}

function checkLines(parts: readonly WorkloadPart[]): void {
  const lines = parts.reduce((sum, { trace, times }) => sum + trace.lines.length * times, 0);
  if (lines > LINES_MAX)
    throw new AxfsError(
      'EFBIG',
      `the workloads have ${String(lines)} lines together, expected ${String(LINES_MAX)} at most`,
    );
}

const nameOf = (parts: readonly WorkloadPart[]): string =>
  parts
    .map(({ trace, times }) => (times === 1 ? trace.name : `${trace.name}*${String(times)}`))
    .join(' ');

/**
 * Workloads one after the other, each as often as it says. Every run has processes of its own, numbered on,
 * and epochs behind those of the run before.
 *
 * @throws AxfsError EFBIG for more than {@link LINES_MAX} lines.
 */
export function sequenceOf(parts: readonly WorkloadPart[]): Trace {
  checkLines(parts);
  const lines: TraceLine[] = [];
  const numbers = new Renumbering();
  let from = 0;
  for (const { trace, times } of parts) {
    const span = trace.lines.reduce((most, line) => Math.max(most, epochOf(line)), 0) + 1;
    for (let time = 0; time < times; time += 1) {
      const pidOf = numbers.run(trace);
      for (const line of trace.lines)
        lines.push({
          ...line,
          line: lines.length + 1,
          pid: pidOf(line.pid),
          epoch: from + epochOf(line),
        });
      from += span;
    }
  }
  return { name: nameOf(parts), lines };
}

/** A run of a workload: its lines, epoch by epoch, and how far it has come. */
interface Run {
  readonly epochs: readonly (readonly TraceLine[])[];
  readonly pidOf: (pid: number) => number;
  at: number;
}

/** Lines of one epoch that follow each other. */
function slicesOf({ lines }: Trace): TraceLine[][] {
  const slices: TraceLine[][] = [];
  let epoch: number | undefined;
  for (const line of lines) {
    if (epochOf(line) !== epoch) slices.push([]);
    epoch = epochOf(line);
    slices.at(-1)?.push(line);
  }
  return slices;
}

/**
 * Workloads at the same time, all runs of all of them: an epoch of one, then of the next, in turn; with
 * `random`, of one drawn evenly from those that are not done. The n-th of these turns is epoch n of the
 * result, in turn all runs' n-th epochs are.
 *
 * @throws AxfsError EFBIG for more than {@link LINES_MAX} lines.
 */
export function interleavingOf(parts: readonly WorkloadPart[], random?: Random): Trace {
  checkLines(parts);
  const numbers = new Renumbering();
  let runs: Run[] = parts.flatMap(({ trace, times }) => {
    const epochs = slicesOf(trace);
    return Array.from({ length: times }, () => ({ epochs, pidOf: numbers.run(trace), at: 0 }));
  });
  const lines: TraceLine[] = [];
  const play = (run: Run, epoch: number): void => {
    for (const line of run.epochs[run.at] ?? [])
      lines.push({ ...line, line: lines.length + 1, pid: run.pidOf(line.pid), epoch });
    run.at += 1;
  };
  for (let epoch = 0; runs.length > 0; epoch += 1) {
    const turn = random === undefined ? runs : [runs[random.below(runs.length)]];
    for (const run of turn) if (run !== undefined) play(run, epoch);
    runs = runs.filter(({ at, epochs }) => at < epochs.length);
  }
  return { name: nameOf(parts), lines };
}

/** A path without what stands for the root in front. */
const inTree = (path: ByteString): string => path.replace(/^\.?\/+/, '');

/** Whether a file lies at or below one of `prefixes`; slashes in front and behind do not matter. */
function isBelow(path: ByteString, prefixes: readonly ByteString[]): boolean {
  const file = inTree(path);
  return prefixes.some((prefix) => {
    const folder = inTree(prefix).replace(/\/+$/, '');
    return folder === '' || file === folder || file.startsWith(`${folder}/`);
  });
}

/** A trace cut down, and what it lost. */
export interface CutTrace {
  readonly trace: Trace;
  /** Lines left out. */
  readonly dropped: number;
}

/**
 * Lines of files at or below one of `prefixes`.
 *
 * @throws AxfsError EINVAL when none is left.
 */
export const onlyBelow = (trace: Trace, prefixes: readonly ByteString[]): CutTrace =>
  cut(trace, prefixes, (path) => path);

/**
 * The trace with paths from `root` on: what was recorded of a tree under a directory. Lines of other files
 * are left out.
 *
 * @throws AxfsError EINVAL when none is left.
 */
export function stripRoot(trace: Trace, root: ByteString): CutTrace {
  const length = inTree(root).replace(/\/+$/, '').length;
  return cut(trace, [root], (path) => {
    const rest = inTree(path).slice(length).replace(/^\/+/, '');
    return `/${rest}` as ByteString;
  });
}

function cut(
  trace: Trace,
  prefixes: readonly ByteString[],
  rename: (path: ByteString) => ByteString,
): CutTrace {
  const renamed = new Map<ByteString, ByteString | undefined>();
  const lines: TraceLine[] = [];
  for (const line of trace.lines) {
    if (!renamed.has(line.path))
      renamed.set(line.path, isBelow(line.path, prefixes) ? rename(line.path) : undefined);
    const path = renamed.get(line.path);
    if (path !== undefined) lines.push({ ...line, path });
  }
  if (lines.length === 0)
    throw new AxfsError(
      'EINVAL',
      `${trace.name}: no line is of a file below ${prefixes.join(', ')}: nothing is left`,
    );
  return { trace: { ...trace, lines }, dropped: trace.lines.length - lines.length };
}
