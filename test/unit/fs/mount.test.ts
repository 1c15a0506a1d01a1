import { beforeAll, describe, expect, it } from 'vitest';
import { fromText } from '../../../src/base/bytestring.ts';
import { pfn, physAddr, physToPfn } from '../../../src/base/units.ts';
import { createPakoInflater } from '../../../src/codec/pako.ts';
import { AxfsMount } from '../../../src/fs/mount.ts';
import { assertMm } from '../../../src/mm/check.ts';
import { KERNELS } from '../../../src/mm/kernel.ts';
import { Memory } from '../../../src/mm/memory.ts';
import { PROT_READ, PROT_WRITE } from '../../../src/mm/vmflags.ts';
import { memoryContents } from '../../../src/mtd/contents.ts';
import type { MtdDevice, MtdWindow } from '../../../src/mtd/device.ts';
import { createNorFlash, DEFAULT_FLASH_PHYS } from '../../../src/mtd/nor.ts';
import { MTD_PARTS } from '../../../src/mtd/parts.ts';
import { createMachine } from '../../../src/sim/machine.ts';
import { noiseBytes, textBytes } from '../../support/sample-data.ts';
import { Board, page } from './board.ts';
import { failureOf, pages, Patch, patchOf, REGION_NAMES } from './patch.ts';

let good: Uint8Array;
beforeAll(async () => {
  good = (
    await patchOf(
      {
        prog: { content: textBytes(5 * 4096), mode: 0o755 },
        noise: noiseBytes(9000),
        'dév/null': { type: 'char', rdev: { major: 1, minor: 3 } },
        dir: { type: 'dir' },
        link: { type: 'symlink', target: 'prog' },
        '\u001b[2J\udcff': { type: 'dir' },
        run: { type: 'fifo' },
        broken: { type: 'symlink', target: 'none' },
      },
      pages({ prog: [0, 1, 2] }),
    )
  ).bytes;
});

const pagesOf = (bytes: number): number => Math.ceil(bytes / 4096);

describe('a mount', () => {
  it('takes RAM for two cblock buffers when the window holds everything', () => {
    const { memory } = new Board(good);
    expect(memory.frames.usage.byUse.metadata).toBe(2);
  });

  it.each([
    [1, 2],
    [4096, 2],
    [4097, 4],
    [65536, 32],
    [1024 * 1024, 512],
  ])('takes RAM for cblocks of %i bytes: %i pages', (cblockSize, expected) => {
    const { memory } = new Board(new Patch(good).set('cblock_size', cblockSize).bytes);
    expect(memory.frames.usage.byUse.metadata).toBe(expected);
  });

  it('takes RAM for every region it copies, in whole pages', () => {
    const patch = new Patch(good).set('mmap_size', 0);
    const copied = REGION_NAMES.filter((name) => name !== 'compressed' && name !== 'byte_aligned');
    const expected = copied.reduce((sum, name) => sum + pagesOf(patch.region(name).length), 2);
    expect(new Board(patch.bytes).memory.frames.usage.byUse.metadata).toBe(expected);
    // A copy asked for counts like one that is needed; here 3 pages of XIP.
    const incore = new Patch(good).describe('xip', 'incore', 1).bytes;
    expect(new Board(incore).memory.frames.usage.byUse.metadata).toBe(2 + 3);
  });

  it('says how much RAM it lacks', () => {
    const ramPages = 6;
    const image = new Patch(good).set('cblock_size', 65536).bytes;
    expect(failureOf(() => createMachine({ image, ramPages, name: 'image' }))).toEqual([
      'ENOMEM',
      'image: mounting needs 27 more pages of RAM than are free',
    ]);
  });

  it('refuses a window that lies over RAM', () => {
    expect(failureOf(() => createMachine({ image: good, flashPhys: physAddr(0x1000) }))).toEqual([
      'EBUSY',
      expect.stringMatching(/^flash window 0x1-0x[0-9a-f]+ overlaps RAM 0x0-0x10000 \(pfns\)$/),
    ]);
  });

  it('passes on why an image is refused', () => {
    const image = new Patch(good).set('cblock_size', 0).bytes;
    expect(failureOf(() => createMachine({ image, name: 'rootfs' }))).toEqual([
      'EINVAL',
      'rootfs: superblock field cblock_size is 0, expected 1 to 1048576',
    ]);
  });

  it('serves the same bytes through a short window and through none', () => {
    const xip = new Patch(good).of('xip', 'fsoffset');
    for (const mmapSize of [0, 4096, xip + 4096, xip + 3 * 4096]) {
      const board = new Board(new Patch(good).set('mmap_size', mmapSize).bytes);
      for (const [name, content] of [
        ['prog', textBytes(5 * 4096)],
        ['noise', noiseBytes(9000)],
      ] as const) {
        const file = board.mount.open(name);
        const base = board.map(file);
        const read = new Uint8Array(content.length);
        expect(file.read(0, read)).toBe(content.length);
        expect(Buffer.compare(read, content)).toBe(0);
        expect(Buffer.compare(board.mm.readMemory(base, content.length), content)).toBe(0);
      }
      // Flash frames only where the window holds the whole region.
      expect(board.mount.xipPfn === undefined).toBe(mmapSize < xip + 3 * 4096);
      expect(board.ledger.read().mtdReads.operations).toBeGreaterThan(0);
      board.check();
    }
  });
});

