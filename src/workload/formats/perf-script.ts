/**
 * Page faults as `perf script` prints them, as a trace. Each fault is one touch; addresses become pages of
 * files through the mmap records.
 *
 * @module
 */
import { toPrintable, withoutMark } from '../../base/bytestring.ts';
import type { ByteString } from '../../base/bytestring.ts';
import { pageNumber } from '../../base/bits.ts';
import type { TraceAccess } from '../access.ts';
import { EPOCH_SECONDS, ImportNotes } from '../import-notes.ts';
import type { ImportOptions, Imported } from '../import-notes.ts';
import { ProcessNumbers } from '../process-numbers.ts';
import { badLine, textRows } from '../text-rows.ts';
import { TouchLog } from '../touch-log.ts';
import { PerfAddressSpace, isFile, pageAt } from './perf-maps.ts';
import { frameOf, parsePerfLine } from './perf-lines.ts';
import type { PerfFault, PerfLine, PerfMap } from './perf-lines.ts';

/** Name of the format. */
export const PERF_SCRIPT = 'perf-script';

/** How to print what is read here. */
export const PERF_SCRIPT_COMMAND =
  'perf script --show-mmap-events --show-task-events -F comm,pid,tid,time,event,addr,ip';

/** From here on addresses are the kernel's, on every architecture with 64 bits. */
const KERNEL_START = 2 ** 63;

const DROPS = {
  kernel: 'fault at an address of the kernel',
  unmapped: 'fault in no mapping that was recorded',
  memory: 'fault in memory that is no file',
  shared: 'fault in a shared writable mapping, which a read-only filesystem has not',
} as const;

/** What a fault without a kind of its own was for. */
const GUESSES = {
  exec: 'a fault at an address on the page of its instruction is an instruction fetch',
  write: 'a fault in a private writable mapping is a write',
  read: 'any other fault is a read',
} as const;

/** A fault with what its line says, until the call chain behind it has been read. */
interface OpenFault {
  readonly line: number;
  readonly perf: PerfLine;
  fault: PerfFault;
}

/** Reads one text. */
class PerfReader {
  readonly #name: string;
  readonly #notes: ImportNotes;
  readonly #epochSeconds: number;
  readonly #log = new TouchLog();
  readonly #processes = new ProcessNumbers();
  readonly #spaces = new Map<number, PerfAddressSpace>();
  readonly #pidOfThread = new Map<number, number>();
  #start: number | undefined;
  #epoch = 0;
  #open: OpenFault | undefined;
  #hasTasks = false;
  #hasData = false;
  #faults = 0;
  #lost = 0;

  constructor(name: string, epochSeconds: number) {
    this.#name = name;
    this.#notes = new ImportNotes(name);
    this.#epochSeconds = epochSeconds;
  }

