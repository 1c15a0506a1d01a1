import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  fromBytes,
  fromText,
  isUtf8,
  toBytes,
  toPrintable,
  toText,
} from '../../src/base/bytestring.ts';

/** Arbitrary bytes, and bytes that often are UTF-8 or nearly so. */
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 12 }).map((text) => new TextEncoder().encode(text)),
  fc
    .tuple(
      fc.string({ unit: 'binary', maxLength: 6 }),
      fc.uint8Array({ min: 0x80, maxLength: 3 }),
      fc.string({ unit: 'binary', maxLength: 6 }),
    )
    .map(([before, between, after]) =>
      Uint8Array.from(Buffer.concat([Buffer.from(before), between, Buffer.from(after)])),
    ),
  fc
    .array(
      fc.constantFrom(
        0x00,
        0x7f,
        0x80,
        0x9f,
        0xa0,
        0xbf,
        0xc2,
        0xe0,
        0xed,
        0xef,
        0xbb,
        0xf0,
        0xf4,
        0xff,
      ),
      { maxLength: 8 },
    )
    .map((list) => Uint8Array.from(list)),
);

const strict = (value: Uint8Array): string | undefined => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value);
  } catch {
    return undefined;
  }
};

describe('byte strings', () => {
  test('fromBytes and toBytes are inverse', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        expect(toBytes(fromBytes(value))).toEqual(value);
      }),
    );
  });

  test('any bytes survive the way through text', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        const name = fromBytes(value);
        expect(fromText(toText(name))).toBe(name);
      }),
      { numRuns: 1000 },
    );
  });

  test('well-formed text survives the way through bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(toText(fromText(text))).toBe(text);
        expect(toBytes(fromText(text))).toEqual(new TextEncoder().encode(text));
      }),
    );
  });

  test('isUtf8 and toText agree with TextDecoder, fatal', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        const decoded = strict(value);
        expect(isUtf8(fromBytes(value))).toBe(decoded !== undefined);
        if (decoded !== undefined) expect(toText(fromBytes(value))).toBe(decoded);
        else expect(toText(fromBytes(value))).toMatch(/\p{Cs}/u);
      }),
      { numRuns: 1000 },
    );
  });

  test('`<` orders names as memcmp orders their bytes', () => {
    const near = fc.array(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), { maxLength: 4 });
    fc.assert(
      fc.property(near, near, (a, b) => {
        const left = Uint8Array.from(a);
        const right = Uint8Array.from(b);
        const order = Buffer.compare(left, right);
        expect(fromBytes(left) < fromBytes(right)).toBe(order < 0);
        expect(fromBytes(left) === fromBytes(right)).toBe(order === 0);
      }),
    );
  });

  test('toPrintable emits neither control characters nor lone surrogates', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        const text = toPrintable(fromBytes(value));
        expect(text).not.toMatch(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u);
      }),
      { numRuns: 1000 },
    );
  });

  test('toPrintable leaves text without controls and backslashes alone', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        fc.pre(!/[\p{Cc}\p{Zl}\p{Zp}\\]/u.test(text));
        expect(toPrintable(fromText(text))).toBe(text);
      }),
    );
  });

  test('toPrintable shows different names differently', () => {
    /** The bytes again: `\\xNN` is one, `\\\\` a backslash, the rest UTF-8. */
    const parse = (text: string): Buffer =>
      Buffer.concat(
        Array.from(text.matchAll(/\\x([0-9a-f]{2})|\\(\\)|[^\\]/gu), ([whole, digits, slash]) =>
          digits === undefined ? Buffer.from(slash ?? whole) : Buffer.from(digits, 'hex'),
        ),
      );
    fc.assert(
      fc.property(bytes, (value) => {
        expect(Uint8Array.from(parse(toPrintable(fromBytes(value))))).toEqual(value);
      }),
      { numRuns: 1000 },
    );
  });
});
