/**
 * What every codec owes: blocks of any content and length come back, whoever expands them; and damaged ones
 * end in EIO or in bytes within bounds.
 *
 * @module
 */
import fc from 'fast-check';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { constants, inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { AxfsError } from '../../src/base/errno.ts';
import { CODECS } from '../../src/codec/codecs.ts';
import { createLz4Inflater } from '../../src/codec/lz4-decode.ts';
import { createPakoInflater } from '../../src/codec/pako.ts';
import { createWasmZlib } from '../../src/codec/wasm-zlib.ts';
import type { Inflater } from '../../src/codec/zlib.ts';
import { loadLibdeflate, loadZlibModule } from '../../src/host/node-host.ts';
import { noiseBytes, textBytes } from '../support/sample-data.ts';
import { lz4Fault } from './lz4-block.ts';

const RUNS = { seed: 20_080_918, numRuns: 150 };
const modules = { zlib: loadZlibModule(), libdeflate: loadLibdeflate() };

/** Expands with the zlib of Node, told that the window is the kernel's: 32 KiB. */
const nodeZlib: Inflater = {
  inflate(stored, into) {
    const expanded = inflateSync(stored, {
      windowBits: constants.Z_MAX_WINDOWBITS,
      maxOutputLength: Math.max(1, into.length),
    });
    into.set(expanded);
    return expanded.length;
  },
};
const ZLIB_INFLATERS = {
  'node:zlib': nodeZlib,
  pako: createPakoInflater(),
  'WebAssembly zlib': createWasmZlib(modules.zlib!),
};
const codecs = CODECS.map(({ name, compressionType, makeDeflater }) => ({
  name,
  deflater: makeDeflater(modules),
  inflaters:
    compressionType === 0
      ? Object.entries(ZLIB_INFLATERS)
      : [['own', createLz4Inflater()] as const],
  /** What is wrong with a stream, besides what expanding it finds. */
  faultOf: compressionType === 0 ? zlibFault : lz4Fault,
}));

/** Header of a zlib stream as zlib_inflate() of the kernel takes it (RFC 1950, section 2.2). */
function zlibFault(stored: Uint8Array): string | undefined {
  const [cmf = 0, flags = 0] = stored;
  if (cmf !== 0x78) return `CMF is ${String(cmf)}, not deflate with a window of 32 KiB`;
  if ((cmf * 256 + flags) % 31 !== 0) return `FLG ${String(flags)} does not check`;
  return (flags >> 5) % 2 === 0 ? undefined : 'it wants a preset dictionary';
}

function checkRoundTrip(codec: (typeof codecs)[number], block: Uint8Array): void {
  const stored = codec.deflater.deflate(block);
  expect(codec.faultOf(stored, block.length)).toBeUndefined();
  for (const [name, inflater] of codec.inflaters) {
    const into = new Uint8Array(block.length);
    expect(inflater.inflate(stored, into), name).toBe(block.length);
    expect(Buffer.compare(into, block), name).toBe(0);
  }
}

/** Runs, repeats near and far, and noise, in any mixture. */
const structured = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.tuple(fc.nat(255), fc.nat(600)).map(([byte, length]) => new Uint8Array(length).fill(byte)),
      fc
        .tuple(fc.uint8Array({ minLength: 1, maxLength: 12 }), fc.nat(60))
        .map(([unit, times]) => Buffer.concat(Array<Uint8Array>(times).fill(unit))),
      fc.tuple(fc.nat(70_000), fc.nat(400)),
    ),
    { minLength: 1, maxLength: 14 },
  )
  .map((parts) => {
    let block = Buffer.alloc(0);
    for (const part of parts)
      block = Buffer.concat([
        block,
        // A pair of numbers copies what is there already, from so far back.
        part instanceof Uint8Array ? part : block.subarray(-1 - part[0]).subarray(0, part[1]),
      ]);
    return new Uint8Array(block);
  });

const LENGTHS = [
  ...[1, 2, 4, 5, 11, 12, 13, 14, 17, 255, 4095, 4096, 4097, 16_384],
  ...[32_768, 32_769, 65_535, 65_536, 65_537, 262_144, 1_048_576],
];

/** Pages of a real program: Node itself. */
function programPages(count: number): readonly Uint8Array[] {
  const file = openSync(process.execPath, 'r');
  const pages = Math.floor(fstatSync(file).size / 4096);
  const read = Array.from({ length: count }, (_, i) => {
    const page = new Uint8Array(4096);
    readSync(file, page, 0, page.length, Math.floor((i * pages) / count) * 4096);
    return page;
  });
  closeSync(file);
  return read;
}
const pages = programPages(300);

describe.each(codecs)('$name', (codec) => {
  it('gives back structured blocks', () => {
    fc.assert(
      fc.property(structured, (block) => {
        checkRoundTrip(codec, block);
      }),
      RUNS,
    );
  });

  it('gives back blocks of noise and of few values', () => {
    const block = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 5000, size: 'max' }),
      fc
        .array(fc.nat(2), { minLength: 1, maxLength: 400 })
        .map((values) => Uint8Array.from(values)),
    );
    fc.assert(
      fc.property(block, (bytes) => {
        checkRoundTrip(codec, bytes);
      }),
      RUNS,
    );
  });

  it.each(LENGTHS)('gives back %i bytes', (length) => {
    checkRoundTrip(codec, new Uint8Array(length));
    checkRoundTrip(codec, textBytes(length));
    checkRoundTrip(codec, noiseBytes(length, 5, length));
    checkRoundTrip(codec, noiseBytes(length, 256, length));
  });

  it('gives back pages of a real program, alone and many at once', () => {
    for (const page of pages) checkRoundTrip(codec, page);
    checkRoundTrip(codec, new Uint8Array(Buffer.concat(pages)).subarray(0, 1_048_576));
  });
});

