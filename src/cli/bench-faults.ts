/**
 * Benchmarks of the simulator: faults of each kind and touches of mapped pages, through the whole path
 * from the process to the device, with a ledger listening; and inflating beside the bare inflater.
 *
 * @module
 */
import { PAGE_SIZE, virtAddr } from '../base/units.ts';
import type { VirtAddr } from '../base/units.ts';
import type { Inflater } from '../codec/zlib.ts';
import { LedgerSink } from '../cost/ledger.ts';
import type { AxfsFile } from '../fs/file.ts';
import type { AxfsVolume } from '../fs/volume.ts';
import type { Host } from '../host/host.ts';
import { buildImage } from '../mkfs/build.ts';
import type { XipPolicy } from '../mkfs/policy.ts';
import { treeFrom } from '../mkfs/tree.ts';
import type { MmStruct } from '../mm/mm.ts';
import type { Access } from '../mm/vma.ts';
import { MAP_ANONYMOUS, MAP_PRIVATE, PROT_EXEC, PROT_READ, PROT_WRITE } from '../mm/vmflags.ts';
import { NODE_TYPE } from '../ondisk/constants.ts';
import { createMachine } from '../sim/machine.ts';
import type { Machine } from '../sim/machine.ts';

/** One line of the result. */
export interface BenchRow {
  readonly name: string;
  readonly perSecond: number;
  readonly unit: string;
  /** What the time includes. */
  readonly includes: string;
}

const ENOUGH_MS = 600;
const XIP_PAGES = 65_536;
const FILLED_PAGES = 4_096;
const HOT_PAGES = 256;
const HOT_ROUNDS = 4_000;
const NOTHING = new Uint8Array(0);

/** Lehmer's generator (MINSTD): whole numbers below 2^31 - 1. */
const nextRandom = (state: number): number => (state * 48271) % 2147483647;

/** Pages 0 … count-1 in random order, the same each time (Fisher and Yates). */
function scattered(count: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  let state = 1;
  for (let i = count - 1; i > 0; i -= 1) {
    state = nextRandom(state);
    const j = state % (i + 1);
    const page = order[i] ?? 0;
    order[i] = order[j] ?? 0;
    order[j] = page;
  }
  return order;
}

/** Text-like bytes: compress to about half. */
function wordy(bytes: number): Uint8Array {
  const out = new Uint8Array(bytes);
  let state = 12345;
  for (let i = 0; i < bytes; i += 1) {
    state = nextRandom(state);
    out[i] = state % 3 === 0 ? 32 + (state % 64) : (out[Math.max(0, i - 17 - (state % 5))] ?? 65);
  }
  return out;
}

/** Bytes that zlib cannot shrink. */
function noise(bytes: number): Uint8Array {
  const out = new Uint8Array(bytes);
  let state = 1;
  for (let i = 0; i < bytes; i += 1) {
    state = nextRandom(state);
    out[i] = Math.floor(state / 1024) % 256;
  }
  return out;
}

async function machineWith(
  content: Uint8Array,
  xip: XipPolicy,
  inflater: Inflater,
): Promise<Machine> {
  const tree = treeFrom({ file: { content } });
  const image = await buildImage(tree, { xip });
  return createMachine({
    image: image.toBytes(),
    inflater,
    ramPages: 2 * XIP_PAGES,
    sink: new LedgerSink().sink,
  });
}

const mapFile = (mm: MmStruct, file: AxfsFile): VirtAddr =>
  mm.mmap({
    length: file.size,
    prot: PROT_READ + PROT_WRITE + PROT_EXEC,
    flags: MAP_PRIVATE,
    file,
  });

function touchAll(mm: MmStruct, base: VirtAddr, order: Uint32Array, access: Access): number {
  let faults = 0;
  for (const page of order) faults += mm.touch((base + page * PAGE_SIZE) as VirtAddr, access);
  return faults;
}

/** Runs `pass` until it has taken long enough; `pass` returns what it did and how long that took. */
function rate(pass: () => { readonly done: number; readonly ms: number }): number {
  pass();
  let done = 0;
  let ms = 0;
  while (ms < ENOUGH_MS) {
    const result = pass();
    done += result.done;
    ms += result.ms;
  }
  return (done / ms) * 1000;
}

/** A pass over a file in a new process: `before` prepares, then every page is touched once. */
function filePass(
  host: Host,
  machine: Machine,
  order: Uint32Array,
  options: { readonly access: Access; readonly readFirst?: boolean; readonly cold?: boolean },
): () => { done: number; ms: number } {
  return () => {
    const file = machine.mount.open('file');
    if (options.cold === true) file.space.truncate();
    const mm = machine.spawn();
    const base = mapFile(mm, file);
    if (options.readFirst === true) touchAll(mm, base, order, 'read');
    const start = host.now();
    const done = touchAll(mm, base, order, options.access);
    const ms = host.now() - start;
    mm.exit();
    return { done, ms };
  };
}

