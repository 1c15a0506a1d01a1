import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import {
  LIBDEFLATE_LEVELS,
  LIBDEFLATE_PACKAGE,
  createLibdeflate,
  readLibdeflate,
} from '../../../src/codec/libdeflate.ts';
import { createPakoInflater } from '../../../src/codec/pako.ts';
import { loadLibdeflate } from '../../../src/host/node-host.ts';
import { noiseBytes, textBytes } from '../../support/sample-data.ts';

const libdeflate = loadLibdeflate()!;
const index = createRequire(import.meta.url).resolve(LIBDEFLATE_PACKAGE.name);
const text = readFileSync(new URL('dist/libdeflate.wasm.mjs', `file://${index}`), 'utf8');
const fromBase64 = (base64: string): Uint8Array => Buffer.from(base64, 'base64');

describe('the package libdeflate', () => {
  it('is the version that this was written against', () => {
    const manifest = new URL('package.json', `file://${index}`);
    const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version: string };
    expect(version).toBe(LIBDEFLATE_PACKAGE.version);
  });

  it('gives the streams that its own interface gives', async () => {
    const name: string = LIBDEFLATE_PACKAGE.name;
    const listeners = ['uncaughtException', 'unhandledRejection'] as const;
    const before = listeners.map((event) => process.listeners(event as 'uncaughtException'));
    const { zlib } = (await import(name)) as {
      readonly zlib: (input: Uint8Array, level: number) => Uint8Array;
    };
    for (const level of Object.values(LIBDEFLATE_LEVELS)) {
      const deflater = createLibdeflate(libdeflate, level);
      for (const input of [textBytes(4096), noiseBytes(70_000, 9), new Uint8Array(0)])
        expect(Buffer.compare(deflater.deflate(input), zlib(input, level))).toBe(0);
    }
    // It makes the process throw where it would not have: the reason for taking only its module.
    listeners.forEach((event, i) => {
      for (const listener of process.listeners(event as 'uncaughtException'))
        if (!before[i]!.includes(listener)) process.off(event, listener);
    });
  });

  it.each([
    ['a WebAssembly module', 'base64,', 'base46,'],
    ['libdeflate_zlib_compress', '_libdeflate_zlib_compress"]=asm', '_other"]=asm'],
    ['a memory', 'wasmMemory=', 'memory='],
    ['a start', 'addOnInit(Module', 'addOnExit(Module'],
  ])('is refused when it does not hold %s', (what, from, to) => {
    const message = `the package libdeflate does not hold ${what}`;
    expect(() => readLibdeflate(text.replaceAll(from, to), fromBase64)).toThrow(message);
  });
});

describe.each([6, 12])('level %i', (level) => {
  it('takes blocks that need more memory than there is at first', () => {
    const deflater = createLibdeflate(libdeflate, level);
    const small = deflater.deflate(textBytes(4096));
    for (const length of [1, 65_536, 65_537, 1_048_576, 12_000_000]) {
      const input = noiseBytes(length, 11);
      const into = new Uint8Array(length);
      expect(createPakoInflater().inflate(deflater.deflate(input), into)).toBe(length);
      expect(Buffer.compare(into, input)).toBe(0);
    }
    expect(deflater.deflate(textBytes(4096))).toEqual(small);
  });
});

it('asserts that a level exists', () => {
  expect(() => createLibdeflate(libdeflate, 13)).toThrow('libdeflate has a level 13');
});
