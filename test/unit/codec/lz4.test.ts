import { describe, expect, it } from 'vitest';
import { createLz4Inflater } from '../../../src/codec/lz4-decode.ts';
import { createLz4Deflater } from '../../../src/codec/lz4-encode.ts';
import { lz4Fault, lz4Sequences } from '../../property/lz4-block.ts';
import { noiseBytes, textBytes } from '../../support/sample-data.ts';

const deflater = createLz4Deflater();
const inflater = createLz4Inflater();
const letters = (text: string): Uint8Array => new TextEncoder().encode(text);
const expand = (block: readonly number[] | Uint8Array, room: number): string => {
  const into = new Uint8Array(room);
  return new TextDecoder().decode(into.subarray(0, inflater.inflate(Uint8Array.from(block), into)));
};
/** A block by hand: token, literals, offset and so on, letters as text. */
const block = (...parts: readonly (number | string)[]): number[] =>
  parts.flatMap((part) => (typeof part === 'number' ? [part] : [...letters(part)]));

describe('the decoder', () => {
  it.each([
    ['nothing', block(0x00), ''],
    ['literals', block(0x50, 'hello'), 'hello'],
    [
      '15 literals, the first length with another byte',
      block(0xf0, 0, 'fifteen letters'),
      'fifteen letters',
    ],
    ['a match', block(0x40, 'abcd', 4, 0, 0x80, 'efghijkl'), 'abcdabcdefghijkl'],
    [
      'a match that reaches into itself',
      block(0x24, 'ab', 2, 0, 0x80, 'cdefghij'),
      'abababababcdefghij',
    ],
    ['a run', block(0x1f, 'z', 1, 0, 30, 0x50, 'abcde'), `${'z'.repeat(1 + 4 + 15 + 30)}abcde`],
    [
      'a long length',
      block(0x1f, 'z', 1, 0, 255, 255, 0, 0x50, 'abcde'),
      `${'z'.repeat(530)}abcde`,
    ],
    [
      'a long match from far back',
      block(0xff, 25, 'abcdefghijklmnopqrstuvwxyzabcdefghijklmn', 40, 0, 21, 0x50, 'vwxyz'),
      'abcdefghijklmnopqrstuvwxyzabcdefghijklmn'.repeat(2) + 'vwxyz',
    ],
  ] as const)('expands %s', (_name, stored, text) => {
    expect(expand(stored, text.length)).toBe(text);
    expect(expand(stored, text.length + 100)).toBe(text);
  });

  it.each([
    ['no bytes', [], 9, 'it is cut short after 0 bytes'],
    ['literals cut short', block(0x50, 'hell'), 9, 'it is cut short after 5 bytes'],
    ['a length cut short', block(0xf0), 99, 'it is cut short after 1 bytes'],
    ['a long length cut short', block(0xf0, 255, 255), 9, 'it is cut short after 3 bytes'],
    ['half an offset', block(0x40, 'abcd', 4), 99, 'it is cut short after 6 bytes'],
    ['no match length', block(0x4f, 'abcd', 4, 0), 99, 'it is cut short after 7 bytes'],
    ['no last literals', block(0x40, 'abcd', 4, 0), 99, 'it is cut short after 7 bytes'],
    ['offset 0', block(0x40, 'abcd', 0, 0, 0x80, 'efghijkl'), 99, 'a match has offset 0'],
    [
      'an offset before the block',
      block(0x40, 'abcd', 5, 0, 0x80, 'efghijkl'),
      99,
      'a match at byte 4 starts 5 bytes back, before the block',
    ],
    [
      'a match at the start',
      block(0x00, 1, 0, 0x80, 'efghijkl'),
      99,
      'a match at byte 0 starts 1 bytes back, before the block',
    ],
    ['too many literals', block(0x50, 'hello'), 4, 'it expands to more than the expected 4 bytes'],
    ['no room', block(0x10, 'a'), 0, 'it expands to more than the expected 0 bytes'],
    [
      'too long a match',
      block(0x40, 'abcd', 4, 0, 0x80, 'efghijkl'),
      7,
      'it expands to more than the expected 7 bytes',
    ],
    [
      'a length beyond all bounds',
      block(0x1f, 'z', 1, 0, ...Array<number>(5000).fill(255), 0, 0x50, 'abcde'),
      4096,
      'it expands to more than the expected 4096 bytes',
    ],
    [
      'a last match too close to the end',
      block(0x40, 'abcd', 4, 0, 0x70, 'efghijk'),
      99,
      'its last match starts 11 bytes before the end, expected at least 12',
    ],
    [
      'too few last literals',
      block(0x48, 'abcd', 4, 0, 0x40, 'efgh'),
      99,
      'it ends with 4 literals, expected at least 5',
    ],
  ] as const)('refuses %s', (_name, stored, room, message) => {
    let caught: unknown;
    try {
      expand(stored, room);
    } catch (error) {
      caught = error;
    }
    expect(caught).toMatchObject({ code: 'EIO', message: `damaged LZ4 block: ${message}` });
  });

  it('leaves the room after the end untouched', () => {
    const into = new Uint8Array(20).fill(0xaa);
    expect(inflater.inflate(Uint8Array.from(block(0x50, 'hello')), into)).toBe(5);
    expect(into.subarray(5)).toEqual(new Uint8Array(15).fill(0xaa));
  });
});

