/**
 * Images in memory that can be damaged field by field. Offsets are those of the format description; no code
 * is shared with src/ondisk, so that a wrong offset there cannot hide here.
 *
 * @module
 */
import { fromText } from '../../../src/base/bytestring.ts';
import type { Errno } from '../../../src/base/errno.ts';
import { AxfsError } from '../../../src/base/errno.ts';
import { createPakoInflater } from '../../../src/codec/pako.ts';
import { AxfsVolume } from '../../../src/fs/volume.ts';
import { buildImage } from '../../../src/mkfs/build.ts';
import type { XipPolicy } from '../../../src/mkfs/policy.ts';
import { profileOf } from '../../../src/mkfs/profile.ts';
import { treeFrom } from '../../../src/mkfs/tree.ts';
import type { EntrySpec } from '../../../src/mkfs/tree.ts';
import { memoryContents } from '../../../src/mtd/contents.ts';
import { createRamDevice } from '../../../src/mtd/ram.ts';

/** Regions in the order in which the superblock names their descriptors (section 2). */
export const REGION_NAMES = [
  'strings',
  'xip',
  'byte_aligned',
  'compressed',
  'node_type',
  'node_index',
  'cnode_offset',
  'cnode_index',
  'banode_offset',
  'cblock_offset',
  'inode_file_size',
  'inode_name_offset',
  'inode_num_entries',
  'inode_mode_index',
  'inode_array_index',
  'modes',
  'uids',
  'gids',
] as const;
export type Region = (typeof REGION_NAMES)[number];

/** Superblock fields: offset and bytes (section 2). */
const SUPER = {
  cblock_size: [60, 4],
  files: [64, 8],
  size: [72, 8],
  blocks: [80, 8],
  mmap_size: [88, 8],
  version_major: [240, 1],
  compression_type: [243, 1],
  page_shift: [256, 1],
} as const;
/** Descriptor fields (section 3). */
const DESCRIPTOR = {
  fsoffset: [0, 8],
  size: [8, 8],
  compressed_size: [16, 8],
  max_index: [24, 8],
  depth: [32, 1],
  incore: [33, 1],
} as const;
const FIRST_OFFSET_FIELD = 96;
const MAGIC = Buffer.from('48a0e4cd', 'hex');
const PAGE = 4096;

/** An image under the knife. Methods that change it return it. */
export class Patch {
  #image: Buffer;

  constructor(image: Uint8Array) {
    this.#image = Buffer.from(image);
  }