describe('a mount that fails', () => {
  /** RAM and a device with every window counted. */
  function parts(
    image: Uint8Array,
    { ramPages = 64, phys = DEFAULT_FLASH_PHYS } = {},
  ): { memory: Memory; device: MtdDevice; held: Set<MtdWindow> } {
    const memory = new Memory({ kernel: KERNELS['4.9-arm'], firstPfn: pfn(0), ramPages });
    const nor = createNorFlash({ part: MTD_PARTS.p30, contents: memoryContents(image), phys });
    const held = new Set<MtdWindow>();
    const device = {
      info: nor.info,
      canPoint: true,
      get flippedBits() {
        return nor.flippedBits;
      },
      get counters() {
        return nor.counters;
      },
      get eccStats() {
        return nor.eccStats;
      },
      read: (from, into) => nor.read(from, into),
      write: (to, bytes) => {
        nor.write(to, bytes);
      },
      erase: (from, length) => {
        nor.erase(from, length);
      },
      point: (from, length) => {
        const window = nor.point(from, length);
        held.add(window);
        return window;
      },
      unpoint: (window) => {
        nor.unpoint(window);
        held.delete(window);
      },
      readOob: (offset, into) => {
        nor.readOob(offset, into);
      },
      writeOob: (offset, bytes) => {
        nor.writeOob(offset, bytes);
      },
      blockIsBad: (offset) => nor.blockIsBad(offset),
      blockMarkBad: (offset) => {
        nor.blockMarkBad(offset);
      },
    } satisfies MtdDevice;
    return { memory, device, held };
  }
  const mountOn = ({ memory, device }: { memory: Memory; device: MtdDevice }): AxfsMount =>
    new AxfsMount(memory, device, { name: 'image', inflater: createPakoInflater() });
  const flashPfn = physToPfn(DEFAULT_FLASH_PHYS);

  it.each<[what: string, code: string, damage: (patch: Patch) => Patch, phys?: number]>([
    ['for want of RAM', 'ENOMEM', (patch) => patch.set('cblock_size', 1024 * 1024)],
    [
      'for want of RAM for regions',
      'ENOMEM',
      (patch) => patch.set('cblock_size', 31 * 4096).describe('xip', 'incore', 1),
    ],
    ['because flash lies over RAM', 'EBUSY', (patch) => patch, 0x1000],
    ['at the trailing magic', 'EINVAL', (patch) => patch.pokeImage(patch.get('size') - 1, 0)],
    ['at a descriptor', 'EINVAL', (patch) => patch.describe('xip', 'fsoffset', 2 ** 40)],
    [
      'at a region that does not expand',
      'EINVAL',
      (patch) =>
        patch
          .describe('strings', 'compressed_size', patch.of('strings', 'size'))
          .describe('strings', 'size', 4096),
    ],
    [
      'at the root',
      'EIO',
      (patch) => patch.setEntry('modes', patch.entry('inode_mode_index', 0), 0o100644),
    ],
  ])('%s gives everything back: %s', (_what, code, damage, phys) => {
    const board = parts(
      damage(new Patch(good)).bytes,
      phys === undefined ? {} : { phys: physAddr(phys) },
    );
    const { memory, held } = board;
    const before = memory.frames.usage;
    const failure = failureOf(() => mountOn(board));
    expect(failure).toEqual([code, expect.any(String)]);
    expect(memory.frames.usage).toEqual(before);
    expect(held.size).toBe(0);
    if (phys === undefined)
      expect(failureOf(() => memory.physical.bytesOf(flashPfn))).toEqual([
        'ENXIO',
        expect.any(String),
      ]);
    // Nothing stands in the way of trying again: the same failure, not EBUSY.
    expect(failureOf(() => mountOn(board))).toEqual(failure);
  });

  it('leaves the machine fit for a mount that does not', () => {
    const board = parts(new Patch(good).set('cblock_size', 1024 * 1024).bytes);
    expect(failureOf(() => mountOn(board))).toEqual(['ENOMEM', expect.any(String)]);
    const mount = mountOn({ ...parts(good), memory: board.memory });
    expect(mount.open('prog').size).toBe(5 * 4096);
  });
});

