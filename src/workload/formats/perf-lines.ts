/**
 * Lines of `perf script`: the grammar alone. Read are samples of page faults (software events, and the
 * tracepoints of x86 and RISC-V) and the side records that say which file is mapped where:
 *
 *   ls 28824/28824 27108.393702: page-faults:     7f2207c39e06     7f2207c217ad
 *   ls 28824 [003] 27294.412872: exceptions:page_fault_user: address=0x7e… ip=0x7e… error_code=0x14
 *   ls 28824 27108.393585: PERF_RECORD_MMAP2 28824/28824: [0x55…(0x16000) @ 0x4000 fe:00 260601 0]: r-xp /usr/bin/ls
 *   ls 28824 27108.393542: PERF_RECORD_COMM exec: ls:28824/28824
 *
 * (tools/perf/builtin-script.c and util/event.c: an mmap2 record may have a build id in the place of device and
 * inode; older mmap records have neither those nor rights.)
 *
 * @module
 */
import type { TraceAccess } from '../access.ts';

/** A file, or what stands for one, in an address space. Addresses and lengths in bytes. */
export interface PerfMap {
  readonly start: number;
  readonly length: number;
  /** Where in the file the mapping begins, bytes. */
  readonly offset: number;
  readonly path: string;
  readonly isExecutable: boolean;
  readonly isWritable: boolean;
  readonly isShared: boolean;
}

/** A page fault. */
export interface PerfFault {
  readonly kind: 'fault';
  /** Where the fault was; `undefined` when the line has no address. */
  readonly address?: number;
  /** `address` may be the instruction's: perf prints no other unless told, and a symbol stands behind it. */
  readonly isDoubtful?: true;
  /** The instruction's address. */
  readonly ip?: number;
  /** What the fault was for, where the event says. */
  readonly access?: TraceAccess;
}

/** What a line is about. */
export type PerfRecord =
  | PerfFault
  | { readonly kind: 'map'; readonly pid: number; readonly tid: number; readonly map: PerfMap }
  | { readonly kind: 'exec'; readonly pid: number; readonly tid: number }
  | { readonly kind: 'fork'; readonly pid: number; readonly tid: number; readonly parent: number }
  | { readonly kind: 'exit'; readonly pid: number; readonly tid: number }
  | { readonly kind: 'lost'; readonly count: number }
  /** A side record that does not matter. */
  | { readonly kind: 'side' }
  | { readonly kind: 'other' };

/** A line with its columns in front. */
export interface PerfLine {
  readonly comm: string;
  /** Of the thread; of the process, too, if `hasPid`. */
  readonly tid: number;
  readonly pid: number;
  /** The line has both numbers. */
  readonly hasPid: boolean;
  /** Seconds; `undefined` if the line has none. */
  readonly time: number | undefined;
  readonly record: PerfRecord;
}

const LINE =
  /^\s*(\S.*?)\s+(-?[0-9]+)(?:\/(-?[0-9]+))?\s+(?:\[[0-9]+\]\s+)?(?:([0-9]+\.[0-9]+):\s+)?(?=\S)(?:[0-9]+\s+)?(PERF_RECORD_|(?:\S+:)?[\w-]+(?=:))(.*)$/s;
/** Software events of page faults, with modifiers behind a colon. */
const FAULTS = /^(?:page-|minor-|major-)?faults$/;
const TRACEPOINT = /^(?:exceptions:)?page_fault_user$/;
const MAP =
  /^MMAP2? (-?[0-9]+)\/(-?[0-9]+): \[(0x[0-9a-f]+|0)\((0x[0-9a-f]+|0)\) @ (0x[0-9a-f]+|0)(?: [^\]]*)?\]: (\S+) (.*)$/s;
const COMM = /^COMM( exec)?: (?:.*):(-?[0-9]+)\/(-?[0-9]+)$/s;
const TASK = /^(FORK|EXIT)\((-?[0-9]+):(-?[0-9]+)\):\((-?[0-9]+):(-?[0-9]+)\)$/;
const LOST = /^LOST(?:_SAMPLES)?\D*([0-9]+)$/;
/** A column of an address: perf pads it to 16 digits with blanks. */
const ADDRESSES = /^:(?:[a-zA-Z]+:)?\s*(?:([0-9a-f]+)(?=\s|$)(.*?))?\s*$/s;
const NEXT_ADDRESS = /\s([0-9a-f]{6,16})(?=\s|$)/;
const FIELD = /(\w+)=(?:0x)?([0-9a-f]+)/g;

