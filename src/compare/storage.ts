/**
 * Who takes the flash: the bytes of an image put down to its files, with what is in place and never touched.
 *
 * @module
 */
import { toPrintable } from '../base/bytestring.ts';
import { PAGE_SIZE } from '../base/units.ts';
import type { AxfsVolume } from '../fs/volume.ts';
import { bytesInPage } from '../fs/volume.ts';
import { NODE_TYPE } from '../ondisk/constants.ts';

/** What one file takes. What files share is the first one's, in the order of the directories. */
export interface FileStorage {
  readonly path: string;
  readonly xipPages: number;
  /** XIP pages that nothing touches, through whatever file. */
  readonly coldXipPages: number;
  /** Bytes of cblocks that begin with a page of the file, or are first used by one. */
  readonly compressedBytes: number;
  readonly byteAlignedBytes: number;
}

/** A whole image. */
export interface ImageStorage {
  readonly files: readonly FileStorage[];
  /** Bytes that no file has: superblock, tables, names, padding. */
  readonly otherBytes: number;
}

/**
 * Adds up an image of `flashBytes`; `touched` are nodes that a workload touched.
 *
 * @throws AxfsError EIO when its tables are damaged.
 */
export function storageOf(
  volume: AxfsVolume,
  flashBytes: number,
  touched: ReadonlySet<number>,
): ImageStorage {
  const { tables } = volume.image;
  const xipOf = (node: number): number | undefined =>
    tables.node_type.get(node) === NODE_TYPE.xip ? tables.node_index.get(node) : undefined;
  const warm = new Set([...touched].map(xipOf));
  const seen = { xip: new Set<number>(), cblocks: new Set<number>(), chunks: new Set<number>() };
  const isNew = (kind: keyof typeof seen, number: number): boolean => {
    if (seen[kind].has(number)) return false;
    seen[kind].add(number);
    return true;
  };
  const files: FileStorage[] = [];
  let filed = 0;
  for (const { path, inode } of volume.walk()) {
    if (inode.type !== 'file' && inode.type !== 'symlink') continue;
    const own = { xipPages: 0, coldXipPages: 0, compressedBytes: 0, byteAlignedBytes: 0 };
    for (let page = 0; page < inode.numEntries; page += 1) {
      const node = inode.arrayIndex + page;
      const index = tables.node_index.get(node);
      switch (tables.node_type.get(node)) {
        case NODE_TYPE.xip:
          if (!isNew('xip', index)) break;
          own.xipPages += 1;
          if (!warm.has(index)) own.coldXipPages += 1;
          break;
        case NODE_TYPE.byteAligned:
          if (isNew('chunks', index)) own.byteAlignedBytes += bytesInPage(inode, page);
          break;
        default: {
          const cblock = tables.cnode_index.get(index);
          if (isNew('cblocks', cblock))
            own.compressedBytes +=
              tables.cblock_offset.get(cblock + 1) - tables.cblock_offset.get(cblock);
        }
      }
    }
    filed += storedBytes(own);
    files.push({ path: toPrintable(path), ...own });
  }
  return { files, otherBytes: flashBytes - filed };
}

/** Bytes of pages, stored any way. */
export const storedBytes = ({
  xipPages,
  compressedBytes,
  byteAlignedBytes,
}: Omit<FileStorage, 'path'>): number => xipPages * PAGE_SIZE + compressedBytes + byteAlignedBytes;