describe('two mounts in one machine', () => {
  const two = (): { memory: Memory; mounts: readonly AxfsMount[] } => {
    const memory = new Memory({ kernel: KERNELS['4.9-arm'], firstPfn: pfn(0), ramPages: 256 });
    const mounts = [0x3400_0000, 0x3800_0000].map((phys, i) => {
      const contents = memoryContents(new Patch(good).describe('xip', 'incore', 1).bytes);
      const device = createNorFlash({ part: MTD_PARTS.p30, contents, phys: physAddr(phys) });
      const inflater = createPakoInflater();
      return new AxfsMount(memory, device, { name: `image${String(i)}`, inflater });
    });
    return { memory, mounts };
  };

  it('know their own pages, cached or of the mount itself, and no others', () => {
    const { memory, mounts } = two();
    const [one, other] = mounts;
    for (const mount of mounts) mount.open('noise').read(0, new Uint8Array(9000));
    const owners = mounts.flatMap(({ files }) => [...files].map(({ space }) => space.owner));
    expect(new Set(owners).size).toBe(2);
    expect(owners).not.toContain(0);
    for (const [mine, theirs] of [
      [one!, other!],
      [other!, one!],
    ] as const) {
      const cached = [...mine.files].flatMap(({ space }) => [...space.entries()]);
      expect(cached.length).toBe(3);
      const own = [
        ...cached.map(([, page]) => page),
        ...[0, 1, 2].map((index) => memory.physical.pfnToPage(mine.xipFrame(index))),
      ];
      expect(own.map((page) => mine.references(page))).toEqual(own.map(() => 1));
      expect(own.map((page) => theirs.references(page))).toEqual(own.map(() => 0));
    }
    assertMm(memory, [], (page) => one!.references(page) + other!.references(page));
  });

  it('go one by one', () => {
    const { memory, mounts } = two();
    const [one, other] = mounts;
    for (const mount of mounts) mount.open('noise').read(0, new Uint8Array(9000));
    one!.unmount();
    assertMm(memory, [], (page) => other!.references(page));
    expect(other!.open('noise').space.size).toBe(3);
    other!.unmount();
    expect(memory.frames.usage.byUse).toMatchObject({ page_cache: 0, metadata: 0 });
  });
});

