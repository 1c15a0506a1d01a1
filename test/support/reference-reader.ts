/**
 * Reads an image back into a tree, written from the format description alone and sharing no code with
 * src/fs: an independent check of what the builder writes. It reads what the format says of version 2.2 with
 * zlib.
 *
 * @module
 */
import { inflateSync } from 'node:zlib';
import type { ByteString } from '../../src/base/bytestring.ts';
import type { TreeDirectory, TreeEntry } from '../../src/mkfs/tree.ts';

const PAGE = 4096;
/** Regions in the order in which the superblock names their descriptors, 8 bytes each (section 2). */
const REGIONS = (
  'strings xip byte_aligned compressed node_type node_index cnode_offset cnode_index banode_offset ' +
  'cblock_offset inode_file_size inode_name_offset inode_num_entries inode_mode_index ' +
  'inode_array_index modes uids gids'
).split(' ');
const FIRST_FIELD = 96;

/** Raw access to an image by region. */
export class ReferenceReader {
  readonly #image: Buffer;

  constructor(image: Uint8Array) {
    this.#image = Buffer.from(image.buffer, image.byteOffset, image.byteLength);
  }

  /** Bytes of a region (section 3). */
  region(name: string): {
    readonly bytes: Buffer;
    readonly depth: number;
    readonly entries: number;
  } {
    const at = Number(this.#image.readBigUInt64BE(FIRST_FIELD + 8 * REGIONS.indexOf(name)));
    const [offset, size, stored, entries] = [0, 8, 16, 24].map((field) =>
      Number(this.#image.readBigUInt64BE(at + field)),
    ) as [number, number, number, number];
    const depth = this.#image.readUInt8(at + 32);
    const bytes =
      stored === 0
        ? this.#image.subarray(offset, offset + size)
        : inflateSync(this.#image.subarray(offset, offset + stored));
    return { bytes, depth, entries };
  }

  /** An entry of a table (section 4). */
  value(table: string, index: number): number {
    const { bytes, depth } = this.region(table);
    return bytes.readUIntBE(index * depth, depth);
  }

  /** The bytes of one node, at most `length` (section 6). */
  page(node: number, length: number): Uint8Array {
    const index = this.value('node_index', node);
    switch (this.value('node_type', node)) {
      case 0:
        return this.region('xip').bytes.subarray(index * PAGE, index * PAGE + length);
      case 1: {
        const cblock = this.value('cnode_index', index);
        const start = this.value('cblock_offset', cblock);
        const end = this.value('cblock_offset', cblock + 1);
        const from = this.value('cnode_offset', index);
        const expanded = inflateSync(this.region('compressed').bytes.subarray(start, end));
        return expanded.subarray(from, from + length);
      }
      default: {
        const start = this.value('banode_offset', index);
        return this.region('byte_aligned').bytes.subarray(start, start + length);
      }
    }
  }

  /** Name of an inode (section 5). */
  name(inode: number): ByteString {
    const { bytes } = this.region('strings');
    const start = this.value('inode_name_offset', inode);
    return bytes.toString('latin1', start, bytes.indexOf(0, start)) as ByteString;
  }

  /** An inode and everything below it (sections 5 and 5.3). */
  entry(inode: number): TreeEntry {
    const row = this.value('inode_mode_index', inode);
    const mode = this.value('modes', row);
    const [uid, gid] = [this.value('uids', row), this.value('gids', row)];
    const metadata = { mode: mode % 0o10000, uid, gid };
    const size = this.value('inode_file_size', inode);
    const count = this.value('inode_num_entries', inode);
    const first = this.value('inode_array_index', inode);
    const content = (): Buffer =>
      Buffer.concat(
        Array.from({ length: count }, (_, p) =>
          this.page(first + p, Math.min(PAGE, size - p * PAGE)),
        ),
      );
    switch (Math.floor(mode / 0o10000)) {
      case 0o04: {
        const children = Array.from({ length: count }, (_, i) => first + i);
        const entries = new Map(children.map((child) => [this.name(child), this.entry(child)]));
        return { ...metadata, type: 'dir', entries };
      }
      case 0o12:
        return { ...metadata, type: 'symlink', target: content().toString('latin1') as ByteString };
      case 0o02:
      case 0o06: {
        const major = Math.floor(size / 256) % 4096;
        const minor = (size % 256) + Math.floor(size / 2 ** 20) * 256;
        const type = Math.floor(mode / 0o10000) === 2 ? 'char' : 'block';
        return { ...metadata, type, rdev: { major, minor } };
      }
      case 0o01:
        return { ...metadata, type: 'fifo' };
      case 0o14:
        return { ...metadata, type: 'socket' };
      default:
        return { ...metadata, type: 'file', content: content() };
    }
  }

  /** The whole tree. */
  tree(): TreeDirectory {
    return this.entry(0) as TreeDirectory;
  }
}
