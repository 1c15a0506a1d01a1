/**
 * Records of pax extended headers (POSIX pax, "pax Extended Header"): `LENGTH KEYWORD=VALUE\n`. They say what
 * a ustar header cannot; those of type 'x' hold for one entry, those of type 'g' for all that follow.
 *
 * @module
 */
import type { ByteString } from '../base/bytestring.ts';
import { toPrintable } from '../base/bytestring.ts';
import { archiveError } from './entry.ts';
import type { ArchivePlace } from './entry.ts';

/** One record. */
export interface PaxRecord {
  readonly keyword: string;
  readonly value: ByteString;
}

/**
 * Keywords that are understood. Others are counted and passed over, as POSIX asks. Times and names of owners
 * have no place in an image; `hdrcharset` and `charset` change nothing, because names stay bytes.
 */
const KNOWN =
  /^(path|linkpath|size|uid|gid|mtime|atime|ctime|uname|gname|comment|charset|hdrcharset|GNU\.sparse\..*)$/;

/** True for keywords that are read, or that say nothing an image could hold. */
export const isKnownKeyword = (keyword: string): boolean => KNOWN.test(keyword);

/** Digits of a record's length: 2^53 has 16. */
const LENGTH_DIGITS_MAX = 16;
const SHOWN_MAX = 80;

/**
 * Records in their order.
 *
 * @throws AxfsError EINVAL naming the byte at which a record is not one.
 */
export function parsePax(text: ByteString, place: ArchivePlace): readonly PaxRecord[] {
  const records: PaxRecord[] = [];
  for (let at = 0; at < text.length;) {
    const bad = (what: string): Error =>
      archiveError(place, `pax record at byte ${String(at)} ${what}`);
    const digits = /^[0-9]+ /.exec(text.slice(at, at + LENGTH_DIGITS_MAX + 1))?.[0];
    if (digits === undefined) throw bad('has no length, expected digits and a space');
    const length = Number(digits);
    const record = text.slice(at, at + length);
    if (record.length < length || !record.endsWith('\n') || length <= digits.length)
      throw bad(`has length ${digits.trim()}, expected one that ends at a line end`);
    const equals = record.indexOf('=', digits.length);
    if (equals <= digits.length) throw bad('has no keyword, expected KEYWORD=VALUE');
    records.push({
      keyword: record.slice(digits.length, equals),
      value: record.slice(equals + 1, -1) as ByteString,
    });
    at += length;
  }
  return records;
}

/** Record text of a keyword and its value; the length counts its own digits. */
export function paxRecord(keyword: string, value: string): string {
  const rest = ` ${keyword}=${value}\n`;
  let length = rest.length;
  while (String(length).length + rest.length !== length)
    length = String(length).length + rest.length;
  return String(length) + rest;
}

/**
 * A whole number from a record, 0 to `max`. A time may be negative and have a fraction, which is rounded down.
 *
 * @throws AxfsError EINVAL for anything else.
 */
export function paxNumber(
  { keyword, value }: PaxRecord,
  place: ArchivePlace,
  { max = Number.MAX_SAFE_INTEGER, isTime = false } = {},
): number {
  const form = isTime ? /^-?[0-9]+(\.[0-9]*)?$/ : /^[0-9]+$/;
  const number = form.test(value) ? Math.floor(Number(value)) : NaN;
  const min = isTime ? -max : 0;
  if (!(number >= min && number <= max))
    throw archiveError(
      place,
      `its ${keyword} is '${toPrintable(value.slice(0, SHOWN_MAX) as ByteString)}', expected ${String(min)} to ${String(max)}`,
    );
  return number;
}
