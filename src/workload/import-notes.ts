/**
 * What an importer says about its work: how much was read, what was left out and why, and what had to be
 * assumed. Nothing is dropped in silence.
 *
 * @module
 */
import { toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import type { Trace, TraceLine } from './trace.ts';
import type { PathMap } from './path-map.ts';

/** Something that was left out. */
export interface Dropped {
  /** Why, as a phrase with a noun in front. */
  readonly reason: string;
  readonly count: number;
  /** The first few, with line numbers. */
  readonly examples: readonly string[];
}

/** A process of the trace and what it was in the recording. */
export interface ImportedProcess {
  readonly pid: number;
  /** Its number there. */
  readonly was: number;
  /** Its command name, if the recording has it. */
  readonly name?: string;
}

/** What an import came to. */
export interface ImportReport {
  /** Name of the format. */
  readonly format: string;
  /** Lines of the input, all kinds. */
  readonly rows: number;
  /** Touches, or records of touched pages, that are in the trace. */
  readonly taken: number;
  readonly dropped: readonly Dropped[];
  /** What the input does not say, and was taken for true. */
  readonly assumptions: readonly string[];
  /** What may be wrong with the input. */
  readonly doubts: readonly string[];
  /** Processes, if the input has any. */
  readonly processes: readonly ImportedProcess[];
}

/** A trace read from another form. */
export interface Imported {
  readonly trace: Trace;
  readonly report: ImportReport;
}

/** What importers may need beside the text. */
export interface ImportOptions {
  /** Paths of device and inode numbers. */
  readonly pathMap?: PathMap;
  /** Length of an epoch where the input has times, seconds; default 0.1. */
  readonly epochSeconds?: number;
}

/** Length of an epoch unless told, seconds. */
export const EPOCH_SECONDS = 0.1;

const EXAMPLES_MAX = 3;

/** Collects notes while an importer works. */
export class ImportNotes {
  rows = 0;
  taken = 0;
  readonly #name: string;
  readonly #dropped = new Map<string, { count: number; examples: string[] }>();
  readonly #assumptions = new Set<string>();
  readonly #doubts: string[] = [];

  /** `name` is the input's, for messages. */
  constructor(name: string) {
    this.#name = name;
  }

  /** Something of line `line` is left out; `what` is its text. */
  drop(reason: string, line: number, what: string): void {
    let dropped = this.#dropped.get(reason);
    if (dropped === undefined) this.#dropped.set(reason, (dropped = { count: 0, examples: [] }));
    dropped.count += 1;
    if (dropped.examples.length < EXAMPLES_MAX)
      dropped.examples.push(`${this.#name}:${String(line)}: ${toPrintable(what as ByteString)}`);
  }

  assume(text: string): void {
    this.#assumptions.add(text);
  }

  doubt(text: string): void {
    this.#doubts.push(text);
  }

  /** How many were dropped for `reason`. */
  dropped(reason: string): number {
    return this.#dropped.get(reason)?.count ?? 0;
  }

  /**
   * The trace and its report.
   *
   * @throws AxfsError EINVAL when no line is left: what was dropped is named.
   */
  finish(
    format: string,
    lines: readonly TraceLine[],
    processes: readonly ImportedProcess[] = [],
  ): Imported {
    const dropped = Array.from(this.#dropped, ([reason, row]) => ({ reason, ...row }));
    if (lines.length === 0) {
      const why = dropped.map(({ reason, count }) => `${String(count)} × ${reason}`).join('; ');
      throw new AxfsError(
        'EINVAL',
        `${this.#name}: read as ${format}, no page is left${why === '' ? ': nothing is touched' : `: ${why}`}`,
      );
    }
    const report = {
      format,
      rows: this.rows,
      taken: this.taken,
      dropped,
      assumptions: [...this.#assumptions],
      doubts: this.#doubts,
      processes,
    };
    return { trace: { name: this.#name, lines }, report };
  }
}
