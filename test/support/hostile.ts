/**
 * Damages images at random and reads all that is left of them. A case is good when it ends in success or in
 * AxfsErrors, within its share of work, and serves no wrong byte where the format lets damage be seen.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { AxfsError } from '../../src/base/errno.ts';
import type { Inflater } from '../../src/codec/zlib.ts';
import { checkImage } from '../../src/fs/check.ts';
import type { Inode } from '../../src/fs/inode.ts';
import { AxfsVolume } from '../../src/fs/volume.ts';
import { memoryContents } from '../../src/mtd/contents.ts';
import { createRamDevice } from '../../src/mtd/ram.ts';
import { NODE_TYPE } from '../../src/ondisk/constants.ts';
import { REGIONS, storedSize } from '../../src/ondisk/regions.ts';
import { numbersFrom } from './dialects.ts';

const PAGE = 4096;
/** Pages that one case may read beyond twice those of the good image. */
const SPARE_PAGES = 2000;
/** One case in so many goes through the whole check, too. */
const CHECK_EVERY = 5;

/** Kind of a byte: what a change of it may do unseen. */
type ByteKind = 'meta' | 'plain' | 'compressed' | 'unused';

interface GoodPage {
  readonly bytes: Uint8Array;
  /** Where it stands uncompressed, or -1. */
  readonly at: number;
}

/** A good image with everything in it, by path. */
export interface Specimen {
  readonly name: string;
  readonly image: Uint8Array;
  readonly kinds: readonly {
    readonly from: number;
    readonly end: number;
    readonly kind: ByteKind;
  }[];
  readonly files: ReadonlyMap<string, readonly GoodPage[]>;
  readonly pages: number;
  readonly hasDigest: boolean;
}

/** What a run of cases came to. */
export interface Tally {
  cases: number;
  refused: number;
  damaged: number;
  whole: number;
  differing: number;
  checked: number;
  slowest: number;
}

export const newTally = (): Tally => ({
  ...{ cases: 0, refused: 0, damaged: 0, whole: 0, differing: 0, checked: 0, slowest: 0 },
});

const sha1 = () => {
  const hash = createHash('sha1');
  return { update: (bytes: Uint8Array) => void hash.update(bytes), hex: () => hash.digest('hex') };
};
const deviceOf = (image: Uint8Array) => createRamDevice('image', memoryContents(image));
const hasPages = (inode: Inode): boolean => inode.type === 'file' || inode.type === 'symlink';

/** Reads a good image. */
export function specimenOf(name: string, image: Uint8Array, inflater: Inflater): Specimen {
  const volume = new AxfsVolume(deviceOf(image), { name, inflater });
  const { descriptors, regions, tables, superblock } = volume.image;
  const files = new Map<string, readonly GoodPage[]>();
  let pages = 0;
  for (const { path, inode } of volume.walk()) {
    if (!hasPages(inode)) continue;
    const held: GoodPage[] = [];
    for (let p = 0; p < inode.numEntries; p += 1) {
      const bytes = new Uint8Array(Math.min(PAGE, inode.size - p * PAGE));
      volume.read(inode, p * PAGE, bytes);
      const node = inode.arrayIndex + p;
      const index = tables.node_index.get(node);
      const type = tables.node_type.get(node);
      const at =
        type === NODE_TYPE.xip
          ? regions.xip.size > 0
            ? descriptors.xip.fsoffset + index * PAGE
            : -1
          : type === NODE_TYPE.byteAligned
            ? descriptors.byte_aligned.fsoffset + tables.banode_offset.get(index)
            : -1;
      held.push({ bytes, at });
    }
    pages += held.length;
    files.set(path, held);
  }
  const kinds = REGIONS.map(({ name: region }) => {
    const { fsoffset, compressedSize } = descriptors[region];
    const plain = region === 'xip' || region === 'byte_aligned';
    const byteKind: ByteKind =
      region === 'compressed' || compressedSize > 0 ? 'compressed' : plain ? 'plain' : 'meta';
    return { from: fsoffset, end: fsoffset + storedSize(descriptors[region]), kind: byteKind };
  });
  const offsets = Object.values(superblock.descriptorOffsets);
  return {
    name,
    image,
    kinds: [
      ...kinds,
      { from: 0, end: Math.min(264, ...offsets), kind: 'meta' },
      ...offsets.map((from) => ({ from, end: from + 34, kind: 'meta' as const })),
      { from: superblock.size - 4, end: superblock.size, kind: 'meta' },
    ],
    files,
    pages,
    hasDigest: superblock.digest.some((byte) => byte !== 0),
  };
}

