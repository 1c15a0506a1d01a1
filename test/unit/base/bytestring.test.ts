import { describe, expect, test } from 'vitest';
import { InvariantError } from '../../../src/base/assert.ts';
import {
  byteStringOf,
  fromBytes,
  fromText,
  isUtf8,
  toBytes,
  toPrintable,
  toText,
} from '../../../src/base/bytestring.ts';

const hex = (text: string): ReturnType<typeof fromBytes> =>
  fromBytes(Uint8Array.from(Buffer.from(text, 'hex')));

describe('fromBytes, toBytes', () => {
  test('keep all 256 bytes', () => {
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    const text = fromBytes(all);
    expect(text).toHaveLength(256);
    expect(text.charCodeAt(255)).toBe(0xff);
    expect(toBytes(text)).toEqual(all);
  });

  test('are no decoding: 0x80 is U+0080, not a euro sign', () => {
    expect(fromBytes(Uint8Array.of(0x80))).toBe('\u0080');
  });
});

describe('toText and fromText', () => {
  test.each([
    ['ASCII', '2e2f', './'],
    ['NUL', '6100', 'a\0'],
    ['2 bytes', 'c3a9', 'é'],
    ['3 bytes', 'e282ac', '€'],
    ['4 bytes', 'f09f92a9', '💩'],
    ['a byte order mark', 'efbbbf', '\ufeff'],
    ['a byte order mark before a name', 'efbbbf61', '\ufeffa'],
    ['last code point', 'f48fbfbf', '\u{10ffff}'],
    ['last before surrogates', 'ed9fbf', '\ud7ff'],
    ['first after surrogates', 'ee8080', '\ue000'],
    ['a stray continuation byte', '80', '\udc80'],
    ['Latin-1', 'e9', '\udce9'],
    ['a sequence cut short', 'e282', '\udce2\udc82'],
    ['overlong NUL', 'c080', '\udcc0\udc80'],
    ['an encoded surrogate', 'eda080', '\udced\udca0\udc80'],
    ['beyond U+10FFFF', 'f4908080', '\udcf4\udc90\udc80\udc80'],
    ['0xFF', 'ff', '\udcff'],
    ['valid after invalid', 'e2e282ac', '\udce2€'],
    ['invalid after a pair', 'f09f92a980', '💩\udc80'],
  ])('%s: %s', (_what, bytes, text) => {
    expect(toText(hex(bytes))).toBe(text);
    expect(fromText(text)).toBe(hex(bytes));
  });

  test('surrogates that stand for no byte become U+FFFD', () => {
    expect(fromText('\ud800')).toBe(hex('efbfbd'));
    expect(fromText('\udc7f')).toBe(hex('efbfbd'));
  });
});

describe('isUtf8 (RFC 3629, table of well-formed sequences)', () => {
  test.each(['', '00', '7f', 'c280', 'dfbf', 'e0a080', 'ed9fbf', 'efbfbf', 'f0908080', 'f48fbfbf'])(
    '%s is',
    (bytes) => {
      expect(isUtf8(hex(bytes))).toBe(true);
    },
  );

  test.each([
    '80',
    'bf',
    'c0af',
    'c1bf',
    'c3',
    'c3c3',
    'e08080',
    'e09fbf',
    'eda080',
    'edbfbf',
    'e282',
    'e28228',
    'f0808080',
    'f08fbfbf',
    'f4908080',
    'f5808080',
    'f09f92',
    'fe',
    'ff',
    '61c3',
  ])('%s is not', (bytes) => {
    expect(isUtf8(hex(bytes))).toBe(false);
  });
});

describe('byteStringOf', () => {
  test('takes characters up to U+00FF as they are', () => {
    expect(byteStringOf('a/\0\u00ff')).toBe('a/\0\u00ff');
  });

  test.each(['\u0100', '€', '💩', '\udc80'])('refuses %j', (text) => {
    expect(() => byteStringOf(text)).toThrow(InvariantError);
  });
});

describe('toPrintable', () => {
  test.each([
    ['plain text', '2f62696e2f6c73', '/bin/ls'],
    ['text in UTF-8', 'c3a9e282ac', 'é€'],
    ['text beyond the BMP', 'f09f8090', '🀐'],
    ['text whose second surrogate is in U+DC80 … U+DCFF', 'f09f92a92e747874', '💩.txt'],
    ['a line break', '610a62', 'a\\x0ab'],
    ['NUL', '00', '\\x00'],
    ['an escape sequence', '1b5b324a', '\\x1b[2J'],
    ['DEL', '7f', '\\x7f'],
    ['C1 control CSI as a byte', '9b', '\\x9b'],
    ['an undecodable byte', 'ff', '\\xff'],
    ['a backslash', '5c7830', '\\\\x0'],
  ])('%s', (_what, bytes, text) => {
    expect(toPrintable(hex(bytes))).toBe(text);
  });

  test('controls in UTF-8 show their bytes, not those of another name', () => {
    expect(toPrintable(hex('c29b'))).toBe('\\xc2\\x9b');
    expect(toPrintable(hex('61e280a862'))).toBe('a\\xe2\\x80\\xa8b');
  });
});
