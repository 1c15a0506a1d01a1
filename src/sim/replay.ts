/**
 * Replays a page-touch trace on a mounted image. Each process maps each file it touches once, whole,
 * MAP_PRIVATE, readable and executable, and writable exactly if the trace writes to that file in that
 * process; it exits after its last line.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import { toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import type { EventSink } from '../base/events.ts';
import { PAGE_SIZE, virtAddr } from '../base/units.ts';
import type { InodeNumber, Pfn, VirtAddr } from '../base/units.ts';
import type { AxfsFile } from '../fs/file.ts';
import { SignalError } from '../mm/kernel-bug.ts';
import type { MmStruct } from '../mm/mm.ts';
import { pteIndex } from '../mm/pagetable.ts';
import { MAP_PRIVATE, PROT_EXEC, PROT_READ, PROT_WRITE } from '../mm/vmflags.ts';
import type { CpuCache } from './cpu-cache.ts';
import { LineToucher } from './line-touches.ts';
import type { Machine } from './machine.ts';
import type { Trace, TraceLine } from '../workload/trace.ts';

/** What one process came to, read just before it exits. */
export interface ProcessResult {
  readonly pid: number;
  /** Pages. */
  readonly fileRss: number;
  readonly anonRss: number;
  readonly minflt: number;
  readonly majflt: number;
  readonly touches: number;
}

/** A process that a fault of the world ended, with what it met. */
export interface KilledProcess {
  readonly pid: number;
  readonly error: AxfsError;
}

/** Looks on as lines are played, and sees what each of them does. */
export interface LineWatch {
  /** Before anything happens for a line: the process may be new. */
  begin(line: TraceLine, file: AxfsFile): void;
  /** Everything has happened, but for the end of a process whose last line it was. */
  end(line: TraceLine): void;
}

/** How to replay. */
export interface ReplayOptions {
  /** The CPU's cache; default: none that lasts, every line that a trace line uses is fetched once. */
  readonly cache?: CpuCache;
  /** Called after every line, for checks. */
  readonly afterLine?: (mms: readonly MmStruct[]) => void;
  readonly watch?: LineWatch;
  /**
   * What a signal does: `stop` ends the replay with an error, `kill` ends the process, as the kernel does, and goes
   * on with the others. Default: `stop`.
   */
  readonly onSignal?: 'stop' | 'kill';
  /**
   * Lines that only read do so by read(2) of the page instead of touching a mapping: on kernels that serve it from
   * the page cache (row `readOfXip`), an XIP page leaves a copy in RAM. Default: no.
   */
  readonly readsByCall?: boolean;
}

/** A replay's result beside its events. */
export interface ReplayResult {
  /** Processes that came to their end. */
  readonly processes: readonly ProcessResult[];
  readonly killed: readonly KilledProcess[];
  /** Letters of the trace: one touch each. */
  readonly touches: number;
}

/** One process being replayed: its mappings by inode, so that a file with two paths is mapped once. */
interface Process {
  readonly pid: number;
  readonly mm: MmStruct;
  readonly mappings: Map<InodeNumber, VirtAddr>;
  touches: number;
}

/** What has to be known before the first line: a process's last line, the files it writes to. */
interface Plan {
  readonly lastLine: ReadonlyMap<number, number>;
  readonly files: ReadonlyMap<ByteString, AxfsFile>;
  readonly written: ReadonlySet<string>;
}

const fileKey = (pid: number, file: AxfsFile): string => `${String(pid)}:${String(file.ino)}`;

function planOf(machine: Machine, trace: Trace): Plan {
  const files = resolveFiles(machine, trace);
  const lastLine = new Map<number, number>();
  const written = new Set<string>();
  trace.lines.forEach((line, i) => {
    lastLine.set(line.pid, i);
    const file = files.get(line.path);
    if (file !== undefined && line.accesses.includes('write')) written.add(fileKey(line.pid, file));
  });
  return { lastLine, files, written };
}

/**
 * Runs `trace` on `machine`.
 *
 * @throws AxfsError EINVAL naming trace, path and page when the image has no such file or page; ENOMEM when
 * RAM is full, EIO for a damaged page or a failing device, naming the line. All processes have exited then.
 */
export function replay(
  machine: Machine,
  trace: Trace,
  sink: EventSink,
  { cache, afterLine, watch, onSignal = 'stop', readsByCall = false }: ReplayOptions = {},
): ReplayResult {
  const plan = planOf(machine, trace);
  const running = new Map<number, Process>();
  const processes: ProcessResult[] = [];
  const killed = new Map<number, AxfsError>();
  const touched = new LineToucher(machine, sink, cache);
  const buffer = new Uint8Array(PAGE_SIZE);
  const isCall = ({ accesses }: TraceLine): boolean =>
    readsByCall && accesses.length === 1 && accesses[0] === 'read';
  try {
    for (const [i, line] of trace.lines.entries()) {
      if (killed.has(line.pid)) continue;
      watch?.begin(line, fileOf(plan, line));
      const process = running.get(line.pid) ?? startProcess(machine, line.pid);
      running.set(line.pid, process);
      try {
        if (isCall(line)) readPage(process, line, plan, buffer);
        else touched.touch(playLine(process, line, plan), line);
      } catch (error) {
        const how = isCall(line) ? 'read(2)' : 'SIGBUS';
        const reason = lineError(machine, trace, line, { error, how });
        if (onSignal === 'stop' || !(reason instanceof AxfsError)) throw reason;
        killed.set(line.pid, reason);
      }
      watch?.end(line);
      const isKilled = killed.has(line.pid);
      if (isKilled || plan.lastLine.get(line.pid) === i) {
        if (!isKilled) processes.push(resultOf(process));
        process.mm.exit();
        running.delete(line.pid);
      }
      afterLine?.([...running.values()].map(({ mm }) => mm));
    }
  } finally {
    for (const { mm } of running.values()) mm.exit();
  }
  return {
    processes,
    killed: Array.from(killed, ([pid, error]) => ({ pid, error })),
    touches: processes.reduce((sum, { touches }) => sum + touches, 0),
  };
}