describe('the encoder', () => {
  const inputs = [
    ['nothing', new Uint8Array(0)],
    ...Array.from(
      { length: 40 },
      (_, n) => [`${String(n + 1)} zeros`, new Uint8Array(n + 1)] as const,
    ),
    ['text', textBytes(4096)],
    ['few values', noiseBytes(4096, 3)],
    ['noise', noiseBytes(4096)],
    ['16 literals, a match', letters('0123456789abcdef-0123456789abcdef-hello')],
    ['270 literals', noiseBytes(270)],
    [
      'a match at offset 65535',
      joined(letters('abcdefgh'), noiseBytes(65527), letters('abcdefghijklmno')),
    ],
    [
      'a repeat at 65536',
      joined(letters('abcdefgh'), noiseBytes(65528), letters('abcdefghijklmno')),
    ],
    ['a mebibyte', joined(textBytes(500_000), noiseBytes(548_576, 7))],
  ] as const;
  it.each(inputs)('makes a block of %s that obeys the format and expands again', (_name, input) => {
    const stored = deflater.deflate(input);
    expect(lz4Fault(stored, input.length)).toBeUndefined();
    const into = new Uint8Array(input.length);
    expect(inflater.inflate(stored, into)).toBe(input.length);
    expect(Buffer.compare(into, input)).toBe(0);
  });

  it('uses all 16 bits of an offset, and no more', () => {
    const offsets = (name: string): readonly number[] =>
      lz4Sequences(deflater.deflate(inputs.find(([title]) => title === name)![1])).flatMap(
        ({ match }) => (match === undefined ? [] : [match.offset]),
      );
    expect(offsets('a match at offset 65535')).toContain(65535);
    expect(Math.max(0, ...offsets('a repeat at 65536'))).toBeLessThanOrEqual(65535);
  });

  it('prefers the longer match one byte later', () => {
    // At the second "abcd" a match of 4; behind one more literal, one of 14.
    const input = letters('abcdXbcdefghijklmnoYabcdefghijklmnoZ0123456789');
    const matches = lz4Sequences(deflater.deflate(input)).flatMap(({ match }) => match ?? []);
    expect(matches).toEqual([{ at: 21, offset: 16, length: 14 }]);
  });

  it('gives bytes that depend on the input alone, not on blocks before it', () => {
    const fresh = inputs.map(([, input]) => createLz4Deflater().deflate(input));
    expect(inputs.map(([, input]) => deflater.deflate(input))).toEqual(fresh);
    const backwards = [...inputs].reverse().map(([, input]) => deflater.deflate(input));
    expect(backwards.reverse()).toEqual(fresh);
  });
});

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
