/**
 * The kernel's page cache events as ftrace, trace-cmd and perf print them, as a trace:
 *
 *   less-901  [005] .....  72.531607: mm_filemap_add_to_page_cache: dev 253:3 ino 13f730 pfn=0x113bad ofs=0 order=0
 *   ls  30661 [000] 27291.1: filemap:mm_filemap_fault: dev=254:0 ino=3f9f9 ofs=147456
 *
 * (include/trace/events/filemap.h: older kernels have `page=…`, newer ones `order`, the newest events of faults
 * and reads.) The inode number is hexadecimal. Pages added to the page cache include those that read-ahead
 * brought in; where there are events of faults and reads, those count instead.
 *
 * @module
 */
import { toPrintable, withoutMark } from '../../base/bytestring.ts';
import type { ByteString } from '../../base/bytestring.ts';
import { AxfsError } from '../../base/errno.ts';
import { PAGE_SIZE } from '../../base/units.ts';
import { EPOCH_SECONDS, ImportNotes } from '../import-notes.ts';
import type { ImportOptions, Imported } from '../import-notes.ts';
import type { PathMap } from '../path-map.ts';
import { ProcessNumbers } from '../process-numbers.ts';
import { badLine, textRows } from '../text-rows.ts';
import { TouchLog } from '../touch-log.ts';

/** Name of the format. */
export const PAGE_CACHE_EVENTS = 'page-cache-events';

/** What events say, by name. */
const EVENTS = {
  mm_filemap_add_to_page_cache: 'fill',
  mm_filemap_fault: 'touch',
  mm_filemap_get_pages: 'touch',
  mm_filemap_map_pages: 'around',
  mm_filemap_delete_from_page_cache: 'removal',
} as const;
type Meaning = (typeof EVENTS)[keyof typeof EVENTS];

/** Why events of a meaning are left out. */
const DROPS: Readonly<Record<Meaning | 'unknown', string>> = {
  fill: 'page added to the page cache, where events of faults and reads say what was touched',
  touch: 'touch',
  around: 'range of cached pages mapped around a fault',
  removal: 'page removed from the page cache',
  unknown: 'page of a file that is not in the path map',
};

/** `TASK-TID [CPU] flags TIME:`, with the process's number in parentheses if recorded. */
const FTRACE =
  /^\s*(.+)-([0-9]+)\s+(?:\(\s*([0-9]+|-+)\)\s+)?\[[0-9]+\]\s+(?:\S+\s+)?([0-9]+\.[0-9]+):$/;
/** `COMM PID/TID [CPU] TIME:`. */
const PERF = /^\s*(\S.*?)\s+([0-9]+)(?:\/[0-9]+)?\s+(?:\[[0-9]+\]\s+)?([0-9]+\.[0-9]+):$/;
const EVENT = /^(.*?:)\s+(?:filemap:)?(mm_filemap_[a-z_]+): (.*)$/s;
const FIELDS =
  /^dev[ =]([0-9]+):([0-9]+) ino[ =](?:0x)?([0-9a-f]+) (?:page=\S+ )?(?:pfn=(?:0x)?[0-9a-f]+ )?ofs=([0-9]+)(?:-([0-9]+))?(?: order=([0-9]+))?$/;
const LOST = /LOST ([0-9]+) EVENTS/;
/** 2^18 pages are 1 GiB, the largest that an architecture has. */
const ORDER_MAX = 18;

/** Pages that an event is about. */
interface CacheEvent {
  readonly line: number;
  readonly comm: string;
  readonly was: number;
  readonly time: number;
  readonly meaning: Meaning;
  readonly device: string;
  readonly inode: string;
  /** First page and the one behind the last. */
  readonly first: number;
  readonly end: number;
}

/**
 * Reads such events; `pathMap` is needed.
 *
 * @throws AxfsError EINVAL without a path map; naming file and line for an event of another form; and when
 * no page is left.
 */