  read(text: ByteString, line: number): void {
    this.#notes.rows = line;
    if (text.trim() === '' || text.startsWith('#')) return;
    const perf = parsePerfLine(text);
    if (perf === undefined) {
      const frame = frameOf(text);
      if (frame === undefined || this.#open === undefined)
        throw badLine(
          this.#name,
          line,
          `'${toPrintable(text)}' is no line of perf script, expected what ${PERF_SCRIPT_COMMAND} prints`,
        );
      const { fault } = this.#open;
      if (fault.ip === undefined) this.#open.fault = { ...fault, ip: frame };
      return;
    }
    this.#close();
    this.#note(perf, line);
  }

  finish(): Imported {
    this.#close();
    const notes = this.#notes;
    notes.assume('touches between faults are not seen: each fault is one touch');
    notes.assume(
      'the kernel maps up to 16 cached pages around a fault (fault_around_bytes): touches of those are not seen',
    );
    if (this.#start === undefined) notes.assume('lines have no time: all is one epoch');
    if (!this.#hasTasks)
      notes.assume('there are no task events: a pid is one process, whatever it executes');
    if (this.#faults > 0 && !this.#hasData)
      notes.doubt('no mapping of data is recorded: run perf record with --data (-d)');
    if (this.#lost > 0) notes.doubt(`perf lost ${String(this.#lost)} records`);
    return notes.finish(PERF_SCRIPT, this.#log.lines, this.#processes.all);
  }

  #note(perf: PerfLine, line: number): void {
    const { record, comm } = perf;
    switch (record.kind) {
      case 'fault':
        this.#open = { line, perf, fault: record };
        return;
      case 'map':
        this.#pidOfThread.set(record.tid, record.pid);
        this.#space(record.pid).add(record.map);
        if (!record.map.isExecutable) this.#hasData = true;
        return;
      case 'exec':
        this.#hasTasks = true;
        this.#forget(record.pid);
        return;
      case 'fork':
        this.#hasTasks = true;
        this.#pidOfThread.set(record.tid, record.pid);
        if (record.pid === record.parent) return;
        this.#forget(record.pid);
        this.#spaces.set(record.pid, this.#space(record.parent).clone());
        return;
      case 'exit':
        this.#hasTasks = true;
        if (record.pid === record.tid) this.#forget(record.pid);
        return;
      case 'lost':
        this.#lost += record.count;
        return;
      case 'side':
        return;
      case 'other':
        this.#notes.drop('sample of another event', line, comm);
    }
  }

  #space(pid: number): PerfAddressSpace {
    let space = this.#spaces.get(pid);
    if (space === undefined) this.#spaces.set(pid, (space = new PerfAddressSpace()));
    return space;
  }

  /** The address space of `pid` has ended. */
  #forget(pid: number): void {
    this.#spaces.delete(pid);
    this.#processes.end(pid);
  }

  /** Takes the open fault, now that nothing can be added to it. */
  #close(): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    const { perf, line, fault } = open;
    const { address, ip, isDoubtful = false } = fault;
    // With a call chain behind it, the one address is the fault's.
    if (address === undefined || (isDoubtful && ip === undefined))
      throw badLine(
        this.#name,
        line,
        `the sample has no address of the fault, expected what perf record --data and ${PERF_SCRIPT_COMMAND} print`,
      );
    this.#faults += 1;
    if (ip === undefined) this.#notes.assume('a sample with one address has that of the fault');
    const pid = perf.hasPid ? perf.pid : (this.#pidOfThread.get(perf.tid) ?? perf.tid);
    const text = `${perf.comm} ${String(pid)}: address 0x${address.toString(16)}`;
    const map = address < KERNEL_START ? this.#space(pid).find(address) : undefined;
    const reason = dropOf(address, map);
    if (map === undefined || reason !== undefined) {
      this.#notes.drop(reason ?? DROPS.unmapped, line, text);
      return;
    }
    this.#notes.taken += 1;
    this.#log.add({
      pid: this.#processes.of(pid, perf.comm),
      epoch: this.#epochAt(perf.time),
      path: map.path as ByteString,
      page: pageAt(map, address),
      accesses: [fault.access ?? this.#guess(fault, map)],
      count: 1,
    });
  }

  #guess({ address, ip }: PerfFault, map: PerfMap): TraceAccess {
    const isFetch =
      map.isExecutable && address !== undefined && ip !== undefined && ip < KERNEL_START
        ? pageNumber(address) === pageNumber(ip)
        : false;
    const access = isFetch ? 'exec' : map.isWritable ? 'write' : 'read';
    this.#notes.assume(GUESSES[access]);
    return access;
  }

  /** CPUs' buffers are merged by time, nearly: an epoch that has passed does not come back. */
  #epochAt(time: number | undefined): number {
    if (time === undefined) return this.#epoch;
    this.#start ??= time;
    this.#epoch = Math.max(this.#epoch, Math.floor((time - this.#start) / this.#epochSeconds));
    return this.#epoch;
  }
}

function dropOf(address: number, map: PerfMap | undefined): string | undefined {
  if (address >= KERNEL_START) return DROPS.kernel;
  if (map === undefined) return DROPS.unmapped;
  if (!isFile(map)) return DROPS.memory;
  return map.isShared && map.isWritable ? DROPS.shared : undefined;
}

/**
 * Reads the output of `perf script`.
 *
 * @throws AxfsError EINVAL naming file and line for a line of another form, or a sample without an address;
 * and when no page is left.
 */
export function readPerfScript(
  bytes: Uint8Array,
  name: string,
  { epochSeconds = EPOCH_SECONDS }: ImportOptions = {},
): Imported {
  const reader = new PerfReader(name, epochSeconds);
  for (const { text, line } of textRows(withoutMark(bytes))) reader.read(text, line);
  return reader.finish();
}
