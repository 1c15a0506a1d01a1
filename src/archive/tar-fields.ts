/**
 * The header block of a tar archive: its fields, their numbers and their checksum. The layout is POSIX ustar
 * (pax, "ustar Interchange Format"); numbers that octal digits cannot hold are in GNU tar's base 256.
 *
 * @module
 */
import { fromBytes } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { archiveError } from './entry.ts';
import type { ArchivePlace } from './entry.ts';

/** Bytes of a block: headers are one, contents are padded to whole ones. */
export const TAR_BLOCK = 512;

/** Fields of a header: first byte and length. */
export const TAR_FIELDS = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  linkname: [157, 100],
  magic: [257, 6],
  version: [263, 2],
  devmajor: [329, 8],
  devminor: [337, 8],
  prefix: [345, 155],
  /** GNU tar's old sparse header ('S'): four regions, whether more follow, the file's size. */
  sparse: [386, 96],
  isExtended: [482, 1],
  realSize: [483, 12],
  /** star's mark of a header whose prefix is shorter, because times follow it. */
  starMagic: [508, 4],
} as const satisfies Readonly<Record<string, readonly [number, number]>>;

/** Name of a header field. */
export type TarField = keyof typeof TAR_FIELDS;

/** The bytes of a field. */
export function fieldBytes(block: Uint8Array, field: TarField): Uint8Array {
  const [at, length] = TAR_FIELDS[field];
  return block.subarray(at, at + length);
}

/** Text of a field: up to its first NUL byte, or all of it. */
export function fieldText(block: Uint8Array, field: TarField): ByteString {
  const text = fromBytes(fieldBytes(block, field));
  const end = text.indexOf('\0');
  return (end < 0 ? text : text.slice(0, end)) as ByteString;
}

/**
 * A number of a field: octal digits, or base 256 when the first byte is ≥ 128. A field left empty is 0.
 *
 * @throws AxfsError EINVAL for anything else, and for values beyond ±(2^53-1).
 */
export const fieldNumber = (block: Uint8Array, field: TarField, place: ArchivePlace): number =>
  tarNumber(fieldBytes(block, field), field, place);

/** As {@link fieldNumber}, of bytes that stand elsewhere; `what` names them. */
export function tarNumber(bytes: Uint8Array, what: string, place: ArchivePlace): number {
  const first = bytes[0] ?? 0;
  const text = fromBytes(bytes);
  const digits = /^[ \0]*([0-7]*)[ \0]*/.exec(text);
  // What follows the terminator is not looked at, as in every other reader.
  const isOctal = digits !== null && /^[ \0]*[0-7]*($|[ \0])/.test(text);
  if (first < 0x80 && !isOctal)
    throw archiveError(
      place,
      `its ${what} is '${printable(text)}', expected octal digits or base 256`,
    );
  const value = first < 0x80 ? octal(digits?.[1] ?? '') : base256(bytes);
  if (!Number.isSafeInteger(value))
    throw archiveError(place, `its ${what} is ${String(value)}, expected less than 2^53`);
  return value;
}

const octal = (digits: string): number => (digits === '' ? 0 : Number.parseInt(digits, 8));

/** Two's complement without the highest bit, which marks the form. */
function base256(bytes: Uint8Array): number {
  const first = bytes[0] ?? 0;
  const isNegative = first >= 0xc0;
  let value = isNegative ? first - 0x100 : first - 0x80;
  for (const byte of bytes.subarray(1)) value = value * 256 + byte;
  return value;
}

const printable = (text: string): string =>
  text.replace(/[^\x20-\x7e]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);

/** Sum of a header's bytes with the checksum field as spaces: as unsigned and, as old tars had it, signed. */
export function checksumsOf(block: Uint8Array): { unsigned: number; signed: number } {
  const [at, length] = TAR_FIELDS.checksum;
  let unsigned = 0;
  let signed = 0;
  block.forEach((stored, i) => {
    const byte = i >= at && i < at + length ? 0x20 : stored;
    unsigned += byte;
    signed += byte < 0x80 ? byte : byte - 0x100;
  });
  return { unsigned, signed };
}

/** True when a block's checksum field holds its checksum: what makes a block a header. */
export function isTarHeader(block: Uint8Array): boolean {
  if (block.length !== TAR_BLOCK) return false;
  const digits = /^[ \0]*([0-7]+)[ \0]/.exec(fromBytes(fieldBytes(block, 'checksum')))?.[1];
  if (digits === undefined) return false;
  const { unsigned, signed } = checksumsOf(block);
  const stored = octal(digits);
  return stored === unsigned || stored === signed;
}

/** True when all bytes are 0. */
export const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

/** `bytes` rounded up to whole blocks. */
export const wholeBlocks = (bytes: number): number => Math.ceil(bytes / TAR_BLOCK) * TAR_BLOCK;
