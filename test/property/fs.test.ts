import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fromText } from '../../src/base/bytestring.ts';
import { createPakoInflater } from '../../src/codec/pako.ts';
import { AxfsVolume } from '../../src/fs/volume.ts';
import { AxfsError } from '../../src/base/errno.ts';
import { virtAddr } from '../../src/base/units.ts';
import { buildImage } from '../../src/mkfs/build.ts';
import { profileOf } from '../../src/mkfs/profile.ts';
import { treeFrom } from '../../src/mkfs/tree.ts';
import { MAP_PRIVATE, PROT_READ } from '../../src/mm/vmflags.ts';
import { memoryContents } from '../../src/mtd/contents.ts';
import { createRamDevice } from '../../src/mtd/ram.ts';
import { createMachine } from '../../src/sim/machine.ts';
import { noiseBytes, textBytes } from '../support/sample-data.ts';

const PAGE = 4096;

/** A file: each page text or noise, XIP or not; the last one cut. */
const fileArbitrary = fc
  .record({
    pages: fc.array(fc.record({ noise: fc.boolean(), xip: fc.boolean(), seed: fc.nat(1000) }), {
      minLength: 1,
      maxLength: 6,
    }),
    cut: fc.nat(PAGE - 1),
  })
  .map(({ pages, cut }) => {
    const content = Buffer.concat(
      pages.map(({ noise, seed }) => {
        const bytes = noise ? noiseBytes(PAGE, 256, seed) : textBytes(PAGE);
        bytes[0] = seed % 256;
        return bytes;
      }),
    );
    return {
      content: new Uint8Array(content.subarray(0, content.length - cut)),
      xip: pages.flatMap(({ xip }, page) => (xip ? [page] : [])),
    };
  });

interface ArbitraryFile {
  readonly content: Uint8Array;
  /** Pages for XIP. */
  readonly xip: readonly number[];
}

const imageOf = async (files: readonly ArbitraryFile[]): Promise<Uint8Array> => {
  const tree = treeFrom(
    Object.fromEntries(files.map(({ content }, i) => [`f${String(i)}`, { content }])),
  );
  const profile = profileOf(
    files.flatMap(({ xip }, i) =>
      xip.map((page) => ({ path: fromText(`f${String(i)}`), offset: page * PAGE, count: 1 })),
    ),
  );
  return (await buildImage(tree, { xip: { kind: 'profile', profile } })).toBytes();
};

/** Where to read: file, offset and length, often across page boundaries and beyond the end. */
const accessArbitrary = fc.record({
  file: fc.nat(2),
  offset: fc.nat(7 * PAGE),
  length: fc.nat(3 * PAGE),
});

it('read() and mappings give the source’s bytes at any offset and length, in any order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fileArbitrary, { minLength: 1, maxLength: 3 }),
      fc.array(accessArbitrary, { minLength: 1, maxLength: 12 }),
      fc.constantFrom('insert' as const, 'return' as const),
      fc.constantFrom(undefined, 0, PAGE),
      async (files, accesses, faultRoute, mmapSize) => {
        const image = await imageOf(files);
        if (mmapSize !== undefined)
          Buffer.from(image.buffer).writeBigUInt64BE(BigInt(mmapSize), 88);
        const machine = createMachine({ image, faultRoute });
        const { mount } = machine;
        const mm = machine.spawn();
        const bases = files.map(({ content }, i) =>
          mm.mmap({
            length: content.length,
            prot: PROT_READ,
            flags: MAP_PRIVATE,
            file: mount.open(`f${String(i)}`),
          }),
        );
        for (const { file, offset, length } of accesses) {
          const index = file % files.length;
          const { content } = files[index]!;
          const expected = content.subarray(offset, offset + length);
          const open = mount.open(`f${String(index)}`);
          for (const read of [
            (into: Uint8Array) => open.read(offset, into),
            (into: Uint8Array) => mount.volume.read(open.inode, offset, into),
          ]) {
            const into = new Uint8Array(length).fill(0xcc);
            expect(read(into)).toBe(expected.length);
            expect(Buffer.compare(into.subarray(0, expected.length), expected)).toBe(0);
            expect(into.subarray(expected.length).every((byte) => byte === 0xcc)).toBe(true);
          }
          if (expected.length === 0) continue;
          const seen = mm.readMemory(virtAddr(bases[index]! + offset), expected.length);
          expect(Buffer.compare(seen, expected)).toBe(0);
        }
        mm.exit();
        mount.unmount();
      },
    ),
    { numRuns: 60 },
  );
});

it('a byte changed anywhere gives AxfsErrors at worst, and ends', async () => {
  const image = await imageOf([
    { content: textBytes(9000), xip: [0] },
    { content: noiseBytes(5000), xip: [1] },
    { content: textBytes(3), xip: [] },
  ]);
  /** Mounts and reads everything; what it throws is an AxfsError. */
  const readAll = (damaged: Uint8Array): void => {
    try {
      const volume = new AxfsVolume(createRamDevice('image', memoryContents(damaged)), {
        name: 'image',
        inflater: createPakoInflater(),
      });
      const into = new Uint8Array(PAGE);
      for (const { inode } of volume.walk()) {
        if (inode.type === 'symlink') volume.readlink(inode);
        if (inode.type === 'file')
          for (let page = 0; page < Math.min(8, inode.numEntries); page += 1)
            volume.read(inode, page * PAGE, into);
      }
    } catch (error) {
      if (!(error instanceof AxfsError)) throw error;
      expect(error.message).not.toContain('\n');
    }
  };
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          // Mostly superblock, descriptors and tables.
          at: fc.oneof(
            { weight: 8, arbitrary: fc.nat(1400) },
            { weight: 1, arbitrary: fc.nat(image.length - 1) },
          ),
          value: fc.oneof(fc.constantFrom(0, 1, 2, 0x7f, 0xff), fc.nat(255)),
        }),
        { minLength: 1, maxLength: 3 },
      ),
      (changes) => {
        const damaged = image.slice();
        for (const { at, value } of changes) damaged[at] = value;
        readAll(damaged);
      },
    ),
    { numRuns: 1500 },
  );
});