/** Bits of x86's page fault error code (arch/x86/include/asm/trap_pf.h). */
const X86_WRITE = 2;
const X86_FETCH = 16;
/** RISC-V's exception causes. */
const RISCV_CAUSES: ReadonlyMap<number, TraceAccess> = new Map([
  [0xc, 'exec'],
  [0xd, 'read'],
  [0xf, 'write'],
]);

/** A line of a call chain; perf writes them under a sample, innermost first. */
const FRAME = /^\s+([0-9a-f]+)(?: |$)/;

/** The address of a call chain's line. */
export const frameOf = (text: string): number | undefined => {
  const digits = FRAME.exec(text)?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits, 16);
};

/** One line; `undefined` when it is not of this form. */
export function parsePerfLine(text: string): PerfLine | undefined {
  const columns = LINE.exec(text);
  if (columns === null) return undefined;
  const [, comm = '', first = '', second, time, event = '', rest = ''] = columns;
  const record = recordOf(event, rest);
  if (record === undefined) return undefined;
  return {
    comm,
    pid: Number(first),
    tid: Number(second ?? first),
    hasPid: second !== undefined,
    time: time === undefined ? undefined : Number(time),
    record,
  };
}

function recordOf(event: string, rest: string): PerfRecord | undefined {
  if (event === 'PERF_RECORD_') return sideRecord(rest);
  if (FAULTS.test(event.replace(/:.*$/, ''))) return softwareFault(rest);
  if (TRACEPOINT.test(event)) return tracepointFault(rest);
  return { kind: 'other' };
}

/** A record beside the samples. */
function sideRecord(rest: string): PerfRecord | undefined {
  const map = MAP.exec(rest);
  if (map !== null) return mapRecord(map);
  const comm = COMM.exec(rest);
  if (comm !== null)
    return comm[1] === undefined
      ? { kind: 'side' }
      : { kind: 'exec', pid: Number(comm[2]), tid: Number(comm[3]) };
  const [, task, pid, tid, parent] = TASK.exec(rest) ?? [];
  if (task === 'FORK')
    return { kind: 'fork', pid: Number(pid), tid: Number(tid), parent: Number(parent) };
  if (task === 'EXIT') return { kind: 'exit', pid: Number(pid), tid: Number(tid) };
  const lost = LOST.exec(rest);
  if (lost !== null) return { kind: 'lost', count: Number(lost[1]) };
  // A map that cannot be read would move faults to other files.
  return rest.startsWith('MMAP') ? undefined : { kind: 'side' };
}

function mapRecord([
  ,
  pid,
  tid,
  start,
  length,
  offset,
  rights = '',
  path = '',
]: RegExpExecArray): PerfRecord {
  // Old records have one letter: x of a mapping that is executable, r of one for data.
  const isExecutable = rights.includes('x');
  const map = {
    ...{ start: Number(start), length: Number(length), offset: Number(offset), path },
    ...{ isExecutable, isWritable: rights.includes('w'), isShared: rights.endsWith('s') },
  };
  return { kind: 'map', pid: Number(pid), tid: Number(tid), map };
}

/** The addresses of a software event's sample: that of the fault, then that of the instruction. */
function softwareFault(rest: string): PerfFault {
  const [, first, behind = ''] = ADDRESSES.exec(rest) ?? [];
  if (first === undefined) return { kind: 'fault' };
  const address = Number.parseInt(first, 16);
  const next = NEXT_ADDRESS.exec(behind)?.[1];
  if (next !== undefined) return { kind: 'fault', address, ip: Number.parseInt(next, 16) };
  return /^\s+[^\s(]/.test(behind)
    ? { kind: 'fault', address, isDoubtful: true }
    : { kind: 'fault', address };
}

function tracepointFault(rest: string): PerfFault {
  const fields = new Map(
    [...rest.matchAll(FIELD)].map(([, key = '', digits = '']) => [
      key,
      Number.parseInt(digits, 16),
    ]),
  );
  const address = fields.get('address');
  const ip = fields.get('ip') ?? fields.get('epc');
  const access = accessOf(fields.get('error_code'), fields.get('cause'));
  return {
    kind: 'fault',
    ...(address === undefined ? {} : { address }),
    ...(ip === undefined ? {} : { ip }),
    ...(access === undefined ? {} : { access }),
  };
}

function accessOf(code: number | undefined, cause: number | undefined): TraceAccess | undefined {
  if (code === undefined) return cause === undefined ? undefined : RISCV_CAUSES.get(cause);
  const has = (bit: number): boolean => Math.floor(code / bit) % 2 === 1;
  return has(X86_FETCH) ? 'exec' : has(X86_WRITE) ? 'write' : 'read';
}