export function readPageCacheEvents(
  bytes: Uint8Array,
  name: string,
  { pathMap, epochSeconds = EPOCH_SECONDS }: ImportOptions = {},
): Imported {
  if (pathMap === undefined)
    throw new AxfsError(
      'EINVAL',
      `${name}: page cache events name files by device and inode number: a path map is needed (find / -xdev -type f -printf '%D:%i %p\\n')`,
    );
  const notes = new ImportNotes(name);
  const events = eventsOf(bytes, name, notes);
  const hasTouches = events.some(({ meaning }) => meaning === 'touch');
  if (hasTouches)
    notes.assume('touches of pages that are mapped are not seen: each fault or read is one touch');
  else
    notes.assume(
      'a page added to the page cache was touched, although read-ahead adds others, too',
    );
  notes.assume('every touch is a read: fetches and writes are not told apart');
  const processes = new ProcessNumbers();
  const log = new TouchLog();
  const start = events[0]?.time ?? 0;
  let epoch = 0;
  for (const event of events) {
    const { meaning, line, was, comm } = event;
    const path = pathMap.path(event.device, event.inode);
    const reason =
      meaning !== (hasTouches ? 'touch' : 'fill')
        ? DROPS[meaning]
        : path === undefined
          ? DROPS.unknown
          : undefined;
    if (path === undefined || reason !== undefined) {
      notes.drop(reason ?? DROPS.unknown, line, shownOf(event, pathMap));
      continue;
    }
    epoch = Math.max(epoch, Math.floor((event.time - start) / epochSeconds));
    const pid = processes.of(was, comm);
    for (let page = event.first; page < event.end; page += 1)
      log.add({ pid, epoch, path, page, accesses: ['read'], count: 1 });
    notes.taken += event.end - event.first;
  }
  if (pathMap.furtherNames > 0)
    notes.assume('a file with several names is the one that comes first in the path map');
  return notes.finish(PAGE_CACHE_EVENTS, log.lines, processes.all);
}

function shownOf({ device, inode, first }: CacheEvent, { devices }: PathMap): string {
  const known = devices.has(device)
    ? ''
    : ` (the map has device ${[...devices].join(', ') || 'none'})`;
  return `device ${device}${known}, inode ${inode}, page ${String(first)}`;
}

function eventsOf(bytes: Uint8Array, name: string, notes: ImportNotes): CacheEvent[] {
  const events: CacheEvent[] = [];
  for (const { text, line } of textRows(withoutMark(bytes))) {
    notes.rows = line;
    const lost = LOST.exec(text);
    if (lost !== null)
      notes.doubt(`the kernel lost ${lost[1] ?? ''} events before line ${String(line)}`);
    const row = EVENT.exec(text);
    if (row === null) {
      if (lost === null && text.trim() !== '' && !text.startsWith('#'))
        notes.drop('line without such an event', line, text);
      continue;
    }
    const [, front = '', event = '', fields = ''] = row;
    const meaning = Object.hasOwn(EVENTS, event) ? EVENTS[event as keyof typeof EVENTS] : undefined;
    const task = taskOf(front);
    const place = placeOf(fields);
    if (meaning === undefined) notes.drop('record of another event', line, event);
    else if (task === undefined || place === undefined)
      throw badLine(
        name,
        line,
        `'${toPrintable(text)}' is no ${event} as the kernel prints it, expected … TIME: ${event}: dev 8:1 ino 1a2b pfn=0x10 ofs=4096`,
      );
    else events.push({ line, meaning, ...task, ...place });
  }
  return events;
}

function taskOf(front: string): Pick<CacheEvent, 'comm' | 'was' | 'time'> | undefined {
  const ftrace = FTRACE.exec(front);
  if (ftrace !== null) {
    const [, comm = '', tid, group, time] = ftrace;
    const was = group === undefined || group.startsWith('-') ? tid : group;
    return { comm: comm.trim(), was: Number(was), time: Number(time) };
  }
  const [, comm, pid, time] = PERF.exec(front) ?? [];
  return comm === undefined ? undefined : { comm, was: Number(pid), time: Number(time) };
}

function placeOf(
  fields: string,
): Pick<CacheEvent, 'device' | 'inode' | 'first' | 'end'> | undefined {
  const match = FIELDS.exec(fields);
  if (match === null) return undefined;
  const [, major = '', minor = '', inode = '', from, last, order = '0'] = match;
  if (Number(order) > ORDER_MAX) return undefined;
  const first = Math.floor(Number(from) / PAGE_SIZE);
  const end =
    last === undefined ? first + 2 ** Number(order) : Math.floor(Number(last) / PAGE_SIZE) + 1;
  if (!Number.isSafeInteger(end * PAGE_SIZE)) return undefined;
  return { device: `${major}:${minor}`, inode: String(BigInt(`0x${inode}`)), first, end };
}

/** Text with such events. */
export const hasPageCacheEvents = (text: ByteString): boolean =>
  /mm_filemap_[a-z_]+: dev[ =][0-9]+:/.test(text);
