/**
 * `axfs info`: superblock, regions and contents of an image.
 *
 * @module
 */
import { toHex } from '../base/bytes.ts';
import { zeros } from '../base/counts.ts';
import { COMPRESSION_LZ4 } from '../codec/codecs.ts';
import { PAGE_SIZE } from '../base/units.ts';
import type { Inode } from '../fs/inode.ts';
import type { AxfsVolume, DamageSink } from '../fs/volume.ts';
import { NODE_TYPE_NAMES } from '../ondisk/constants.ts';
import type { NodeTypeName } from '../ondisk/constants.ts';
import { INODE_TYPES } from '../ondisk/mode.ts';
import type { InodeType } from '../ondisk/mode.ts';
import { REGIONS, storedSize } from '../ondisk/regions.ts';
import { humanBytes, humanCount } from '../report/sizes.ts';
import { textTable } from '../report/table.ts';

/** What `axfs info --json` prints; sizes in bytes. */
export interface ImageInfo {
  readonly image: string;
  readonly version: string;
  readonly size: number;
  readonly mmapSize: number;
  readonly cblockSize: number;
  readonly pageSize: number;
  readonly timestamp: number;
  readonly compression: 'zlib' | 'lz4';
  /** Hex of the SHA-1, or `null` when the image carries none. */
  readonly digest: string | null;
  readonly inodes: Readonly<Record<InodeType | 'total', number>>;
  readonly nodes: Readonly<Record<NodeTypeName | 'total', number>>;
  readonly fileBytes: number;
  readonly regions: readonly {
    readonly name: string;
    readonly offset: number;
    readonly size: number;
    readonly storedSize: number;
    readonly entries: number;
    readonly depth: number;
    readonly incore: boolean;
  }[];
}

const SHA1_BYTES = 20;

/**
 * Reads the facts.
 *
 * @throws AxfsError EIO when tables are damaged; with `damaged`, inodes that cannot be described are told there
 * and not counted.
 */
export function imageInfo(volume: AxfsVolume, damaged?: DamageSink): ImageInfo {
  const { superblock, descriptors } = volume.image;
  const inodes = zeros([...INODE_TYPES.map(({ type }) => type), 'total' as const]);
  const nodes = zeros([...NODE_TYPE_NAMES, 'total' as const]);
  const use = new NodeUsers();
  let fileBytes = 0;
  for (const { inode } of volume.walk(damaged)) {
    inodes[inode.type] += 1;
    inodes.total += 1;
    if (inode.type !== 'file' && inode.type !== 'symlink') continue;
    fileBytes += inode.size;
    use.add(inode);
  }
  for (const { node, users } of use.nodes()) {
    const type = NODE_TYPE_NAMES[volume.nodes.type(node)];
    if (type !== undefined) nodes[type] += users;
    nodes.total += users;
  }
  const { digest } = superblock;
  return {
    image: volume.name,
    version: [superblock.versionMajor, superblock.versionMinor, superblock.versionSub].join('.'),
    size: superblock.size,
    mmapSize: superblock.mmapSize,
    cblockSize: superblock.cblockSize,
    pageSize: PAGE_SIZE,
    timestamp: superblock.timestamp,
    compression: superblock.compressionType === COMPRESSION_LZ4 ? 'lz4' : 'zlib',
    digest: digest.some((byte) => byte !== 0) ? toHex(digest.subarray(0, SHA1_BYTES)) : null,
    inodes,
    nodes,
    fileBytes,
    regions: REGIONS.map(({ name }) => {
      const descriptor = descriptors[name];
      return {
        name,
        offset: descriptor.fsoffset,
        size: descriptor.size,
        storedSize: storedSize(descriptor),
        entries: descriptor.maxIndex,
        depth: descriptor.tableByteDepth,
        incore: descriptor.incore !== 0,
      };
    }),
  };
}

/** How many files have each node: files may share nodes, and each node is given once. */
class NodeUsers {
  /** At the nodes where it changes, by how much. */
  readonly #changes = new Map<number, number>();

  add({ arrayIndex, numEntries }: Inode): void {
    if (numEntries === 0) return;
    this.#change(arrayIndex, 1);
    this.#change(arrayIndex + numEntries, -1);
  }

  #change(node: number, by: number): void {
    this.#changes.set(node, (this.#changes.get(node) ?? 0) + by);
  }

  /** Nodes that files have, in ascending order. */
  *nodes(): Generator<{ readonly node: number; readonly users: number }> {
    let users = 0;
    let node = 0;
    for (const [next, by] of [...this.#changes].sort(([a], [b]) => a - b)) {
      if (users === 0) node = next;
      for (; node < next; node += 1) yield { node, users };
      users += by;
    }
  }
}

/** The facts for people. */
export function infoText(info: ImageInfo): string {
  const exact = (bytes: number): string => `${humanBytes(bytes)} (${humanCount(bytes)} bytes)`;
  const counts = (row: Readonly<Record<string, number>>): string =>
    Object.entries(row)
      .filter(([key, count]) => key !== 'total' && count > 0)
      .map(([key, count]) => `${humanCount(count)} ${key}`)
      .join(', ');
  const facts: readonly (readonly [string, string])[] = [
    ['image', info.image],
    [
      'format',
      `AXFS ${info.version}, ${info.compression}, cblocks of ${humanBytes(info.cblockSize)}`,
    ],
    ['size', exact(info.size)],
    ['mapped', exact(info.mmapSize)],
    ['timestamp', info.timestamp === 0 ? '0' : `${String(info.timestamp)} s since 1970`],
    ['digest', info.digest ?? 'none'],
    ['inodes', `${humanCount(info.inodes.total)}: ${counts(info.inodes)}`],
    [
      'pages',
      `${humanCount(info.nodes.total)}${info.nodes.total > 0 ? `: ${counts(info.nodes)}` : ''}`,
    ],
    ['contents', exact(info.fileBytes)],
  ];
  return [
    ...facts.map(([key, value]) => `${key.padEnd(10)}${value}`),
    '',
    ...textTable(
      [
        { title: 'region', align: 'left' },
        { title: 'offset', align: 'right' },
        { title: 'bytes', align: 'right' },
        { title: 'stored', align: 'right' },
        { title: 'entries', align: 'right' },
        { title: 'depth', align: 'right' },
      ],
      info.regions.map((region) => [
        region.name,
        humanCount(region.offset),
        humanCount(region.size),
        humanCount(region.storedSize),
        region.depth === 0 ? '' : humanCount(region.entries),
        region.depth === 0 ? '' : String(region.depth),
      ]),
    ),
    '',
  ].join('\n');
}