/** Faults of each kind. */
export async function benchFaults(host: Host): Promise<readonly BenchRow[]> {
  const inflater = host.makeInflater();
  const xip = await machineWith(new Uint8Array(XIP_PAGES * PAGE_SIZE), { kind: 'all' }, inflater);
  const filled = await machineWith(wordy(FILLED_PAGES * PAGE_SIZE), { kind: 'none' }, inflater);
  const aligned = await machineWith(noise(FILLED_PAGES * PAGE_SIZE), { kind: 'none' }, inflater);
  const many = scattered(XIP_PAGES);
  const some = scattered(FILLED_PAGES);
  const row = (
    name: string,
    includes: string,
    pass: () => { done: number; ms: number },
  ): BenchRow => ({
    name,
    perSecond: rate(pass),
    unit: 'faults/s',
    includes,
  });
  const growth = 'page-table growth, node look-ups, events';
  return [
    row(
      'XIP',
      `${growth}; ${String(XIP_PAGES)} pages in random order`,
      filePass(host, xip, many, { access: 'exec' }),
    ),
    row(
      'page cache, compressed fill',
      `${growth}, frame allocation, inflate, copy into the frame`,
      filePass(host, filled, some, { access: 'read', cold: true }),
    ),
    row(
      'page cache, byte-aligned fill',
      `${growth}, frame allocation, copy into the frame`,
      filePass(host, aligned, some, { access: 'read', cold: true }),
    ),
    row(
      'page cache, hit',
      `${growth}, page-cache look-up`,
      filePass(host, filled, some, { access: 'read' }),
    ),
    row(
      'write to a mapped XIP page',
      'frame allocation, copy of the flash page, events',
      filePass(host, xip, some, { access: 'write', readFirst: true }),
    ),
    row(
      'write to a mapped cached page',
      'frame allocation, copy of the RAM page, events',
      filePass(host, filled, some, { access: 'write', readFirst: true }),
    ),
    row(
      'anonymous',
      'page-table growth, frame allocation, clearing, events',
      anonymousPass(host, filled, some),
    ),
    {
      name: 'touch of a mapped page',
      perSecond: rate(hotPass(host, xip)),
      unit: 'touches/s',
      includes: `page-table walk, young bit; ${String(HOT_PAGES)} mapped XIP pages in turn`,
    },
  ];
}

function anonymousPass(
  host: Host,
  machine: Machine,
  order: Uint32Array,
): () => { done: number; ms: number } {
  return () => {
    const mm = machine.spawn();
    const base = mm.mmap({
      length: order.length * PAGE_SIZE,
      prot: PROT_READ + PROT_WRITE,
      flags: MAP_PRIVATE + MAP_ANONYMOUS,
    });
    const start = host.now();
    const done = touchAll(mm, base, order, 'write');
    const ms = host.now() - start;
    mm.exit();
    return { done, ms };
  };
}

function hotPass(host: Host, machine: Machine): () => { done: number; ms: number } {
  const mm = machine.spawn();
  const base = mapFile(mm, machine.mount.open('file'));
  for (let page = 0; page < HOT_PAGES; page += 1)
    mm.touch(virtAddr(base + page * PAGE_SIZE), 'exec');
  return () => {
    const start = host.now();
    for (let round = 0; round < HOT_ROUNDS; round += 1)
      for (let page = 0; page < HOT_PAGES; page += 1)
        mm.touch((base + page * PAGE_SIZE) as VirtAddr, 'exec');
    return { done: HOT_PAGES * HOT_ROUNDS, ms: host.now() - start };
  };
}

/** Pages per turn when two rates are compared: a few milliseconds. */
const TURN_PAGES = 64;

/**
 * Inflating faults beside the same inflater alone, on the compressed pages of `content` in the same order,
 * each into a page of its own. The two take turns, so that a change of the machine's speed meets both alike.
 */
export async function benchInflate(host: Host, content: Uint8Array): Promise<readonly BenchRow[]> {
  const inflater = host.makeInflater();
  const machine = await machineWith(content, { kind: 'none' }, inflater);
  const { volume } = machine.mount;
  const file = machine.mount.open('file');
  const isCompressed = (page: number): boolean =>
    volume.nodes.type(file.inode.arrayIndex + page) === NODE_TYPE.compressed;
  const order = scattered(file.inode.numEntries).filter(isCompressed);
  const pages = Array.from(order, () => new Uint8Array(PAGE_SIZE));
  const cblocks = Array.from(order, (page) => storedCblock(volume, file.inode.arrayIndex + page));
  const timed = (work: () => void): number => {
    const start = host.now();
    work();
    return host.now() - start;
  };
  let done = 0;
  let bareMs = 0;
  let faultMs = 0;
  while (faultMs < 3 * ENOUGH_MS) {
    file.space.truncate();
    const mm = machine.spawn();
    const base = mapFile(mm, file);
    for (let from = 0; from < order.length; from += TURN_PAGES) {
      const turn = order.subarray(from, from + TURN_PAGES);
      bareMs += timed(() => {
        for (let i = from; i < from + turn.length; i += 1)
          inflater.inflate(cblocks[i] ?? NOTHING, pages[i] ?? NOTHING);
      });
      faultMs += timed(() => {
        touchAll(mm, base, turn, 'read');
      });
      done += turn.length;
    }
    mm.exit();
  }
  return [
    {
      name: 'bare inflate',
      perSecond: (done / bareMs) * 1000,
      unit: 'pages/s',
      includes: 'the inflater alone, each cblock of the next row into a page of its own',
    },
    {
      name: 'inflating faults',
      perSecond: (done / faultMs) * 1000,
      unit: 'pages/s',
      includes: 'the whole fault; the same inflater and cblocks, in turns with the row above',
    },
  ];
}

/** Stored bytes of the cblock that a compressed node is in. */
function storedCblock({ image: { tables, regions } }: AxfsVolume, node: number): Uint8Array {
  const cblock = tables.cnode_index.get(tables.node_index.get(node));
  const start = tables.cblock_offset.get(cblock);
  return regions.compressed.resident.subarray(start, tables.cblock_offset.get(cblock + 1));
}
