/**
 * Names and paths as the kernel sees them: bytes without an encoding. A `ByteString` is a JavaScript
 * string with one character per byte (U+0000 … U+00FF), so it works as a map key, and `<` compares it as
 * C's `strcmp` does.
 *
 * @module
 */
import { assert } from './assert.ts';
import { toHex } from './bytes.ts';

declare const byteString: unique symbol;

/** Keeps U+FEFF, which a decoder drops unless told: it is part of a name like any other character. */
const DECODER = new TextDecoder('utf-8', { ignoreBOM: true });

/** One character per byte, 0 … 255. */
export type ByteString = string & { readonly [byteString]: true };

/** Arguments of one call: far below what any engine takes. */
const ARGUMENTS_MAX = 4096;

/** Bytes of a text file without the UTF-8 byte order mark that some editors put in front. */
export const withoutMark = (bytes: Uint8Array): Uint8Array =>
  bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;

/** The bytes, one character each. */
export function fromBytes(bytes: Uint8Array): ByteString {
  let text = '';
  for (let at = 0; at < bytes.length; at += ARGUMENTS_MAX)
    // Spreading would go through an iterator, at ten times the cost.
    text += Reflect.apply(
      String.fromCharCode,
      undefined,
      bytes.subarray(at, at + ARGUMENTS_MAX) as ArrayLike<number> as number[],
    );
  return text as ByteString;
}

/** The characters, one byte each. */
export function toBytes(text: ByteString): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** A run of bytes that stand in text as lone surrogates. */
const ESCAPED_BYTES = /([\udc80-\udcff]+)/u;

/** Ordinary text as its UTF-8 bytes; unpaired surrogates U+DC80 … U+DCFF stand for the bytes 0x80 … 0xFF. */
export function fromText(text: string): ByteString {
  const encoder = new TextEncoder();
  return text
    .split(ESCAPED_BYTES)
    .map((part) =>
      ESCAPED_BYTES.test(part)
        ? Array.from(part, (c) => String.fromCharCode(c.charCodeAt(0) - 0xdc00)).join('')
        : fromBytes(encoder.encode(part)),
    )
    .join('') as ByteString;
}

/**
 * The bytes as text: valid UTF-8 sequences decoded, every other byte as the lone surrogate U+DC00 + byte
 * (Python's `surrogateescape`), so that the result maps back by {@link fromText}.
 */
export function toText(text: ByteString): string {
  let out = '';
  for (let i = 0; i < text.length;) {
    const length = utf8Length(text, i);
    if (length === 0) {
      out += String.fromCharCode(0xdc00 + text.charCodeAt(i));
      i += 1;
    } else {
      out += DECODER.decode(toBytes(text.slice(i, i + length) as ByteString));
      i += length;
    }
  }
  return out;
}

/** True when the bytes are valid UTF-8 throughout. */
export function isUtf8(text: ByteString): boolean {
  for (let i = 0; i < text.length;) {
    const length = utf8Length(text, i);
    if (length === 0) return false;
    i += length;
  }
  return true;
}

/** Rows of RFC 3629's well-formed sequences: first byte range, second byte range, length. */
const UTF8_SEQUENCES = [
  [0x00, 0x7f, 0, 0, 1],
  [0xc2, 0xdf, 0x80, 0xbf, 2],
  [0xe0, 0xe0, 0xa0, 0xbf, 3],
  [0xe1, 0xec, 0x80, 0xbf, 3],
  [0xed, 0xed, 0x80, 0x9f, 3],
  [0xee, 0xef, 0x80, 0xbf, 3],
  [0xf0, 0xf0, 0x90, 0xbf, 4],
  [0xf1, 0xf3, 0x80, 0xbf, 4],
  [0xf4, 0xf4, 0x80, 0x8f, 4],
] as const;

function utf8Length(text: string, at: number): number {
  const first = text.charCodeAt(at);
  const row = UTF8_SEQUENCES.find(([low, high]) => first >= low && first <= high);
  if (row === undefined) return 0;
  const [, , low, high, length] = row;
  for (let k = 1; k < length; k += 1) {
    const byte = at + k < text.length ? text.charCodeAt(at + k) : -1;
    const from = k === 1 ? low : 0x80;
    const to = k === 1 ? high : 0xbf;
    if (byte < from || byte > to) return 0;
  }
  return length;
}

/** Tags text known to hold only characters up to U+00FF (literals, paths joined from byte strings). */
export function byteStringOf(text: string): ByteString {
  assert(
    Array.from(text).every((c) => (c.codePointAt(0) ?? 0) <= 0xff),
    () => `a byte string has one character per byte: ${JSON.stringify(text)}`,
  );
  return text as ByteString;
}

/**
 * For one-line messages: printable text as it is; the bytes of control characters and line separators, and
 * undecodable bytes, as `\xNN`. So a hostile name can neither break a line nor reach the terminal as an
 * escape sequence, and different names print differently.
 */
export const toPrintable = (text: ByteString): string =>
  toText(text).replace(UNPRINTABLE, (c) =>
    c === '\\'
      ? '\\\\'
      : Array.from(fromText(c), (byte) => `\\x${toHex(toBytes(byte as ByteString))}`).join(''),
  );

/** Control characters, line ends, marks that turn the direction of text, bytes that are no UTF-8, backslash. */
const UNPRINTABLE =
  // eslint-disable-next-line no-control-regex -- control characters are what this finds
  /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\\\udc80-\udcff]/gu;