const kindAt = ({ kinds }: Specimen, at: number): ByteKind =>
  kinds.find(({ from, end }) => at >= from && at < end)?.kind ?? 'unused';

/** Bytes that were changed, to be put back. */
type Changes = Map<number, number>;

const HARD_BYTES = [0, 1, 2, 3, 0x7f, 0x80, 0xfe, 0xff];

/** Changes `image` in place; gives its new length. */
function mutate(specimen: Specimen, random: (n: number) => number, changes: Changes): number {
  const { image } = specimen;
  const meta = specimen.kinds.filter(({ from, end, kind }) => kind === 'meta' && end > from);
  const set = (at: number, value: number): void => {
    if (at >= image.length || image[at] === value) return;
    if (!changes.has(at)) changes.set(at, image[at]!);
    image[at] = value;
  };
  const somewhere = (): number => {
    if (random(4) === 0) return random(image.length);
    const { from, end } = meta[random(meta.length)]!;
    return from + random(end - from);
  };
  switch (random(8)) {
    case 0: {
      const [from, to, length] = [somewhere(), somewhere(), 1 + random(random(2) > 0 ? 64 : 2000)];
      for (const [i, byte] of image.slice(from, from + length).entries()) set(to + i, byte);
      return image.length;
    }
    case 1: {
      set(somewhere(), random(256));
      return random(image.length);
    }
    case 2: {
      const at = random(image.length);
      set(at, image[at]! ^ (1 << random(8)));
      return image.length;
    }
    default: {
      const count = 1 + random(3);
      for (let i = 0; i < count; i += 1) {
        const at = somewhere();
        const hard = HARD_BYTES[random(HARD_BYTES.length)]!;
        set(at, random(2) > 0 ? hard : image[at]! ^ (1 << random(8)));
      }
      return image.length;
    }
  }
}

class Case {
  readonly #specimen: Specimen;
  readonly #changes: Changes;
  readonly #anyMeta: boolean;
  #budget: number;
  wrong = false;
  failures = 0;

  constructor(specimen: Specimen, changes: Changes, cut: boolean) {
    this.#specimen = specimen;
    this.#changes = changes;
    this.#anyMeta = cut || [...changes.keys()].some((at) => kindAt(specimen, at) === 'meta');
    this.#budget = 2 * specimen.pages + SPARE_PAGES;
  }

  /** Reads everything there is; every difference has to have an explanation. */
  readAll(volume: AxfsVolume): void {
    const seen = new Set<string>();
    const damaged = (): void => {
      this.failures += 1;
    };
    const page = new Uint8Array(PAGE);
    for (const { path, inode } of volume.walk(damaged)) {
      if (!hasPages(inode)) continue;
      seen.add(path);
      const good = this.#specimen.files.get(path);
      this.#expect(good?.length === inode.numEntries, `${path} has other pages`);
      for (let p = 0; p < inode.numEntries && this.#budget > 0; p += 1) {
        this.#budget -= 1;
        try {
          const count = volume.read(inode, p * PAGE, page);
          this.#compare(path, p, page.subarray(0, Math.min(count, inode.size - p * PAGE)));
        } catch (error) {
          if (!(error instanceof AxfsError)) throw error;
          this.failures += 1;
        }
      }
    }
    if (this.failures === 0)
      for (const path of this.#specimen.files.keys())
        this.#expect(seen.has(path), `${path} is missing`);
  }

  #compare(path: string, p: number, served: Uint8Array): void {
    const good = this.#specimen.files.get(path)?.[p];
    if (good === undefined) return;
    if (Buffer.compare(served, good.bytes) === 0) return;
    const isPlain =
      good.at >= 0 &&
      served.length === good.bytes.length &&
      served.every(
        (byte, i) => byte === good.bytes[i] || this.#changes.has(good.at + i) || this.#anyMeta,
      );
    this.wrong = true;
    this.#expect(isPlain, `page ${String(p)} of ${path} is served wrong`);
  }

