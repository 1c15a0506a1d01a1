/**
 * Writes a tree as an image in any legal way the format allows: other superblock tails, planar tables, other
 * depths, strides and orders, compressed and incore regions, no sentinels, shared pages and runs, cblocks of
 * many pages, a second device, another codec. Written from the format description; of src it uses types and
 * the codecs only.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import type { ByteString } from '../../src/base/bytestring.ts';
import { codecOf } from '../../src/codec/codecs.ts';
import type { TreeDirectory, TreeEntry } from '../../src/mkfs/tree.ts';

const PAGE = 4096;
const MAGIC = Buffer.from('48a0e4cd', 'hex');
/** Regions in superblock order (section 2). */
export const DIALECT_REGIONS = (
  'strings xip byte_aligned compressed node_type node_index cnode_offset cnode_index banode_offset ' +
  'cblock_offset inode_file_size inode_name_offset inode_num_entries inode_mode_index ' +
  'inode_array_index modes uids gids'
).split(' ');
const TABLES = DIALECT_REGIONS.slice(4);

/** A way to write. */
export interface Dialect {
  /** End of the superblock (sections 2.1 and 10); `none` goes with version 1. */
  readonly tail: 'aligned' | 'i386' | 'none';
  /** Version 1: planar tables. */
  readonly planar: boolean;
  /** Bytes above the least depth of a table: table `k` gets element `k % length`. */
  readonly deeper: readonly number[];
  /** Regions stored as one stream, and regions marked incore. */
  readonly compressed: readonly string[];
  readonly incore: readonly string[];
  readonly sentinels: boolean;
  /** Equal pages share their storage, equal files their nodes, equal names their strings. */
  readonly shared: boolean;
  /** A power of two from 4096 to 1 MiB. */
  readonly cblockSize: number;
  /** Bytes from one descriptor to the next, at least 34. */
  readonly stride: number;
  /** What byte_aligned, compressed and sometimes strings are put on. */
  readonly split: boolean;
  readonly codec: 'zlib' | 'lz4';
  readonly digest: boolean;
  /** Decides order of regions and kinds of pages. */
  readonly seed: number;
}

/** As the original builder would write, but for the order of regions and the kinds of pages. */
export const PLAIN_DIALECT: Dialect = {
  tail: 'aligned',
  planar: false,
  deeper: [0],
  compressed: [],
  incore: [],
  sentinels: true,
  shared: false,
  cblockSize: PAGE,
  stride: 40,
  split: false,
  codec: 'zlib',
  digest: false,
  seed: 1,
};

/** An image, and what of it stands on the second device when it is split. */
export interface DialectImage {
  readonly image: Uint8Array;
  readonly mmapSize: number;
}

/** Numbers from 0 to n-1, the same for the same seed (mulberry32). */
export function numbersFrom(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}

interface Row {
  readonly name: ByteString;
  readonly entry: TreeEntry;
  first: number;
  count: number;
}

/** Inodes in numbering order: breadth first, children sorted. */
function numbered(root: TreeDirectory): Row[] {
  const rows: Row[] = [{ name: './' as ByteString, entry: root, first: 0, count: 0 }];
  for (let at = 0; at < rows.length; at += 1) {
    const row = rows[at]!;
    if (row.entry.type !== 'dir') continue;
    row.first = rows.length;
    row.count = row.entry.entries.size;
    const children = [...row.entry.entries].sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [name, entry] of children) rows.push({ name, entry, first: 0, count: 0 });
  }
  return rows;
}

function contentOf(entry: TreeEntry): Buffer {
  if (entry.type === 'symlink') return Buffer.from(entry.target, 'latin1');
  if (entry.type !== 'file') return Buffer.alloc(0);
  if (!(entry.content instanceof Uint8Array)) throw new TypeError('only trees in memory');
  return Buffer.from(entry.content);
}

const FORMATS = {
  ...{ fifo: 0o010000, char: 0o020000, dir: 0o040000, block: 0o060000 },
  ...{ file: 0o100000, symlink: 0o120000, socket: 0o140000 },
};

interface Node {
  type: number;
  index: number;
}

