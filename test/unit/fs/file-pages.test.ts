import { deflateSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { AxfsError } from '../../../src/base/errno.ts';
import { PAGE_SIZE, pfn, virtAddr } from '../../../src/base/units.ts';
import { ledgerSince } from '../../../src/cost/ledger.ts';
import { FAULT_ROUTES } from '../../../src/fs/file.ts';
import type { AxfsFile } from '../../../src/fs/file.ts';
import { KERNELS } from '../../../src/mm/kernel.ts';
import { PROT_READ, PROT_WRITE } from '../../../src/mm/vmflags.ts';
import { noiseBytes, textBytes } from '../../support/sample-data.ts';
import { Board, EVEN, F0, FLASH_PFN, imageOfF0, KERNEL_NAMES, page } from './board.ts';
import { failureOf, pages, Patch, patchOf } from './patch.ts';

const RW = PROT_READ + PROT_WRITE;
const pageOf = (content: Uint8Array, k: number): Uint8Array =>
  content.subarray(k * PAGE_SIZE, (k + 1) * PAGE_SIZE);

let good: Uint8Array;
beforeAll(async () => {
  good = await imageOfF0();
});

describe('raw pfns', () => {
  it('are flash frames of the node index, whatever the order in the file', () => {
    const patch = new Patch(good);
    // The 8 XIP pages backwards.
    EVEN.forEach((node, i) => patch.setEntry('node_index', node, 7 - i));
    const board = new Board(patch.bytes);
    const base = board.map(board.mount.open('f0'));
    EVEN.forEach((index, i) => {
      expect(board.touch(page(base, index), 'read')).toBe(1);
      expect(board.pfnAt(page(base, index))).toBe(FLASH_PFN + 1 + 7 - i);
      expect(board.mm.readMemory(page(base, index), 1)[0]).toBe(0x10 + EVEN[7 - i]!);
    });
    board.check();
  });

  it('follow the xip region to where it is', () => {
    const patch = new Patch(good);
    patch.replace('xip', patch.region('xip'));
    const first = FLASH_PFN + patch.of('xip', 'fsoffset') / PAGE_SIZE;
    expect(first).toBeGreaterThan(FLASH_PFN + 8);
    const board = new Board(patch.bytes);
    const base = board.map(board.mount.open('f0'));
    board.touch(page(base, 6), 'read');
    expect(board.pfnAt(page(base, 6))).toBe(first + 3);
    expect(board.mount.xipPfn).toBe(first);
  });
});

/** Images whose XIP region the driver copies to RAM at mount. */
const XIP_IN_RAM: Readonly<Record<string, (patch: Patch) => Patch>> = {
  'no window': (patch) => patch.set('mmap_size', 0),
  incore: (patch) => patch.describe('xip', 'incore', 1),
  'a window that ends in it': (patch) =>
    patch.set('mmap_size', patch.of('xip', 'fsoffset') + 7 * PAGE_SIZE),
  compressed: (patch) => {
    const region = patch.region('xip');
    const stored = deflateSync(region);
    return patch
      .replace('xip', stored)
      .describe('xip', 'size', region.length)
      .describe('xip', 'compressed_size', stored.length);
  },
};

describe.each(
  KERNEL_NAMES.flatMap((kernel) => Object.keys(XIP_IN_RAM).map((image) => ({ kernel, image }))),
)('an XIP region in RAM, $kernel, $image', ({ kernel, image }) => {
  const boardOf = (): Board => new Board(XIP_IN_RAM[image]!(new Patch(good)).bytes, { kernel });
  // Without the special bit a frame of RAM is a page, counted; with it, it is raw like flash.
  const special = KERNELS[kernel].pteSpecial;

  it('is mapped as those frames of RAM, not filled again', () => {
    const board = boardOf();
    const { mount, memory, mm } = board;
    const { frames } = memory;
    expect(mount.xipPfn).toBeUndefined();
    const file = mount.open('f0');
    const base = board.map(file);
    const before = board.ledger.read();
    expect(board.touch(page(base, 2), 'read')).toBe(1);
    const frame = mount.xipFrame(1);
    expect(board.pfnAt(page(base, 2))).toBe(frame);
    expect([file.space.size, frames.usage.byUse.page_cache]).toEqual([0, 0]);
    const ram = memory.physical.pfnToPage(frame);
    expect(frames.useOf(ram)).toBe('metadata');
    expect(board.counts(ram)).toEqual(special ? [1, 0] : [2, 1]);
    expect(board.rss()).toEqual([special ? 0 : 1, 0]);
    const { faults, fills } = ledgerSince(before, board.ledger.read());
    expect([faults.raw_pfn, faults.file_minor, faults.file_major, fills.pages]).toEqual(
      special ? [1, 0, 0, 0] : [0, 1, 0, 0],
    );
    expect([mm.minflt, mm.majflt]).toEqual([1, 0]);
    expect(Buffer.compare(mm.readMemory(base, F0.length), F0)).toBe(0);
    expect(mount.notXip).toMatchObject({ nonzero_tail: 0, read_copy: 0, compressed_node: 8 });
    board.check();
    const other = board.spawn();
    board.touch(page(board.map(file, { mm: other }), 2), 'read', other);
    expect(board.counts(ram)).toEqual(special ? [1, 0] : [3, 2]);
    board.check();
    board.exit(other);
    board.exit(mm);
    expect(board.counts(ram)).toEqual([1, 0]);
    board.check();
  });

  it('is copied on write like any file page', () => {
    const board = boardOf();
    const base = board.map(board.mount.open('f0'), { prot: RW });
    expect(board.touch(page(base, 2), 'write')).toBe(2);
    expect(board.rss()).toEqual([0, 1]);
    const { faults, cowCopies } = board.ledger.read();
    expect([faults.wp_raw, faults.wp_file]).toEqual(special ? [1, 0] : [0, 1]);
    expect(cowCopies).toEqual(special ? { raw: 1, page: 0 } : { raw: 0, page: 1 });
    board.mm.writeMemory(page(base, 2), Uint8Array.of(0x5a));
    expect(board.memory.physical.bytesOf(board.mount.xipFrame(1))[0]).toBe(0x12);
    board.check();
  });

  it('is read from there, and given back at unmount', () => {
    const board = boardOf();
    const { mount, memory, mm } = board;
    const file = mount.open('f0');
    const into = new Uint8Array(F0.length);
    expect(file.read(0, into)).toBe(F0.length);
    expect(Buffer.compare(into, F0)).toBe(0);
    board.exit(mm);
    mount.unmount();
    expect(memory.frames.usage.byUse).toMatchObject({ metadata: 0, page_cache: 0 });
  });
});

describe.each(FAULT_ROUTES)('damage, route %s', (route) => {
  it('gives SIGBUS for its page alone, now and again, with the reason kept', () => {
    const patch = new Patch(good);
    const last = patch.entry('cblock_offset', 2) - 1;
    patch.poke('compressed', last, patch.region('compressed')[last]! ^ 1);
    patch.setEntry('node_index', 4, 8).setEntry('node_type', 7, 7);
    const board = new Board(patch.bytes, { route });
    const file = board.mount.open('f0');
    const base = board.map(file, { prot: RW });
    const damaged = new Map([
      [3, 'node 3: cblock 1 does not expand: damaged zlib stream: incorrect data check'],
      [4, 'node 4: XIP page 8 lies outside the xip region of 8 pages'],
      [7, 'node 7: node type is 7, expected 0, 1 or 2'],
    ]);
    for (let round = 0; round < 2; round += 1)
      for (let index = 0; index < 16; index += 1) {
        const what = damaged.get(index);
        if (what === undefined) {
          expect(
            Buffer.compare(board.mm.readMemory(page(base, index), PAGE_SIZE), pageOf(F0, index)),
          ).toBe(0);
          continue;
        }
        for (const access of ['read', 'write'] as const)
          expect(board.touch(page(base, index), access)).toBe('SIGBUS BUS_ADRERR');
        expect(board.mount.lastFaultError).toEqual(new AxfsError('EIO', `image: ${what}`));
        expect(board.cached(file, index)).toBeUndefined();
        expect(failureOf(() => file.read(index * PAGE_SIZE, new Uint8Array(9)))).toEqual([
          'EIO',
          `image: ${what}`,
        ]);
        board.check();
      }
    expect(board.memory.frames.usage.byUse.page_cache).toBe(6);
  });

  it('reads up to the damage are lost, the file stays usable', () => {
    const patch = new Patch(good);
    patch.poke('compressed', patch.entry('cblock_offset', 1), 0);
    const board = new Board(patch.bytes, { route });
    const file = board.mount.open('f0');
    const into = new Uint8Array(F0.length);
    expect(failureOf(() => file.read(0, into))).toEqual([
      'EIO',
      'image: node 3: cblock 1 does not expand: damaged zlib stream: incorrect header check',
    ]);
    expect(file.read(4 * PAGE_SIZE, into)).toBe(12 * PAGE_SIZE);
    expect(Buffer.compare(into.subarray(0, 12 * PAGE_SIZE), F0.subarray(4 * PAGE_SIZE))).toBe(0);
    board.check();
  });
});

describe('the last page', () => {
  const TAIL = 100;
  const text = textBytes(PAGE_SIZE + TAIL);
  const noise = noiseBytes(PAGE_SIZE + TAIL);

  /** Bytes that a process sees in the last page of `name`, and where they come from. */
  async function tailOf(
    name: string,
    damage: (patch: Patch) => unknown = () => undefined,
  ): Promise<{ board: Board; file: AxfsFile; bytes: Uint8Array; raw: boolean }> {
    const patch = await patchOf(
      { noise, text, xip: text, zz: noiseBytes(9000, 255, 3).map((byte) => byte + 1) },
      pages({ xip: [0, 1] }),
    );
    damage(patch);
    const board = new Board(patch.bytes);
    const file = board.mount.open(name);
    const base = board.map(file);
    const bytes = board.mm.readMemory(page(base, 1), PAGE_SIZE);
    const raw = !board.memory.physical.pfnValid(pfn(board.pfnAt(page(base, 1))!));
    board.check();
    return { board, file, bytes, raw };
  }
  const zeros = (bytes: Uint8Array): boolean => bytes.subarray(TAIL).every((byte) => byte === 0);

  it.each([
    ['noise', noise, 'byte_aligned_node'],
    ['text', text, 'compressed_node'],
  ] as const)('of %s is zero behind the end, never another file', async (name, content, reason) => {
    const { bytes, raw, board } = await tailOf(name);
    expect(raw).toBe(false);
    expect(Buffer.compare(bytes.subarray(0, TAIL), content.subarray(PAGE_SIZE))).toBe(0);
    expect(zeros(bytes)).toBe(true);
    expect(board.mount.notXip[reason]).toBe(1);
    expect(board.ledger.read().fills).toMatchObject({ pages: 1, bytes: TAIL });
  });

  it('of an XIP file is mapped from flash when it is clean', async () => {
    const { bytes, raw, board, file } = await tailOf('xip');
    expect(raw).toBe(true);
    expect(zeros(bytes)).toBe(true);
    expect(file.space.size).toBe(0);
    expect(new Set(Object.values(board.mount.notXip))).toEqual(new Set([0]));
  });

  it('of an XIP file is looked at without counting, whatever is there', async () => {
    for (const damaged of [false, true]) {
      const patch = await patchOf({ xip: text }, pages({ xip: [0, 1] }));
      if (damaged) patch.poke('xip', 2 * PAGE_SIZE - 1, 1);
      const board = new Board(patch.bytes);
      const base = board.map(board.mount.open('xip'));
      const [first, last] = [0, 1].map((index) => {
        const before = board.ledger.read();
        board.touch(page(base, index), 'read');
        return ledgerSince(before, board.ledger.read()).mappedReads.bytes;
      });
      const entries = patch.of('node_type', 'depth') + patch.of('node_index', 'depth');
      expect(first).toBe(entries);
      // A page that must not be mapped is looked up again to be filled.
      expect(last).toBe(entries + (damaged ? patch.of('node_index', 'depth') + TAIL : 0));
    }
  });

  it.each([TAIL, PAGE_SIZE - 1])(
    'of an XIP file with a byte at %i goes through RAM, zero behind the end',
    async (at) => {
      const { bytes, raw, board, file } = await tailOf('xip', (patch) =>
        patch.poke('xip', PAGE_SIZE + at, 0x77),
      );
      expect(raw).toBe(false);
      expect(Buffer.compare(bytes.subarray(0, TAIL), text.subarray(PAGE_SIZE))).toBe(0);
      expect(zeros(bytes)).toBe(true);
      expect(board.counts(board.cached(file, 1))).toEqual([2, 1]);
      expect(board.mount.notXip).toEqual({
        compressed_node: 0,
        byte_aligned_node: 0,
        nonzero_tail: 1,
        read_copy: 0,
      });
      // The page before it is whole, and is mapped as it is.
      const base = board.map(file);
      board.touch(base, 'read');
      expect(board.memory.physical.pfnValid(pfn(board.pfnAt(base)!))).toBe(false);
    },
  );

  it('of an XIP file with a byte before the end is just that', async () => {
    const { bytes, raw } = await tailOf('xip', (patch) =>
      patch.poke('xip', PAGE_SIZE + TAIL - 1, 0x77),
    );
    expect([raw, bytes[TAIL - 1]]).toEqual([true, 0x77]);
  });

  it('T61 given 4 pages and 100 bytes, when p4 is read, then it is there; one page further SIGBUS', async () => {
    const { bytes } = await patchOf({ f: textBytes(4 * PAGE_SIZE + 100) }, { kind: 'all' });
    const board = new Board(bytes);
    const base = board.map(board.mount.open('f'), { pages: 6 });
    expect(board.touch(virtAddr(base + 4 * PAGE_SIZE + 99), 'read')).toBe(1);
    // Behind the end of the file, but in its last page.
    expect(board.touch(virtAddr(base + 5 * PAGE_SIZE - 1), 'read')).toBe(0);
    expect(board.touch(page(base, 5), 'read')).toBe('SIGBUS BUS_ADRERR');
  });

  it('of an empty file does not exist', async () => {
    const { bytes } = await patchOf({ empty: '', f: 'next' });
    const board = new Board(bytes);
    const file = board.mount.open('empty');
    const base = board.map(file, { pages: 1 });
    expect(board.touch(base, 'read')).toBe('SIGBUS BUS_ADRERR');
    expect(file.read(0, new Uint8Array(8))).toBe(0);
  });
});

describe('the page cache', () => {
  it('is filled once by read() and by faults alike, and refilled from the expanded cblock', () => {
    const board = new Board(good);
    const file = board.mount.open('f0');
    const base = board.map(file);
    file.read(PAGE_SIZE + 5, new Uint8Array(1));
    board.touch(page(base, 1), 'read');
    file.read(PAGE_SIZE, new Uint8Array(PAGE_SIZE));
    expect(board.ledger.read()).toMatchObject({
      fills: { pages: 1, bytes: PAGE_SIZE, cblockHits: 0 },
      inflate: { cblocks: 1 },
      faults: { file_minor: 1, file_major: 0 },
    });
    board.exit(board.mm);
    file.space.truncate();
    expect(board.memory.frames.usage.byUse.page_cache).toBe(0);
    file.read(PAGE_SIZE, new Uint8Array(1));
    expect(board.ledger.read()).toMatchObject({
      fills: { pages: 2, cblockHits: 1 },
      inflate: { cblocks: 1 },
    });
  });

  it('up to 3.15 never holds a page of XIP that was only read: just the bytes asked for are copied from flash', () => {
    const patch = new Patch(good);
    const board = new Board(good, { kernel: '2.6.28-arm' });
    const file = board.mount.open('f0');
    const before = board.ledger.read();
    const into = new Uint8Array(10);
    expect(file.read(2 * PAGE_SIZE + 5, into)).toBe(10);
    expect(Buffer.compare(into, F0.subarray(2 * PAGE_SIZE + 5, 2 * PAGE_SIZE + 15))).toBe(0);
    const { mappedReads } = ledgerSince(before, board.ledger.read());
    expect(mappedReads).toMatchObject({
      operations: 3,
      bytes: 10 + patch.of('node_type', 'depth') + patch.of('node_index', 'depth'),
    });
    expect([file.space.size, board.mount.notXip.read_copy]).toEqual([0, 0]);
  });

  it.each([
    ['2.6.28-arm', 0],
    ['4.9-arm', 8],
  ] as const)(
    '%s charges what it inflated, read and filled: %i copies of XIP',
    (kernel, copies) => {
      const patch = new Patch(good);
      const board = new Board(good, { kernel });
      const mounted = board.ledger.read();
      board.mount.open('f0').read(0, new Uint8Array(F0.length));
      const { fills, inflate, mappedReads } = board.ledger.read();
      const stored = patch.region('compressed').length;
      expect(inflate).toMatchObject({ cblocks: 8, storedBytes: stored, bytes: 8 * PAGE_SIZE });
      expect(inflate.lz4).toEqual({ cblocks: 0, storedBytes: 0, bytes: 0 });
      expect(fills).toMatchObject({ pages: 8 + copies, bytes: (8 + copies) * PAGE_SIZE });
      expect(fills.byReason).toMatchObject({ compressed_node: 8, read_copy: copies });
      expect(mappedReads.bytes - mounted.mappedReads.bytes).toBeGreaterThanOrEqual(
        stored + 8 * PAGE_SIZE,
      );
    },
  );
});