const startProcess = (machine: Machine, pid: number): Process => ({
  pid,
  mm: machine.spawn(),
  mappings: new Map(),
  touches: 0,
});

const resultOf = ({ pid, mm, touches }: Process): ProcessResult => ({
  pid,
  fileRss: mm.fileRss,
  anonRss: mm.anonRss,
  minflt: mm.minflt,
  majflt: mm.majflt,
  touches,
});

/**
 * Touches a page as the line says. The answer is the frame that the line's reads and instruction fetches
 * come from; of a line that only writes, the page written.
 */
function playLine(process: Process, line: TraceLine, plan: Plan): Pfn {
  const { mm } = process;
  const address = virtAddr(mappingOf(process, line, plan) + line.page * PAGE_SIZE);
  let frame: Pfn | undefined;
  for (const access of line.accesses) {
    if (access === 'write' && line.accesses.length > 1) frame = frameAt(mm, address);
    mm.touch(address, access);
    process.touches += 1;
  }
  return frame ?? frameAt(mm, address);
}

/** read(2) of a page into a buffer of the process. */
function readPage(process: Process, line: TraceLine, plan: Plan, buffer: Uint8Array): void {
  fileOf(plan, line).read(line.page * PAGE_SIZE, buffer);
  process.touches += 1;
}

/** What a signal, or a line that fails on the flash bus, means to whoever replays a trace. */
function lineError(
  machine: Machine,
  trace: Trace,
  line: TraceLine,
  { error, how }: { readonly error: unknown; readonly how: string },
): unknown {
  const where = `${trace.name}:${String(line.line)}: pid ${String(line.pid)}, ${toPrintable(line.path)} page ${String(line.page)}`;
  if (error instanceof AxfsError)
    return new AxfsError(error.code, `${where}: ${how}: ${error.message}`);
  if (!(error instanceof SignalError)) return error;
  if (error.code === 'OOM')
    return new AxfsError(
      'ENOMEM',
      `${where}: RAM of ${String(machine.memory.frames.count)} pages is full, and nothing is reclaimed`,
    );
  const cause = machine.mount.lastFaultError?.message ?? error.message;
  return new AxfsError('EIO', `${where}: ${error.signal}: ${cause}`);
}

/** The frame that is mapped at `address`, just touched. */
function frameAt(mm: MmStruct, address: VirtAddr): Pfn {
  const frame = mm.pageTable.leaf(address)?.pfnAt(pteIndex(address));
  assert(frame !== undefined, () => `a page just touched is mapped: 0x${address.toString(16)}`);
  return frame;
}

/** Opens every file of the trace once, symlinks followed, and checks that every page exists. */
function resolveFiles(machine: Machine, trace: Trace): ReadonlyMap<ByteString, AxfsFile> {
  const files = new Map<ByteString, AxfsFile>();
  for (const line of trace.lines) {
    let file = files.get(line.path);
    if (file === undefined) {
      try {
        // Bytes as they are: `open` takes text.
        file = machine.mount.openInode(machine.mount.volume.resolve(line.path), line.path);
      } catch (error) {
        if (error instanceof AxfsError)
          throw new AxfsError(error.code, `${trace.name}:${String(line.line)}: ${error.message}`);
        throw error;
      }
      files.set(line.path, file);
    }
    if (line.page >= file.inode.numEntries)
      throw new AxfsError(
        'EINVAL',
        `${trace.name}:${String(line.line)}: ${toPrintable(line.path)}: page ${String(line.page)} is touched, but the file has ${String(file.inode.numEntries)}: was the trace made with another tree?`,
      );
  }
  return files;
}

function fileOf({ files }: Plan, { path }: TraceLine): AxfsFile {
  const file = files.get(path);
  assert(file !== undefined, () => `every file of a trace is opened before it runs: ${path}`);
  return file;
}

function mappingOf(process: Process, line: TraceLine, plan: Plan): VirtAddr {
  const file = fileOf(plan, line);
  const known = process.mappings.get(file.ino);
  if (known !== undefined) return known;
  const writable = plan.written.has(fileKey(line.pid, file));
  const base = process.mm.mmap({
    length: file.inode.numEntries * PAGE_SIZE,
    prot: PROT_READ + PROT_EXEC + (writable ? PROT_WRITE : 0),
    flags: MAP_PRIVATE,
    file,
  });
  process.mappings.set(file.ino, base);
  return base;
}