  get bytes(): Uint8Array {
    return new Uint8Array(this.#image);
  }

  /** Offset of the descriptor of a region. */
  descriptorAt(region: Region): number {
    return this.#number(FIRST_OFFSET_FIELD + 8 * REGION_NAMES.indexOf(region), 8);
  }

  get(field: keyof typeof SUPER): number {
    const [offset, bytes] = SUPER[field];
    return this.#number(offset, bytes);
  }

  set(field: keyof typeof SUPER, value: number | bigint): this {
    const [offset, bytes] = SUPER[field];
    return this.#store(offset, bytes, value);
  }

  /** A field of a region's descriptor. */
  of(region: Region, field: keyof typeof DESCRIPTOR): number {
    const [offset, bytes] = DESCRIPTOR[field];
    return this.#number(this.descriptorAt(region) + offset, bytes);
  }

  describe(region: Region, field: keyof typeof DESCRIPTOR, value: number | bigint): this {
    const [offset, bytes] = DESCRIPTOR[field];
    return this.#store(this.descriptorAt(region) + offset, bytes, value);
  }

  /** Moves a descriptor elsewhere. */
  pointDescriptor(region: Region, offset: number): this {
    return this.#store(FIRST_OFFSET_FIELD + 8 * REGION_NAMES.indexOf(region), 8, offset);
  }

  /** A copy of a region's stored bytes. */
  region(region: Region): Uint8Array {
    const at = this.of(region, 'fsoffset');
    return new Uint8Array(this.#image.subarray(at, at + this.of(region, 'size')));
  }

  entry(table: Region, index: number): number {
    const depth = this.of(table, 'depth');
    return this.#number(this.of(table, 'fsoffset') + index * depth, depth);
  }

  setEntry(table: Region, index: number, value: number): this {
    const depth = this.of(table, 'depth');
    return this.#store(this.of(table, 'fsoffset') + index * depth, depth, value);
  }

  /** Sets one byte of a region. */
  poke(region: Region, offset: number, value: number): this {
    return this.#store(this.of(region, 'fsoffset') + offset, 1, value);
  }

  /** Sets one byte of the image. */
  pokeImage(offset: number, value: number): this {
    return this.#store(offset, 1, value);
  }

  /** Gives a region other bytes, at a page boundary at the end of the image, before the trailing magic. */
  replace(region: Region, bytes: Uint8Array): this {
    const old = this.get('size') - MAGIC.length;
    const at = Math.ceil(old / PAGE) * PAGE;
    const size = at + bytes.length + MAGIC.length;
    const image = Buffer.alloc(Math.ceil(size / PAGE) * PAGE);
    this.#image.copy(image, 0, 0, old);
    image.set(bytes, at);
    image.set(MAGIC, at + bytes.length);
    this.#image = image;
    if (this.get('mmap_size') === old + MAGIC.length) this.set('mmap_size', size);
    return this.set('size', size)
      .describe(region, 'fsoffset', at)
      .describe(region, 'size', bytes.length);
  }

  /** Gives a table other values. */
  replaceTable(table: Region, values: readonly number[], depth: number): this {
    const bytes = Buffer.alloc(values.length * depth);
    values.forEach((value, i) => {
      const wide = Buffer.alloc(8);
      wide.writeBigUInt64BE(BigInt(value));
      wide.copy(bytes, i * depth, 8 - depth);
    });
    return this.replace(table, bytes).describe(table, 'depth', depth);
  }

  #number(offset: number, bytes: number): number {
    return bytes === 8
      ? Number(this.#image.readBigUInt64BE(offset))
      : this.#image.readUIntBE(offset, bytes);
  }

  #store(offset: number, bytes: number, value: number | bigint): this {
    if (bytes === 8) this.#image.writeBigUInt64BE(BigInt(value), offset);
    else this.#image.writeUIntBE(Number(value), offset, bytes);
    return this;
  }
}

/** Builds an image of a tree and opens it up. */
export async function patchOf(
  spec: Readonly<Record<string, EntrySpec>>,
  xip: XipPolicy = { kind: 'none' },
): Promise<Patch> {
  return new Patch((await buildImage(treeFrom(spec), { xip })).toBytes());
}

/** Policy: these pages of these files. */
export const pages = (files: Readonly<Record<string, readonly number[]>>): XipPolicy => ({
  kind: 'profile',
  profile: profileOf(
    Object.entries(files).flatMap(([path, numbers]) =>
      numbers.map((page) => ({ path: fromText(path), offset: page * PAGE, count: 1 })),
    ),
  ),
});

/** The image as a volume on a device of exactly its bytes. */
export const volumeOf = (image: Uint8Array, name = 'image'): AxfsVolume =>
  new AxfsVolume(createRamDevice(name, memoryContents(image)), {
    name,
    inflater: createPakoInflater(),
  });

/** Content of the file at `path`, read at once. */
export function contentAt(volume: AxfsVolume, path: string): Uint8Array {
  const inode = volume.resolve(fromText(path));
  const into = new Uint8Array(inode.size);
  const count = volume.read(inode, 0, into);
  if (count !== inode.size)
    throw new RangeError(`${path}: ${String(count)} of ${String(inode.size)}`);
  return into;
}

/** What a call fails with: code and message of an AxfsError; any other error goes through. */
export function failureOf(call: () => unknown): readonly [Errno, string] | 'no failure' {
  try {
    call();
  } catch (error) {
    if (error instanceof AxfsError) return [error.code, error.message];
    throw error;
  }
  return 'no failure';
}
