/**
 * Replays a page-touch trace on a mounted image. Each process maps each file it touches once, whole,
 * MAP_PRIVATE, readable and executable, and writable exactly if the trace writes to that file in that
 * process; it exits after its last line.
 *
 * @module
 */
import { toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import type { EventSink, PageTouchEvent } from '../base/events.ts';
import { CACHE_LINE_BYTES, PAGE_SIZE, virtAddr } from '../base/units.ts';
import type { VirtAddr } from '../base/units.ts';
import type { AxfsFile } from '../fs/file.ts';
import type { MmStruct } from '../mm/mm.ts';
import { pteIndex } from '../mm/pagetable.ts';
import { MAP_PRIVATE, PROT_EXEC, PROT_READ, PROT_WRITE } from '../mm/vmflags.ts';
import type { Machine } from './machine.ts';
import type { Trace, TraceLine } from './trace.ts';

const LINES_PER_PAGE = PAGE_SIZE / CACHE_LINE_BYTES;

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

/** A replay's result beside its events. */
export interface ReplayResult {
  readonly processes: readonly ProcessResult[];
  /** Letters of the trace: one touch each. */
  readonly touches: number;
}

/** One process being replayed. */
interface Process {
  readonly pid: number;
  readonly mm: MmStruct;
  readonly mappings: Map<ByteString, VirtAddr>;
  touches: number;
}

/** A file of the trace, by process: written there, and the index of the process's last line. */
interface Plan {
  readonly lastLine: ReadonlyMap<number, number>;
  readonly written: ReadonlySet<string>;
}

const fileKey = (line: TraceLine): string => `${String(line.pid)}:${line.path}`;

function planOf(trace: Trace): Plan {
  const lastLine = new Map<number, number>();
  const written = new Set<string>();
  trace.lines.forEach((line, i) => {
    lastLine.set(line.pid, i);
    if (line.accesses.includes('write')) written.add(fileKey(line));
  });
  return { lastLine, written };
}

/**
 * Runs `trace` on `machine`. `afterLine`, if given, is called after every line, for checks.
 *
 * @throws AxfsError EINVAL naming trace, path and page when the image has no such file or page; whatever a
 * damaged image or full RAM causes, as the signal the process got.
 */
export function replay(
  machine: Machine,
  trace: Trace,
  sink: EventSink,
  afterLine?: (mms: readonly MmStruct[]) => void,
): ReplayResult {
  const { lastLine, written } = planOf(trace);
  const files = resolveFiles(machine, trace);
  const running = new Map<number, Process>();
  const processes: ProcessResult[] = [];
  const touched: PageTouchEvent = { type: 'page_touch', memory: 'ram', lines: 0 };
  let touches = 0;
  for (const [i, line] of trace.lines.entries()) {
    let process = running.get(line.pid);
    if (process === undefined) {
      process = { pid: line.pid, mm: machine.spawn(), mappings: new Map(), touches: 0 };
      running.set(line.pid, process);
    }
    const base = mappingOf(process, line, files, written.has(fileKey(line)));
    const address = virtAddr(base + line.page * PAGE_SIZE);
    for (const access of line.accesses) process.mm.touch(address, access);
    process.touches += line.accesses.length;
    touched.memory = isFlash(process.mm, address) ? 'flash' : 'ram';
    touched.lines = Math.min(line.count, LINES_PER_PAGE);
    sink(touched);
    if (lastLine.get(line.pid) === i) {
      const { mm, pid } = process;
      touches += process.touches;
      processes.push({
        pid,
        fileRss: mm.fileRss,
        anonRss: mm.anonRss,
        minflt: mm.minflt,
        majflt: mm.majflt,
        touches: process.touches,
      });
      mm.exit();
      running.delete(pid);
    }
    afterLine?.([...running.values()].map(({ mm }) => mm));
  }
  return { processes, touches };
}

/** The touched page at `address` is a flash frame: one without struct page. */
function isFlash(mm: MmStruct, address: VirtAddr): boolean {
  const frame = mm.pageTable.leaf(address)?.pfnAt(pteIndex(address));
  return frame !== undefined && !mm.memory.physical.pfnValid(frame);
}

/** Opens every file of the trace once, symlinks followed, and checks that every page exists. */
function resolveFiles(machine: Machine, trace: Trace): ReadonlyMap<ByteString, AxfsFile> {
  const files = new Map<ByteString, AxfsFile>();
  for (const line of trace.lines) {
    let file = files.get(line.path);
    if (file === undefined) {
      try {
        file = machine.mount.open(line.path);
      } catch (error) {
        if (error instanceof AxfsError)
          throw new AxfsError(error.code, `${trace.name}: ${error.message}`);
        throw error;
      }
      files.set(line.path, file);
    }
    if (line.page >= file.inode.numEntries)
      throw new AxfsError(
        'EINVAL',
        `${trace.name}: ${toPrintable(line.path)}: page ${String(line.page)} is touched, but the file has ${String(file.inode.numEntries)}: was the trace made with another tree?`,
      );
  }
  return files;
}

function mappingOf(
  process: Process,
  line: TraceLine,
  files: ReadonlyMap<ByteString, AxfsFile>,
  writable: boolean,
): VirtAddr {
  const known = process.mappings.get(line.path);
  if (known !== undefined) return known;
  const file = files.get(line.path);
  if (file === undefined)
    throw new AxfsError('ENOENT', `${toPrintable(line.path)}: not among the files of the trace`);
  const base = process.mm.mmap({
    length: file.inode.numEntries * PAGE_SIZE,
    prot: PROT_READ + PROT_EXEC + (writable ? PROT_WRITE : 0),
    flags: MAP_PRIVATE,
    file,
  });
  process.mappings.set(line.path, base);
  return base;
}
