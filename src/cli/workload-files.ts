/**
 * What the commands of `axfs workload` have in common: traces in, traces out, reports in words.
 *
 * @module
 */
import { fromText, toPrintable } from '../base/bytestring.ts';
import { humanCount } from '../report/sizes.ts';
import type { Host } from '../host/host.ts';
import { traceText } from '../workload/format.ts';
import type { ImportReport } from '../workload/import-notes.ts';
import type { Trace } from '../workload/trace.ts';
import { UsageError } from './exit.ts';
import { counted } from './sizes.ts';

/** Standard input, by name. */
const INPUT = '-';
const PIECE_BYTES = 1024 * 1024;

/** Options of commands that make a trace. */
export interface OutputOptions {
  readonly output?: string;
  readonly json?: true;
}

/** For such commands: `.option(...OUTPUT)`. */
export const OUTPUT = [
  '-o, --output <file>',
  'where the trace goes (default: standard output)',
] as const;

/** For such commands: `.option(...OUTPUT_JSON)`. */
export const OUTPUT_JSON = ['--json', 'report as JSON on standard output; needs --output'] as const;

/** @throws UsageError when report and trace would both go to standard output. */
export function checkOutput({ output, json }: OutputOptions): void {
  if (json === true && output === undefined)
    throw new UsageError('--json needs --output: the report goes to standard output');
}

/** An input's bytes, and its name for messages; `-` is standard input. */
export async function readBytes(
  host: Host,
  path: string,
): Promise<{ readonly bytes: Uint8Array; readonly name: string }> {
  const bytePath = fromText(path);
  if (path !== INPUT) return { bytes: host.files.readFile(bytePath), name: toPrintable(bytePath) };
  const pieces: Uint8Array[] = [];
  for (let got = PIECE_BYTES; got === PIECE_BYTES;) {
    const piece = new Uint8Array(PIECE_BYTES);
    got = await host.readInput(piece);
    pieces.push(piece.subarray(0, got));
  }
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return { bytes, name: 'standard input' };
}

/** Writes a trace with comments in front, to its file, which appears when it is complete, or standard output. */
export function writeTrace(
  host: Host,
  trace: Trace,
  comments: readonly string[],
  output: string | undefined,
): void {
  const pieces = traceText(trace, comments);
  if (output === undefined) {
    for (const piece of pieces) host.terminal.out(piece);
    return;
  }
  const file = host.files.create(fromText(output));
  try {
    for (const piece of pieces) file.write(piece);
    file.commit();
  } finally {
    file.discard();
  }
}

/** JSON as commands print it. */
export const jsonText = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** What an import came to, for people: one line each. */
export function importLines(
  name: string,
  { trace, report }: { readonly trace: Trace; readonly report: ImportReport },
): readonly string[] {
  const { format, rows, taken, dropped, assumptions, doubts, processes } = report;
  const lines = [
    `${name}: ${format}, ${counted(rows, 'line')}: ${counted(taken, 'touch', 'touches')} in ${counted(trace.lines.length, 'line')} of a trace`,
  ];
  for (const { reason, count, examples } of dropped) {
    lines.push(`left out: ${humanCount(count)} × ${reason}`);
    for (const example of examples) lines.push(`  ${example}`);
  }
  for (const text of assumptions) lines.push(`assumed: ${text}`);
  for (const text of doubts) lines.push(`doubtful: ${text}`);
  if (processes.length > 0) {
    const shown = processes
      .slice(0, PROCESSES_SHOWN)
      .map(({ pid, was, name: command = '?' }) => `${String(pid)} was ${String(was)} ${command}`);
    const more = processes.length - shown.length;
    lines.push(`processes: ${shown.join(', ')}${more > 0 ? `, and ${humanCount(more)} more` : ''}`);
  }
  return lines;
}

const PROCESSES_SHOWN = 20;

/** Comments that go with an imported trace. */
export const importComments = (
  name: string,
  { format, assumptions, dropped }: ImportReport,
): readonly string[] => [
  `imported from ${name}, read as ${format}`,
  ...assumptions.map((text) => `assumed: ${text}`),
  ...dropped.map(({ reason, count }) => `left out: ${humanCount(count)} × ${reason}`),
];
