/**
 * Samples of what other tools print, written after their definitions.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { lettersOf } from '../../../../src/workload/access.ts';
import { epochOf } from '../../../../src/workload/trace.ts';
import type { Trace } from '../../../../src/workload/trace.ts';

/** Bytes of a sample. */
export const sample = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(resolve(import.meta.dirname, name)));

/** Bytes of a text. */
export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A trace's lines as short texts: `pid epoch path page letters count`. */
export const rowsOf = ({ lines }: Trace): string[] =>
  lines.map((line) =>
    [line.pid, epochOf(line), line.path, line.page, lettersOf(line.accesses), line.count].join(' '),
  );
