import { describe, expect, it } from 'vitest';
import {
  CODECS,
  COMPRESSION_LZ4,
  DEFAULT_CODEC,
  checkModules,
  codecOf,
  codecOfType,
  isCodecName,
} from '../../../src/codec/codecs.ts';
import type { CodecName } from '../../../src/codec/codecs.ts';
import { loadLibdeflate, loadZlibModule } from '../../../src/host/node-host.ts';
import { noiseBytes, sha256, textBytes } from '../../support/sample-data.ts';

const modules = { zlib: loadZlibModule(), libdeflate: loadLibdeflate() };
const names = CODECS.map(({ name }) => name);

/** A fixed sample: every kind of block, and lengths on both sides of the limits of LZ4 and of deflate. */
const SAMPLE = [
  ...[1, 12, 13, 100, 4095, 4096, 16_384, 65_536, 262_144].map((length) => textBytes(length)),
  ...[2, 4, 16, 100, 256].map((values) => noiseBytes(4096, values, values)),
  new Uint8Array(4096),
  noiseBytes(200_000, 16),
];

/** Bytes and SHA-256 of the sample's streams, one after the other. */
const GOLDEN = {
  zlib: [167_536, '5b323252f15dc1498aedce3d575a44273fbd67baa80fb65dd73d4ff64152418c'],
  'zlib-fast': [140_920, 'b91933f5aabdc14c3c411d95bb42d95b4aa0cababe7ae70ee40bb99f80431dce'],
  'zlib-small': [137_226, '35cb67a3919ac8890448814436933665b7239d9b80b3fc8a2e4f8e79963957f0'],
  lz4: [252_918, 'b5cc9f0f5d54708d32b7ba3e66f17dc803dddd39ea483bdb987c87adc5a12e38'],
} as const satisfies Readonly<Record<CodecName, readonly [number, string]>>;

describe('the table of codecs', () => {
  it('has names, and the default among them', () => {
    expect(names).toEqual(['zlib', 'zlib-fast', 'zlib-small', 'lz4']);
    expect(DEFAULT_CODEC).toBe(names[0]);
    for (const name of names) expect(codecOf(name).name).toBe(name);
    expect(names.every(isCodecName)).toBe(true);
    expect(['', 'ZLIB', 'lzo', 'constructor'].some(isCodecName)).toBe(false);
  });

  it('finds the codec of a compression_type', () => {
    expect(codecOfType(0)).toBe('zlib');
    expect(codecOfType(COMPRESSION_LZ4)).toBe('lz4');
    expect(codecOfType(1)).toBeUndefined();
  });

  it('calls readable by the driver what is zlib, and nothing else', () => {
    for (const { name, kernelReadable, compressionType } of CODECS)
      expect(kernelReadable, name).toBe(compressionType === 0);
  });
});

describe.each(names)('%s', (name) => {
  it('gives the same bytes as ever, from a codec new or used', async () => {
    const used = codecOf(name).makeDeflater(modules);
    const streams = SAMPLE.map((block) => used.deflate(block));
    const bytes = new Uint8Array(Buffer.concat(streams));
    expect([bytes.length, await sha256(bytes)]).toEqual(GOLDEN[name]);
    const fresh = SAMPLE.map((block) => codecOf(name).makeDeflater(modules).deflate(block));
    expect(fresh.every((stream, i) => Buffer.compare(stream, streams[i]!) === 0)).toBe(true);
  });

  it('gives results of its own, which later calls do not touch', () => {
    const deflater = codecOf(name).makeDeflater(modules);
    const first = deflater.deflate(textBytes(100));
    const copy = first.slice();
    deflater.deflate(noiseBytes(4096));
    expect(first).toEqual(copy);
  });

  it('can be made of the modules that its row names, and expanded', () => {
    const { deflate, inflate } = codecOf(name).modules;
    const only = (key: keyof typeof modules | undefined): Partial<typeof modules> =>
      key === undefined ? {} : { [key]: modules[key] };
    const stored = codecOf(name).makeDeflater(only(deflate)).deflate(textBytes(4096));
    const into = new Uint8Array(4096);
    expect(codecOf(name).makeInflater(only(inflate)).inflate(stored, into)).toBe(4096);
    expect(codecOf(name).makeInflater({}).inflate(stored, into)).toBe(4096);
    expect(into).toEqual(textBytes(4096));
  });
});

describe('without its module', () => {
  it.each(['zlib-fast', 'zlib-small'] as const)('%s says what to choose instead', (name) => {
    const refusal = {
      code: 'EOPNOTSUPP',
      message: `codec ${name} needs WebAssembly, which is turned off here: choose codec zlib`,
    };
    const caught = (call: () => unknown): unknown => {
      try {
        return call();
      } catch (error) {
        return error;
      }
    };
    expect(caught(() => codecOf(name).makeDeflater({ zlib: modules.zlib }))).toMatchObject(refusal);
    expect(
      caught(() => {
        checkModules(name, {});
      }),
    ).toMatchObject(refusal);
  });

  it.each(['zlib', 'lz4'] as const)('%s works all the same', (name) => {
    checkModules(name, {});
    const stored = codecOf(name).makeDeflater({}).deflate(textBytes(4096));
    expect(stored).toEqual(codecOf(name).makeDeflater(modules).deflate(textBytes(4096)));
  });
});
