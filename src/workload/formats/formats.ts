/**
 * The table of formats that become traces, and how each is recognized.
 *
 * @module
 */
import { fromBytes, withoutMark } from '../../base/bytestring.ts';
import type { ByteString } from '../../base/bytestring.ts';
import { AxfsError } from '../../base/errno.ts';
import { ImportNotes } from '../import-notes.ts';
import type { ImportOptions, Imported } from '../import-notes.ts';
import { HEADER, parseTrace } from '../trace.ts';
import { DRIVER_PROFILE, readDriverProfile } from './driver-profile.ts';
import { FINCORE, readFincore } from './fincore.ts';
import { PAGE_CACHE_EVENTS, hasPageCacheEvents, readPageCacheEvents } from './page-cache-events.ts';
import { PERF_SCRIPT, readPerfScript } from './perf-script.ts';
import { CHART, VMTOUCH, readVmtouch } from './vmtouch.ts';

/** One format. */
export interface TraceFormat {
  readonly name: string;
  readonly title: string;
  /** It needs {@link ImportOptions.pathMap}. */
  readonly needsPathMap?: true;
  /** Whether a text that begins so, and has these first rows, comments aside, is of this format. */
  recognizes(head: ByteString, rows: readonly string[]): boolean;
  /** @throws AxfsError EINVAL naming file and line. */
  read(bytes: Uint8Array, name: string, options: ImportOptions): Imported;
}

/** Name of the project's own form. */
const TRACE = 'trace';

/** All formats; the first that recognizes a text reads it. */
export const TRACE_FORMATS: readonly TraceFormat[] = [
  {
    name: TRACE,
    title: 'page-touch trace: pid,epoch,path,offset,access,count',
    recognizes: (_head, [first = '']) => first.startsWith(HEADER),
    read: readTrace,
  },
  {
    name: FINCORE,
    title: "util-linux' fincore --bytes, a table or --json",
    recognizes: (head, [first = '']) =>
      /^\s*\{\s*"fincore"/.test(head) || (/\bPAGES\b/.test(first) && /\bFILE\b/.test(first)),
    read: readFincore,
  },
  {
    name: VMTOUCH,
    title: 'vmtouch -v',
    recognizes: (_head, rows) =>
      rows.some((row) => CHART.test(row.slice(row.lastIndexOf('\r[') + 1))),
    read: readVmtouch,
  },
  {
    name: PERF_SCRIPT,
    title: 'perf script of page faults with mmap events',
    recognizes: (head) =>
      /(?:faults(?::\w+)?|page_fault_user):\s/.test(head) ||
      (/ PERF_RECORD_MMAP/.test(head) && !hasPageCacheEvents(head)),
    read: readPerfScript,
  },
  {
    name: PAGE_CACHE_EVENTS,
    title: "ftrace's, trace-cmd's or perf's mm_filemap events, with --path-map",
    needsPathMap: true,
    recognizes: hasPageCacheEvents,
    read: readPageCacheEvents,
  },
  {
    name: DRIVER_PROFILE,
    title: "the AXFS driver's profile, or a page list: path,offset,count",
    recognizes: (_head, [first = '']) => /^.+,[0-9]+,[0-9]+(?:,[rwx]+)?[ \t]*$/.test(first),
    read: readDriverProfile,
  },
];

/** Names of all formats. */
export const TRACE_FORMAT_NAMES: readonly string[] = TRACE_FORMATS.map(({ name }) => name);

/** Bytes that formats are recognized by. */
const HEAD_BYTES = 256 * 1024;

/** The format that a text looks like. */
export function detectFormat(bytes: Uint8Array): TraceFormat | undefined {
  const head = fromBytes(withoutMark(bytes).subarray(0, HEAD_BYTES));
  const rows = head
    .split('\n')
    .map((row) => row.replace(/\r$/, ''))
    .filter((row) => row.trim() !== '' && !row.startsWith('#'));
  return TRACE_FORMATS.find((format) => format.recognizes(head, rows));
}

/**
 * Reads a text of any format; `format` is its name, without one it is recognized. `name` is the text's, for
 * messages.
 *
 * @throws AxfsError EINVAL for a text that is not recognized, a format that there is not, and as the format's
 * reader says.
 */
export function importTrace(
  bytes: Uint8Array,
  name: string,
  { format, ...options }: ImportOptions & { readonly format?: string } = {},
): Imported {
  const found =
    format === undefined
      ? detectFormat(bytes)
      : TRACE_FORMATS.find((candidate) => candidate.name === format);
  const names = TRACE_FORMAT_NAMES.join(', ');
  if (found === undefined)
    throw new AxfsError(
      'EINVAL',
      format === undefined
        ? `${name}: not recognized, expected one of the formats ${names}`
        : `format is '${format}', expected one of ${names}`,
    );
  return found.read(bytes, name, options);
}

function readTrace(bytes: Uint8Array, name: string): Imported {
  const notes = new ImportNotes(name);
  const { lines } = parseTrace(bytes, name);
  notes.rows = lines.at(-1)?.line ?? 0;
  notes.taken = lines.length;
  return notes.finish(TRACE, lines);
}