describe('open', () => {
  it('gives one file for one inode, by whatever path', () => {
    const { mount } = new Board(good);
    const file = mount.open('/prog');
    expect(mount.open('./link')).toBe(file);
    expect([...mount.files]).toEqual([file]);
    expect([file.name, file.size, file.ino]).toEqual([
      '/prog',
      5 * 4096,
      mount.volume.resolve(fromText('prog')).number,
    ]);
  });

  it.each([
    ['dir', 'EISDIR', 'dir: is a dir, expected a regular file'],
    ['/', 'EISDIR', '/: is a dir, expected a regular file'],
    ['run', 'EINVAL', 'run: is a fifo, expected a regular file'],
    ['dév/null', 'EINVAL', 'dév/null: is a char, expected a regular file'],
    ['\u001b[2J\udcff', 'EISDIR', '\\x1b[2J\\xff: is a dir, expected a regular file'],
    ['none', 'ENOENT', 'none: no such file or directory'],
    ['broken', 'ENOENT', 'broken: no such file or directory'],
    ['prog/x', 'ENOTDIR', "prog/x: 'x' is looked for in a file"],
  ])('refuses %j', (path, code, what) => {
    expect(failureOf(() => new Board(good).mount.open(path))).toEqual([code, `image: ${what}`]);
  });
});

describe('unmount', () => {
  it('gives all RAM and the window back', () => {
    for (const mmapSize of [0, 8192, new Patch(good).get('size')]) {
      const board = new Board(new Patch(good).set('mmap_size', mmapSize).bytes);
      const { memory, mount, mm } = board;
      const file = mount.open('prog');
      const base = board.map(file, { prot: PROT_READ + PROT_WRITE });
      for (let index = 0; index < 5; index += 1) board.touch(page(base, index), 'read');
      mount.open('noise').read(0, new Uint8Array(9000));
      board.touch(page(base, 4), 'write');
      const { xipPfn } = mount;
      board.exit(mm);
      mount.unmount();
      expect(memory.frames.usage.byUse).toMatchObject({ page_cache: 0, metadata: 0, anon: 0 });
      if (xipPfn !== undefined)
        expect(failureOf(() => memory.physical.bytesOf(xipPfn))).toEqual([
          'ENXIO',
          expect.any(String),
        ]);
    }
  });

  it('is refused while a file is mapped, and changes nothing', () => {
    const board = new Board(good);
    const { mount, mm } = board;
    const file = mount.open('prog');
    const first = board.map(file);
    const second = board.map(file);
    expect(board.touch(page(second, 4), 'read')).toBe(1);
    expect(
      failureOf(() => {
        mount.unmount();
      }),
    ).toEqual(['EBUSY', 'image: prog is mapped 2 times']);
    mm.munmap(first, 5 * 4096);
    // Cut in two, a mapping is two.
    mm.munmap(page(second, 2), 4096);
    expect(
      failureOf(() => {
        mount.unmount();
      }),
    ).toEqual(['EBUSY', 'image: prog is mapped 2 times']);
    expect(board.touch(page(second, 0), 'read')).toBe(1);
    expect(board.counts(board.cached(file, 4))).toEqual([2, 1]);
    board.check();
    mm.munmap(second, 2 * 4096);
    expect(
      failureOf(() => {
        mount.unmount();
      }),
    ).toEqual(['EBUSY', 'image: prog is mapped 1 times']);
    board.exit(mm);
    expect(
      failureOf(() => {
        mount.unmount();
      }),
    ).toBe('no failure');
  });

  it('is the end: open, read and unmount say ENODEV', () => {
    const { mount } = new Board(good);
    const file = mount.open('prog');
    const { inode } = file;
    mount.unmount();
    const gone = ['ENODEV', 'image: is not mounted any more'];
    expect(failureOf(() => mount.open('noise'))).toEqual(gone);
    expect(failureOf(() => mount.open('prog'))).toEqual(gone);
    expect(failureOf(() => mount.openInode(inode, fromText('prog')))).toEqual(gone);
    expect(failureOf(() => file.read(0, new Uint8Array(1)))).toEqual(gone);
    expect(
      failureOf(() => {
        mount.unmount();
      }),
    ).toEqual(gone);
    expect(failureOf(() => mount.open('none'))).toEqual(gone);
  });
});
