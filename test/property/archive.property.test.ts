import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCpio } from '../../src/archive/cpio-read.ts';
import type { ArchiveEntry } from '../../src/archive/entry.ts';
import { readTar } from '../../src/archive/tar-read.ts';
import { fromBytes } from '../../src/base/bytestring.ts';
import type { ByteString } from '../../src/base/bytestring.ts';
import { AxfsError } from '../../src/base/errno.ts';
import { archiveContent, cpioOf, inputOf, plainEntry, tarOf } from '../support/archives.ts';
import { gnuArchive } from '../support/gnu-archives.ts';

const SEED = 20_211;

/** Any bytes but '/' and NUL, and not '.' or '..'. */
const name = fc
  .uint8Array({ minLength: 1, maxLength: 60 })
  .map((bytes) => fromBytes(bytes.map((byte) => (byte === 0x2f || byte === 0 ? 0x41 : byte))))
  .filter((text) => text !== '.' && text !== '..');
const path = fc
  .array(name, { minLength: 1, maxLength: 6 })
  .map((parts) => parts.join('/') as ByteString);
const target = fc
  .uint8Array({ minLength: 1, maxLength: 300 })
  .map((bytes) => fromBytes(bytes.map((byte) => (byte === 0 ? 1 : byte))));
const id = fc.oneof(fc.nat({ max: 2 ** 31 - 1 }), fc.constantFrom(2 ** 32 - 1, 0o7777777, 2 ** 21));

const entryOf = (mtime: fc.Arbitrary<number>): fc.Arbitrary<ArchiveEntry> => {
  const metadata = { path, mode: fc.nat({ max: 0o7777 }), uid: id, gid: id, mtime };
  const rdev = fc.record({
    major: fc.nat({ max: 4095 }),
    minor: fc.nat({ max: 2 ** 20 - 1 }),
  });
  const content = fc.uint8Array({ maxLength: 1200 }).map(archiveContent);
  return fc.oneof(
    fc.record({ ...metadata, type: fc.constant('file' as const), content }),
    fc.record({ ...metadata, type: fc.constant('symlink' as const), linkTarget: target }),
    fc.record({ ...metadata, type: fc.constantFrom('char' as const, 'block' as const), rdev }),
    fc.record({ ...metadata, type: fc.constantFrom('dir' as const, 'fifo' as const) }),
  );
};
const anyTime = fc.maxSafeInteger();
const unsignedTime = fc.nat({ max: 2 ** 31 - 1 }).map((half) => 2 * half + 1);

/** Random entries of different paths, then hard links to some of the files. */
const entriesOf = (mtime: fc.Arbitrary<number>): fc.Arbitrary<readonly ArchiveEntry[]> =>
  fc
    .tuple(
      fc.uniqueArray(entryOf(mtime), { selector: (entry) => entry.path, maxLength: 12 }),
      fc.uniqueArray(fc.tuple(path, fc.nat()), { selector: ([link]) => link, maxLength: 4 }),
    )
    .map(([entries, links]) => {
      const taken = new Set(entries.map((entry) => entry.path));
      const files = entries.filter(({ type }) => type === 'file');
      const hardlinks = links
        .filter(([link]) => files.length > 0 && !taken.has(link))
        .map(([link, choice]) => {
          const { path: linkTarget, mode, uid, gid, mtime } = files[choice % files.length]!;
          return { path: link, mode, uid, gid, mtime, type: 'hardlink' as const, linkTarget };
        });
      return [...entries, ...hardlinks];
    });

const FORMATS = [
  { format: 'tar', write: tarOf, read: readTar, entries: entriesOf(anyTime) },
  { format: 'cpio', write: cpioOf, read: readCpio, entries: entriesOf(unsignedTime) },
] as const;

describe.each(FORMATS)(`$format seed=${String(SEED)}`, ({ write, read, entries }) => {
  it('reads back what it wrote, whatever bytes names have', () => {
    fc.assert(
      fc.property(entries, (list) => {
        const back = read(inputOf(write(...list))).entries;
        expect(back.map(plainEntry)).toEqual(list.map(plainEntry));
      }),
      { seed: SEED, numRuns: 300 },
    );
  });

  it('writes the same bytes for the same entries', () => {
    fc.assert(
      fc.property(entries, (list) => {
        expect(Buffer.compare(write(...list), write(...list))).toBe(0);
      }),
      { seed: SEED, numRuns: 30 },
    );
  });
});

/** Reads everything; an AxfsError is as good an end as none. */
function survives(read: typeof readTar, bytes: Uint8Array): void {
  try {
    for (const entry of read(inputOf(bytes)).entries) {
      expect(entry.path).not.toMatch(/^\/|(^|\/)\.\.?(\/|$)|\0/);
      if (entry.type !== 'file') continue;
      let left = 4;
      for (const piece of entry.content.read()) {
        expect(piece.length).toBeLessThanOrEqual(1024 * 1024);
        left -= 1;
        if (left === 0) break;
      }
    }
  } catch (error) {
    if (!(error instanceof AxfsError)) throw error;
    expect(error.message).not.toContain('\n');
  }
}

describe('damaged archives are refused or read, never a crash', () => {
  it.each([
    ['pax.tar', readTar],
    ['long-gnu.tar', readTar],
    ['sparse-gnu.tar', readTar],
    ['sparse-0.0.tar', readTar],
    ['sparse-0.1.tar', readTar],
    ['sparse-1.0.tar', readTar],
    ['v7.tar', readTar],
    ['newc.cpio', readCpio],
    ['crc.cpio', readCpio],
  ] as const)(`%s: flipped bits and set bytes, seed=${String(SEED)}`, (archive, read) => {
    const whole = gnuArchive(archive);
    const flip = fc.tuple(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 255 }));
    fc.assert(
      fc.property(fc.array(flip, { minLength: 1, maxLength: 4 }), fc.boolean(), (flips, mend) => {
        const bytes = whole.slice();
        for (const [at, value] of flips) bytes[at] = value;
        if (mend && read === readTar) mendChecksums(bytes);
        survives(read, bytes);
      }),
      { seed: SEED, numRuns: 400 },
    );
  });

  it('single flipped bits of small archives, every one', () => {
    for (const [archive, read] of [
      ['ustar.tar', readTar],
      ['crc.cpio', readCpio],
    ] as const) {
      const whole = gnuArchive(archive);
      for (let bit = 0; bit < whole.length * 8; bit += 1) {
        const bytes = whole.slice();
        const at = Math.floor(bit / 8);
        bytes[at] = bytes[at]! ^ (1 << (bit % 8));
        survives(read, bytes);
      }
    }
  });
});

/** Makes the checksums of all blocks that look like headers right, so that damage gets behind them. */
function mendChecksums(bytes: Uint8Array): void {
  for (let at = 0; at + 512 <= bytes.length; at += 512) {
    const block = bytes.subarray(at, at + 512);
    if (!/^[0-7]{6}\0 $/.test(Buffer.from(block.subarray(148, 156)).toString('latin1'))) continue;
    block.fill(0x20, 148, 156);
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.set(Buffer.from(`${sum.toString(8).padStart(6, '0')}\0 `), 148);
  }
}
