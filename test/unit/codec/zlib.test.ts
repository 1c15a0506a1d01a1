import { describe, expect, it } from 'vitest';
import { createPakoDeflater, createPakoInflater } from '../../../src/codec/pako.ts';
import { createWasmZlib } from '../../../src/codec/wasm-zlib.ts';
import { compileWasm } from '../../../src/codec/wasm.ts';
import { loadZlibModule } from '../../../src/host/node-host.ts';
import { noiseBytes, sha256, textBytes } from '../../support/sample-data.ts';

const wasm = createWasmZlib(loadZlibModule()!);
const CODECS = [
  { codec: 'pako', deflater: createPakoDeflater(), inflater: createPakoInflater() },
  { codec: 'WebAssembly zlib', deflater: wasm, inflater: wasm },
] as const;

/** SHA-256 of compress(…, 9) of stock zlib 1.2.13. */
const STOCK = [
  ['text', textBytes(4096), '6f61962a3f658dbb4cbfb81ada49bc050ce7ec850613f969e78a5eb0657eba48'],
  [
    'four values',
    noiseBytes(4096, 4),
    '46400bf5826e6e3807b94fba6d1ba93a8708e2d3607e065f9c544abb49b01949',
  ],
  ['noise', noiseBytes(4096), '33da71b4720a7d7dbabb722200262defea0039d0a8a0da015745490fdca8b4fa'],
  [
    'zeros',
    new Uint8Array(4096),
    '77b1f27dfe4747505c3676510175fad1e048ec0413df6e848ff024d4e110c3a8',
  ],
  [
    'nothing',
    new Uint8Array(0),
    'b171e283c6145acf2b923098dbbc40ffc39b4f1db0212928f9869747376c4ac8',
  ],
  [
    'more than the windows of the WebAssembly build',
    noiseBytes(200_000, 16),
    '075a2e8feb97b5f323ce73ee5bd6fda485ba55248a31b55ab1f7f74257cfc55a',
  ],
] as const;

describe.each(CODECS)('$codec', ({ deflater, inflater }) => {
  it.each(STOCK)('deflates %s as stock zlib does', async (_name, input, digest) => {
    expect(await sha256(deflater.deflate(input))).toBe(digest);
  });

  it.each(STOCK)('expands %s into exactly enough room', (_name, input) => {
    const into = new Uint8Array(input.length);
    expect(inflater.inflate(deflater.deflate(input), into)).toBe(input.length);
    expect(Buffer.compare(into, input)).toBe(0);
  });

  it('leaves the room after the end untouched', () => {
    const into = new Uint8Array(20).fill(0xaa);
    expect(inflater.inflate(deflater.deflate(textBytes(9)), into)).toBe(9);
    expect(into.subarray(9)).toEqual(new Uint8Array(11).fill(0xaa));
  });

  it('gives results of its own, which later calls do not touch', () => {
    const first = deflater.deflate(textBytes(100));
    const copy = first.slice();
    deflater.deflate(noiseBytes(4096));
    expect(first).toEqual(copy);
  });

  const stored = deflater.deflate(textBytes(4096));
  const changed = (at: number, by: number): Uint8Array => {
    const bytes = stored.slice();
    const index = at < 0 ? bytes.length + at : at;
    bytes[index] = (bytes[index] ?? 0) ^ by;
    return bytes;
  };
  it.each([
    ['a wrong Adler-32', changed(-1, 1), 4096, 'incorrect data check'],
    ['a wrong header', changed(0, 1), 4096, 'incorrect header check'],
    ['a wrong block type', changed(2, 0x02), 4096, 'invalid block type'],
    [
      'a preset dictionary',
      Uint8Array.of(0x78, 0xbb, 0, 0, 0, 1),
      4096,
      'it needs a preset dictionary',
    ],
    ['a stream cut short', stored.subarray(0, 100), 4096, 'it is cut short after 100 bytes'],
    ['no bytes at all', new Uint8Array(0), 4096, 'it is cut short after 0 bytes'],
    [
      'bytes after the end',
      Uint8Array.of(...stored, 7, 7, 7),
      4096,
      '3 bytes follow the end of the stream',
    ],
    ['too little room', stored, 4095, 'it expands to more than the expected 4095 bytes'],
    ['no room', stored, 0, 'it expands to more than the expected 0 bytes'],
  ] as const)('refuses %s', (_name, bytes, room, message) => {
    let caught: unknown;
    try {
      inflater.inflate(bytes, new Uint8Array(room));
    } catch (error) {
      caught = error;
    }
    expect(caught).toMatchObject({ code: 'EIO', message: `damaged zlib stream: ${message}` });
    // A failure leaves nothing behind for the next stream.
    expect(inflater.inflate(stored, new Uint8Array(4096))).toBe(4096);
  });
});

describe('createWasmZlib', () => {
  it('refuses a module that is not zlib', () => {
    const empty = compileWasm(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
    expect(() => createWasmZlib(empty)).toThrow('the zlib module does not export memory');
  });
});