  #expect(holds: boolean, what: string): void {
    if (holds || this.#anyMeta) return;
    const list = [...this.#changes].map(([at, was]) => `${String(at)} (was ${String(was)})`);
    throw new TypeError(`${this.#specimen.name}: ${what}; changed bytes: ${list.join(', ')}`);
  }
}

/** The check agrees with the reader on what opens and on what is clean. */
function checkCase(
  specimen: Specimen,
  image: Uint8Array,
  changes: Changes,
  { opens, failures }: { readonly opens: boolean; readonly failures: number },
): void {
  const inflater = inflaterInUse(specimen);
  const { verdict, digest, findings } = checkImage(deviceOf(image), {
    ...{ name: 'image', inflater, sha1 },
  });
  const fail = (what: string): never => {
    const list = [...changes].map(([at, was]) => `${String(at)} (was ${String(was)})`);
    throw new TypeError(`${specimen.name}: ${what}; changed bytes: ${list.join(', ')}`);
  };
  if (opens !== (verdict !== 'unmountable'))
    fail(`opens is ${String(opens)}, but it is ${verdict}`);
  if (opens && findings.some(({ severity }) => severity === 'fatal'))
    fail(`it opens, but ${JSON.stringify(findings)}`);
  // A changed cblock may well expand to the same bytes; then it is clean indeed.
  if (verdict === 'clean' && failures > 0) fail('it is called clean, but cannot all be read');
  if (specimen.hasDigest && changes.size > 0 && verdict === 'clean' && digest === 'verified')
    fail('a wrong digest is called verified');
}

const inflaters = new WeakMap<Specimen, Inflater>();
const inflaterInUse = (specimen: Specimen): Inflater => {
  const inflater = inflaters.get(specimen);
  if (inflater === undefined) throw new TypeError('a specimen in use has its inflater');
  return inflater;
};

/** One case: damage by `seed`, everything that can be done with it, and the image as it was. */
export function runCase(specimen: Specimen, seed: number, inflater: Inflater, tally: Tally): void {
  inflaters.set(specimen, inflater);
  const random = numbersFrom(seed);
  const changes: Changes = new Map();
  const started = performance.now();
  const length = mutate(specimen, random, changes);
  const image = specimen.image.subarray(0, length);
  tally.cases += 1;
  try {
    const one = new Case(specimen, changes, length < specimen.image.length);
    let volume: AxfsVolume | undefined;
    try {
      volume = new AxfsVolume(deviceOf(image), { name: 'image', inflater });
    } catch (error) {
      if (!(error instanceof AxfsError)) throw error;
      if (error.message.includes('\n')) throw new TypeError(error.message, { cause: error });
      tally.refused += 1;
    }
    if (volume !== undefined) {
      one.readAll(volume);
      tally[one.failures > 0 ? 'damaged' : 'whole'] += 1;
      if (one.wrong) tally.differing += 1;
    }
    if (random(CHECK_EVERY) === 0) {
      const { failures } = one;
      checkCase(specimen, image, changes, { opens: volume !== undefined, failures });
      tally.checked += 1;
    }
  } catch (error) {
    if (error instanceof Error) error.message = `seed ${String(seed)}: ${error.message}`;
    throw error;
  } finally {
    for (const [at, was] of changes) specimen.image[at] = was;
  }
  tally.slowest = Math.max(tally.slowest, performance.now() - started);
}