/** Numbers from 0 up to a limit, of a seed (mulberry32). */
function numbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

/** A damaged copy: bits flipped, bytes set, cut, inserted, repeated or moved; or noise altogether. */
function damaged(stream: Uint8Array, below: (limit: number) => number): Uint8Array {
  if (below(20) === 0) return Uint8Array.from({ length: below(200) }, () => below(256));
  let bytes = [...stream];
  for (let times = 1 + below(4); times > 0; times -= 1) {
    const at = below(bytes.length + 1);
    const kind = below(6);
    if (kind === 0) bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8));
    else if (kind === 1) bytes[at] = [0, 255, 15, 240, below(256)][below(5)]!;
    else if (kind === 2) bytes = bytes.slice(0, at);
    else if (kind === 3) bytes.splice(at, below(4));
    else if (kind === 4) bytes.splice(at, 0, ...bytes.slice(below(bytes.length + 1)).slice(0, 9));
    else bytes.splice(at, 0, ...Array<number>(below(20)).fill(below(2) * 255));
  }
  return Uint8Array.from(bytes);
}

const CANARY = 64;
const SOURCES = [
  textBytes(4096),
  textBytes(700),
  noiseBytes(4096, 3),
  noiseBytes(300),
  new Uint8Array(4096),
  noiseBytes(4096, 16),
];

/** Expands between canaries and says how it ended; it must have ended well, or with EIO. */
function attempt(inflater: Inflater, stored: Uint8Array, room: number): 'expanded' | 'EIO' {
  const memory = new Uint8Array(room + 2 * CANARY).fill(0xc5);
  const around = new Uint8Array(stored.length + 2 * CANARY).fill(0x5c);
  around.set(stored, CANARY);
  let result: 'expanded' | 'EIO' = 'expanded';
  try {
    const length = inflater.inflate(
      around.subarray(CANARY, CANARY + stored.length),
      memory.subarray(CANARY, CANARY + room),
    );
    if (!Number.isInteger(length) || length < 0 || length > room)
      throw new Error(`it became ${String(length)} bytes in room for ${String(room)}`);
  } catch (error) {
    if (!(error instanceof AxfsError) || error.code !== 'EIO') throw error;
    result = 'EIO';
  }
  const outside = [memory.subarray(0, CANARY), memory.subarray(CANARY + room)];
  if (!outside.every((bytes) => bytes.every((byte) => byte === 0xc5)))
    throw new Error('it wrote beside its room');
  if (Buffer.compare(around.subarray(CANARY, CANARY + stored.length), stored) !== 0)
    throw new Error('it wrote over what it read');
  return result;
}

describe('damaged streams', () => {
  const zlibs = codecs.filter(({ faultOf }) => faultOf === zlibFault);
  const lz4 = codecs.filter(({ faultOf }) => faultOf === lz4Fault);
  it.each([
    { decoder: 'own LZ4', of: lz4, inflater: createLz4Inflater(), cases: 20_000, least: 200 },
    {
      decoder: 'WebAssembly zlib',
      of: zlibs,
      inflater: ZLIB_INFLATERS['WebAssembly zlib'],
      cases: 6000,
      least: 0,
    },
    { decoder: 'pako', of: zlibs, inflater: ZLIB_INFLATERS.pako, cases: 4000, least: 0 },
  ])('end in EIO or within bounds: $cases cases for $decoder', ({ of, inflater, cases, least }) => {
    const below = numbers(0x4c);
    const streams = of.flatMap(({ deflater }) =>
      SOURCES.map((block) => ({ block, stored: deflater.deflate(block) })),
    );
    const ended = { expanded: 0, EIO: 0 };
    for (let i = 0; i < cases; i += 1) {
      const { block, stored } = streams[below(streams.length)]!;
      const room = [block.length, block.length - 1, block.length + 50, below(5000)][below(4)]!;
      const bytes = damaged(stored, below);
      try {
        ended[attempt(inflater, bytes, room)] += 1;
      } catch (error) {
        throw new Error(`case ${String(i)}: ${Buffer.from(bytes).toString('hex')}`, {
          cause: error,
        });
      }
    }
    expect(ended.EIO + ended.expanded).toBe(cases);
    // Both ends are reached.
    expect(ended.EIO).toBeGreaterThan(cases / 5);
    expect(ended.expanded).toBeGreaterThanOrEqual(least);
    // And nothing of it stays behind.
    for (const { block, stored } of streams) {
      const into = new Uint8Array(block.length);
      expect(inflater.inflate(stored, into)).toBe(block.length);
      expect(Buffer.compare(into, block)).toBe(0);
    }
  });

  it('of LZ4 are refused wherever they are cut, or come out shorter', () => {
    const stored = lz4[0]!.deflater.deflate(textBytes(1000));
    for (let length = 0; length < stored.length; length += 1) {
      const into = new Uint8Array(1000);
      let became = 0;
      try {
        became = createLz4Inflater().inflate(stored.subarray(0, length), into);
      } catch (error) {
        expect(error).toMatchObject({ code: 'EIO' });
      }
      expect(became).toBeLessThan(1000);
    }
  });
});