/** Gives pages their nodes. */
class Nodes {
  readonly nodes: Node[] = [];
  readonly values: Record<string, number[]> = {};
  readonly raw = { xip: [] as Buffer[], byte_aligned: [] as Buffer[], compressed: [] as Buffer[] };
  readonly #dialect: Dialect;
  readonly #random: (n: number) => number;
  readonly #known = new Map<string, Node>();
  readonly #deflate: (bytes: Uint8Array) => Uint8Array;
  #pending: { node: Node; page: Buffer }[] = [];
  #pendingBytes = 0;
  #bytes = { byte_aligned: 0, compressed: 0 };

  constructor(dialect: Dialect, random: (n: number) => number) {
    this.#dialect = dialect;
    this.#random = random;
    for (const name of ['cnode_offset', 'cnode_index', 'banode_offset', 'cblock_offset'])
      this.values[name] = [];
    this.#deflate = (bytes) => deflaterOf(dialect.codec)(bytes);
  }

  add(page: Buffer): void {
    const key = page.toString('latin1');
    const known = this.#dialect.shared ? this.#known.get(key) : undefined;
    if (known !== undefined) {
      this.nodes.push(known);
      return;
    }
    const node: Node = { type: this.#random(3), index: 0 };
    this.#known.set(key, node);
    this.nodes.push(node);
    if (node.type === 0) {
      node.index = this.raw.xip.length;
      this.raw.xip.push(Buffer.concat([page, Buffer.alloc(PAGE - page.length)]));
    } else if (node.type === 2) this.#alignBytes(node, page);
    else {
      if (this.#pendingBytes + page.length > this.#dialect.cblockSize) this.flush();
      this.#pending.push({ node, page });
      this.#pendingBytes += page.length;
    }
  }

  /** Ends the cblock that is being filled. */
  flush(): void {
    const pages = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    if (pages.length === 0) return;
    const stored = this.#deflate(Buffer.concat(pages.map(({ page }) => page)));
    if (stored.length > this.#dialect.cblockSize) {
      for (const { node, page } of pages) this.#alignBytes(node, page);
      return;
    }
    const cblock = this.values['cblock_offset']!.length;
    this.values['cblock_offset']!.push(this.#bytes.compressed);
    this.#bytes.compressed += stored.length;
    this.raw.compressed.push(Buffer.from(stored));
    let offset = 0;
    for (const { node, page } of pages) {
      node.index = this.values['cnode_index']!.length;
      this.values['cnode_index']!.push(cblock);
      this.values['cnode_offset']!.push(offset);
      offset += page.length;
    }
  }

  /** The end of the last cblock, and with sentinels a node of each type. */
  finish(): void {
    this.flush();
    const { sentinels } = this.#dialect;
    const v = this.values;
    if (sentinels) {
      this.nodes.push(
        { type: 2, index: v['banode_offset']!.length },
        { type: 1, index: v['cnode_index']!.length },
        { type: 0, index: this.raw.xip.length },
      );
      v['banode_offset']!.push(this.#bytes.byte_aligned);
      v['cnode_offset']!.push(0);
      v['cnode_index']!.push(v['cblock_offset']!.length);
    }
    v['cblock_offset']!.push(this.#bytes.compressed);
    v['node_type'] = this.nodes.map(({ type }) => type);
    v['node_index'] = this.nodes.map(({ index }) => index);
  }

  #alignBytes(node: Node, page: Buffer): void {
    node.type = 2;
    node.index = this.values['banode_offset']!.length;
    this.values['banode_offset']!.push(this.#bytes.byte_aligned);
    const gap = Buffer.alloc(this.#random(3), 0xa5);
    this.raw.byte_aligned.push(page, gap);
    this.#bytes.byte_aligned += page.length + gap.length;
  }
}

const deflaterOf =
  (codec: Dialect['codec']) =>
  (bytes: Uint8Array): Uint8Array =>
    codec === 'zlib' ? deflateSync(bytes) : codecOf('lz4').makeDeflater({}).deflate(bytes);

/** Inode tables and strings. */
function inodeTables(
  rows: readonly Row[],
  { shared }: Dialect,
): { values: Record<string, number[]>; strings: Buffer } {
  const strings: Buffer[] = [];
  const nameOffsets = new Map<string, number>();
  let length = 0;
  const offsetOf = (name: ByteString): number => {
    const known = shared ? nameOffsets.get(name) : undefined;
    if (known !== undefined) return known;
    nameOffsets.set(name, length);
    strings.push(Buffer.from(`${name}\0`, 'latin1'));
    length += name.length + 1;
    return length - name.length - 1;
  };
  const triples = new Map<string, number>();
  const modes: number[][] = [];
  const rowOf = ({ entry }: Row): number => {
    const triple = [FORMATS[entry.type] + entry.mode, entry.uid, entry.gid];
    const known = triples.get(String(triple));
    if (known !== undefined) return known;
    triples.set(String(triple), modes.length);
    return modes.push(triple) - 1;
  };
  const sizeOf = ({ entry }: Row): number => {
    if (entry.type === 'char' || entry.type === 'block') {
      const { major, minor } = entry.rdev;
      return (minor % 256) + major * 256 + Math.floor(minor / 256) * 2 ** 20;
    }
    return contentOf(entry).length;
  };
  const values = {
    inode_file_size: rows.map(sizeOf),
    inode_name_offset: rows.map(({ name }) => offsetOf(name)),
    inode_num_entries: rows.map(({ count }) => count),
    inode_mode_index: rows.map(rowOf),
    inode_array_index: rows.map(({ first }) => first),
    modes: modes.map(([mode]) => mode!),
    uids: modes.map(([, uid]) => uid!),
    gids: modes.map(([, , gid]) => gid!),
  };
  return { values, strings: Buffer.concat(strings) };
}

/** A table: packed, or in planes with the least significant one first (sections 4 and 10). */
function encodeTable(values: readonly number[], depth: number, planar: boolean): Buffer {
  const bytes = Buffer.alloc(values.length * depth);
  values.forEach((value, k) => {
    let rest = value;
    for (let i = 0; i < depth; i += 1) {
      bytes[planar ? i * values.length + k : k * depth + depth - 1 - i] = rest % 256;
      rest = Math.floor(rest / 256);
    }
  });
  return bytes;
}

const depthFor = (values: readonly number[]): number =>
  Math.ceil(Math.max(1, Math.max(0, ...values).toString(16).length) / 2);

interface Region {
  readonly name: string;
  readonly bytes: Buffer;
  readonly stored: Buffer;
  readonly entries: number;
  readonly depth: number;
}

function regionsOf(root: TreeDirectory, dialect: Dialect, random: (n: number) => number) {
  const rows = numbered(root);
  const nodes = new Nodes(dialect, random);
  const runs = new Map<string, number>();
  let blocks = 0;
  for (const row of rows) {
    const content = contentOf(row.entry);
    if (row.entry.type === 'dir' || content.length === 0) continue;
    row.count = Math.ceil(content.length / PAGE);
    const key = content.toString('latin1');
    const known = dialect.shared ? runs.get(key) : undefined;
    row.first = known ?? nodes.nodes.length;
    runs.set(key, row.first);
    if (known !== undefined) continue;
    for (let at = 0; at < content.length; at += PAGE) nodes.add(content.subarray(at, at + PAGE));
    blocks = nodes.nodes.length;
  }
  nodes.finish();
  const inodes = inodeTables(rows, dialect);
  const values: Record<string, readonly number[]> = { ...nodes.values, ...inodes.values };
  const raw: Record<string, Buffer> = {
    strings: inodes.strings,
    xip: Buffer.concat(nodes.raw.xip),
    byte_aligned: Buffer.concat(nodes.raw.byte_aligned),
    compressed: Buffer.concat(nodes.raw.compressed),
  };
  const regions = DIALECT_REGIONS.map((name, k): Region => {
    const list = values[name];
    const deeper = dialect.deeper[k % dialect.deeper.length]!;
    const depth =
      list === undefined || list.length === 0 ? 0 : Math.min(8, depthFor(list) + deeper);
    const bytes = list === undefined ? raw[name]! : encodeTable(list, depth, dialect.planar);
    const isCompressed = dialect.compressed.includes(name) && bytes.length > 0;
    const stored = isCompressed ? Buffer.from(deflaterOf(dialect.codec)(bytes)) : bytes;
    return { name, bytes, stored, entries: list?.length ?? 0, depth };
  });
  return { regions, files: rows.length, blocks };
}

/** The tree as an image of the dialect. */
export function encodeDialect(root: TreeDirectory, dialect: Dialect): DialectImage {
  const random = numbersFrom(dialect.seed);
  const { regions, files, blocks } = regionsOf(root, dialect, random);
  const start = { aligned: 264, i386: 253 + 3, none: 243 }[dialect.tail] + random(5) * 4;
  const order = [...regions];
  for (let i = order.length - 1; i > 0; i -= 1) {
    const other = random(i + 1);
    [order[i], order[other]] = [order[other]!, order[i]!];
  }
  const isBehind = ({ name }: Region): boolean =>
    dialect.split && (name === 'byte_aligned' || name === 'compressed' || name === 'strings');
  const head = Buffer.alloc(start + dialect.stride * DIALECT_REGIONS.length);
  const parts: Buffer[] = [head];
  let at = head.length;
  const put = (bytes: Buffer): number => {
    parts.push(bytes);
    at += bytes.length;
    return at - bytes.length;
  };
  const align = (): void => {
    put(Buffer.alloc((PAGE - (at % PAGE)) % PAGE));
  };
  const placed = new Map<string, number>();
  let mmapSize: number | undefined;
  for (const region of order.filter((r) => !isBehind(r)).concat(order.filter(isBehind))) {
    if (isBehind(region) && mmapSize === undefined) {
      align();
      mmapSize = at;
    }
    if (region.name === 'xip') align();
    placed.set(region.name, put(region.stored));
  }
  put(MAGIC);
  const size = at;
  align();
  fillHead(head, dialect, {
    ...{ files, blocks, size, mmapSize: mmapSize ?? size },
    descriptors: regions.map((region, i) => ({ region, at: start + dialect.stride * i, placed })),
  });
  const image = Buffer.concat(parts);
  if (dialect.digest) createHash('sha1').update(image).digest().copy(image, 20);
  return { image: new Uint8Array(image), mmapSize: mmapSize ?? size };
}

interface HeadFields {
  readonly files: number;
  readonly blocks: number;
  readonly size: number;
  readonly mmapSize: number;
  readonly descriptors: readonly {
    readonly region: Region;
    readonly at: number;
    readonly placed: ReadonlyMap<string, number>;
  }[];
}

function fillHead(head: Buffer, dialect: Dialect, fields: HeadFields): void {
  const u64 = (offset: number, value: number): void => {
    head.writeBigUInt64BE(BigInt(value), offset);
  };
  MAGIC.copy(head);
  head.write('Advanced XIP FS', 4, 'latin1');
  head.writeUInt32BE(dialect.cblockSize, 60);
  u64(64, fields.files);
  u64(72, fields.size);
  u64(80, fields.blocks);
  u64(88, fields.mmapSize);
  head.set(dialect.planar ? [1, 9, 1] : [2, 2, 0], 240);
  if (dialect.tail !== 'none') {
    head[243] = dialect.codec === 'lz4' ? 0x4c : 0;
    u64(dialect.tail === 'aligned' ? 248 : 244, 1_700_000_000);
    head[dialect.tail === 'aligned' ? 256 : 252] = 12;
  }
  for (const [i, { region, at, placed }] of fields.descriptors.entries()) {
    u64(96 + 8 * i, at);
    u64(at, placed.get(region.name)!);
    u64(at + 8, region.bytes.length);
    u64(at + 16, region.stored === region.bytes ? 0 : region.stored.length);
    u64(at + 24, region.entries);
    head[at + 32] = region.depth;
    head[at + 33] = dialect.incore.includes(region.name) ? 1 : 0;
  }
}

/** Names of the byte tables, for those who choose among them. */
export const DIALECT_TABLES: readonly string[] = TABLES;
