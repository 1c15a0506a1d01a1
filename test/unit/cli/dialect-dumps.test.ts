/** What `dump` and `explain` show of images that others wrote: other ends of the superblock, planar tables. */
import { describe, expect, it } from 'vitest';
import { treeFrom } from '../../../src/mkfs/tree.ts';
import { encodeDialect, PLAIN_DIALECT } from '../../support/dialects.ts';
import type { Dialect } from '../../support/dialects.ts';
import { FakeHost } from '../../support/fake-host.ts';
import { noiseBytes, textBytes } from '../../support/sample-data.ts';
import { run } from './axfs-host.ts';

const tree = treeFrom({
  a: textBytes(9000),
  b: { content: noiseBytes(300_000), uid: 70_000 },
  'dir/c': 'short',
});
const imageOf = (dialect: Partial<Dialect>): Uint8Array =>
  encodeDialect(tree, { ...PLAIN_DIALECT, ...dialect }).image;

interface Dumped {
  readonly superblock: readonly {
    readonly field: string;
    readonly offset: number;
    readonly bytes: number;
    readonly value: number | string;
  }[];
  readonly tables: readonly { readonly table: string; readonly entries: readonly number[] }[];
}

async function json<T>(image: Uint8Array, command: string, ...rest: string[]): Promise<T> {
  const argv = [command, '--json', 'i', ...rest];
  const { code, out, err } = await run(argv, new FakeHost({ '/i': image }));
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out) as T;
}

describe('axfs dump', () => {
  it.each(['aligned', 'i386', 'none'] as const)('finds the fields of the %s end', async (tail) => {
    const image = imageOf({ tail, planar: tail === 'none' });
    const { superblock } = await json<Dumped>(image, 'dump');
    const at = new Map(superblock.map(({ field, offset }) => [field, offset]));
    const wanted = ['compressionType', 'timestamp', 'pageShift'].map((field) => at.get(field));
    expect(wanted).toEqual(
      {
        ...{ aligned: [243, 248, 256], i386: [243, 244, 252] },
        ...{ none: [undefined, undefined, undefined] },
      }[tail],
    );
    const bytes = Buffer.from(image);
    for (const { field, offset, bytes: width, value } of superblock)
      if (typeof value === 'number')
        expect([field, bytes.subarray(offset, offset + width).toString('hex')]).toEqual([
          field,
          value.toString(16).padStart(2 * width, '0'),
        ]);
  });

  it('shows the values of planar tables', async () => {
    const planar = await json<Dumped>(imageOf({ planar: true, tail: 'none' }), 'dump');
    const packed = await json<Dumped>(imageOf({}), 'dump');
    const entriesOf = ({ tables }: Dumped): unknown =>
      tables.map(({ table, entries }) => [table, entries]);
    expect(entriesOf(planar)).toEqual(entriesOf(packed));
    const { out } = await run(
      ['dump', 'i', '--table', 'uids'],
      new FakeHost({ '/i': imageOf({ planar: true, tail: 'none' }) }),
    );
    expect(out).toContain('011170  70000\n');
  });
});

interface Explained {
  readonly entries: readonly {
    readonly table: string;
    readonly value: number;
    readonly bytes: string;
    readonly imageOffset: number;
    readonly byteOffsets?: readonly number[];
  }[];
}

describe('axfs explain', () => {
  it('shows where the bytes of planar entries are', async () => {
    const image = imageOf({ planar: true, tail: 'none' });
    const { entries } = await json<Explained>(image, 'explain', 'b');
    for (const { table, value, bytes, imageOffset, byteOffsets } of entries) {
      expect([table, Number(`0x${bytes}`)]).toEqual([table, value]);
      const offsets = byteOffsets ?? [imageOffset];
      expect(Buffer.from(offsets.map((at) => image[at]!)).toString('hex')).toBe(bytes);
    }
    expect(entries.find(({ table }) => table === 'uids')?.byteOffsets).toHaveLength(3);
    const { out } = await run(['explain', 'i', 'b'], new FakeHost({ '/i': image }));
    expect(out).toMatch(/ uids .* 70000 .* \d+,\d+,\d+ {2}011170 /);
  });

  it('shows the byte that is asked for, and where it stands', async () => {
    interface Asked {
      readonly pages: readonly {
        readonly firstBytes: string;
        readonly byteOffset: number | null;
      }[];
    }
    for (const [path, content] of [
      ['a', textBytes(9000)],
      ['b', noiseBytes(300_000)],
    ] as const)
      for (const seed of [1, 2, 3, 4])
        for (const offset of [0, 17, 4095, 4096, 5000, 8999]) {
          const image = imageOf({ seed });
          const { pages } = await json<Asked>(image, 'explain', `${path}:${String(offset)}`);
          const [page] = pages;
          const end = Math.min(offset + 16, content.length, (Math.floor(offset / 4096) + 1) * 4096);
          const expected = Buffer.from(content.subarray(offset, end)).toString('hex');
          expect(page?.firstBytes).toBe(expected);
          if (page?.byteOffset !== null && page !== undefined)
            expect(image[page.byteOffset]).toBe(content[offset]);
        }
  });

  it.each(['a:0x10', 'a:4k', 'a:-1'])('hints at how offsets are written: %s', async (path) => {
    const { code, err } = await run(['explain', 'i', path], new FakeHost({ '/i': imageOf({}) }));
    expect(code).toBe(8);
    expect(err).toContain('; an offset behind a path is a number of decimal digits\n');
  });
});
