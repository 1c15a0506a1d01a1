/**
 * Lines of a trace read straight from their bytes, for traces of millions of lines. Whatever is not plain,
 * above all every mistake, is left to the reader in src/workload/trace.ts, which words it.
 *
 * @module
 */
import { fromBytes } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { PAGE_SIZE } from '../base/units.ts';
import { ACCESS_SETS } from './access.ts';
import type { TraceAccess } from './access.ts';

const COMMA = 0x2c;
const [ZERO, NINE] = [0x30, 0x39];
/** Numbers of more digits may not be exact. */
const DIGITS_MAX = 15;
const LETTERS_MAX = 3;

/** Sets by their letters in any order, as one number: letters are digits to the base 256. */
const SETS = new Map<number, readonly TraceAccess[]>();
for (const [letters, accesses] of ACCESS_SETS) {
  for (const order of ordersOf(letters))
    SETS.set(
      Array.from(order).reduce((code, letter) => code * 256 + letter.charCodeAt(0), 0),
      accesses,
    );
}

function ordersOf(letters: string): string[] {
  if (letters === '') return [''];
  return Array.from(letters).flatMap((first) =>
    ordersOf(letters.replace(first, '')).map((rest) => first + rest),
  );
}

/** A path seen before: where its bytes stood. */
interface KnownPath {
  readonly at: number;
  readonly length: number;
  readonly path: ByteString;
}

/** A plain line, as in a trace. */
export interface PlainLine {
  readonly line: number;
  readonly pid: number;
  readonly epoch: number;
  readonly path: ByteString;
  readonly page: number;
  readonly accesses: readonly TraceAccess[];
  readonly count: number;
}

/** Reads plain lines of one text. */
export class PlainLines {
  readonly #bytes: Uint8Array;
  readonly #paths = new Map<number, KnownPath[]>();

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The line in bytes `start` to `stop`, without its end; `undefined` unless it is plain and right. */
  read(start: number, stop: number, line: number): PlainLine | undefined {
    const bytes = this.#bytes;
    const afterPid = bytes.indexOf(COMMA, start);
    const afterEpoch = afterPid < 0 ? -1 : bytes.indexOf(COMMA, afterPid + 1);
    const beforeCount = bytes.lastIndexOf(COMMA, stop - 1);
    const beforeLetters = bytes.lastIndexOf(COMMA, beforeCount - 1);
    const beforeOffset = bytes.lastIndexOf(COMMA, beforeLetters - 1);
    if (afterEpoch < 0 || beforeOffset <= afterEpoch + 1) return undefined;
    const pid = this.#number(start, afterPid);
    const epoch = this.#number(afterPid + 1, afterEpoch);
    const offset = this.#number(beforeOffset + 1, beforeLetters);
    const count = this.#number(beforeCount + 1, stop);
    const accesses = this.#accesses(beforeLetters + 1, beforeCount);
    if (accesses === undefined || !(pid >= 0 && epoch >= 0 && count >= accesses.length))
      return undefined;
    const page = offset / PAGE_SIZE;
    if (!Number.isInteger(page)) return undefined;
    const path = this.#path(afterEpoch + 1, beforeOffset);
    return { line, pid, epoch, path, page, accesses, count };
  }

  /** A decimal number; NaN when it is none. */
  #number(start: number, stop: number): number {
    const bytes = this.#bytes;
    if (stop <= start || stop - start > DIGITS_MAX) return NaN;
    let value = 0;
    for (let at = start; at < stop; at += 1) {
      const digit = bytes[at] ?? 0;
      if (digit < ZERO || digit > NINE) return NaN;
      value = value * 10 + digit - ZERO;
    }
    return value;
  }

  #accesses(start: number, stop: number): readonly TraceAccess[] | undefined {
    if (stop - start > LETTERS_MAX) return undefined;
    let code = 0;
    for (let at = start; at < stop; at += 1) code = code * 256 + (this.#bytes[at] ?? 0);
    return SETS.get(code);
  }

  #path(start: number, stop: number): ByteString {
    const bytes = this.#bytes;
    let hash = 0;
    for (let at = start; at < stop; at += 1) hash = Math.imul(hash, 31) + (bytes[at] ?? 0);
    let known = this.#paths.get(hash);
    if (known === undefined) this.#paths.set(hash, (known = []));
    for (const { at, length, path } of known)
      if (length === stop - start && this.#isSame(at, start, length)) return path;
    const path = fromBytes(bytes.subarray(start, stop));
    known.push({ at: start, length: stop - start, path });
    return path;
  }

  #isSame(one: number, other: number, length: number): boolean {
    const bytes = this.#bytes;
    for (let i = 0; i < length; i += 1) if (bytes[one + i] !== bytes[other + i]) return false;
    return true;
  }
}
