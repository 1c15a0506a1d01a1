/**
 * The pages of a tree as the builder stores them: pages of the same bytes are one content, and all of them go
 * to the XIP region or none does. Read from an image of the tree without XIP pages, so that nothing here has to
 * know how the builder numbers, orders and shares.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import { toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import { PAGE_SIZE } from '../base/units.ts';
import type { Inode } from '../fs/inode.ts';
import type { AxfsVolume } from '../fs/volume.ts';
import { bytesInPage } from '../fs/volume.ts';
import { profileOf } from '../mkfs/profile.ts';
import type { PageProfile } from '../mkfs/profile.ts';
import type { Trace } from '../workload/trace.ts';

/** Pages of a tree. A content is a number from 0, in the order in which the builder meets them. */
export interface TreePages {
  /** Nodes of every image of the tree. */
  readonly nodes: number;
  /** By node: its content. */
  readonly contentOf: Int32Array;
  /** By content: the first node that has it, and its bytes, 1 to 4096. */
  readonly firstNode: Int32Array;
  readonly lengths: Int32Array;
  /** By content: 1 for the target of a symlink, which is never executed in place. */
  readonly isTarget: Uint8Array;
  /** By line of the trace: the content that it touches. */
  readonly lineContent: Int32Array;
  /** Contents that the trace touches, ascending, and by content the touches. */
  readonly touched: readonly number[];
  readonly touches: Float64Array;
}

/** Reads the pages of a tree from its image without XIP pages. @throws AxfsError for a trace of another tree. */
export function readTreePages(volume: AxfsVolume, trace: Trace): TreePages {
  const { tables, regions } = volume.image;
  assert(regions.xip.size === 0, () => 'the pages are read from an image without XIP pages');
  const nodes = tables.node_type.length - SENTINEL_NODES;
  const contentOf = new Int32Array(nodes);
  const firstNode: number[] = [];
  const known = new Map<number, number>();
  for (let node = 0; node < nodes; node += 1) {
    const place = tables.node_index.get(node) * NODE_TYPES + tables.node_type.get(node);
    let content = known.get(place);
    if (content === undefined) {
      content = firstNode.push(node) - 1;
      known.set(place, content);
    }
    contentOf[node] = content;
  }
  const lengths = new Int32Array(firstNode.length);
  const isTarget = new Uint8Array(firstNode.length);
  for (const { inode } of volume.walk()) {
    if (inode.type !== 'file' && inode.type !== 'symlink') continue;
    for (let page = 0; page < inode.numEntries; page += 1) {
      const content = contentOf[inode.arrayIndex + page] ?? 0;
      lengths[content] = bytesInPage(inode, page);
      if (inode.type === 'symlink') isTarget[content] = 1;
    }
  }
  const touches = new Float64Array(firstNode.length);
  const lineContent = contentsOfLines(volume, trace, contentOf);
  trace.lines.forEach(({ count }, i) => {
    const content = lineContent[i] ?? 0;
    touches[content] = (touches[content] ?? 0) + count;
  });
  const touched = Array.from(new Set(lineContent)).sort((a, b) => a - b);
  return {
    ...{ nodes, contentOf, lengths, isTarget, lineContent, touched, touches },
    firstNode: Int32Array.from(firstNode),
  };
}

/** Nodes behind the last one, which end the tables. */
const SENTINEL_NODES = 3;
/** Values of `node_type`. */
const NODE_TYPES = 3;

function contentsOfLines(volume: AxfsVolume, trace: Trace, contentOf: Int32Array): Int32Array {
  const inodes = new Map<ByteString, Inode>();
  return Int32Array.from(trace.lines, ({ path, page, line }) => {
    let inode = inodes.get(path);
    if (inode === undefined) inodes.set(path, (inode = fileAt(volume, path, trace, line)));
    if (page >= inode.numEntries)
      throw new AxfsError(
        'EINVAL',
        `${trace.name}:${String(line)}: ${toPrintable(path)}: page ${String(page)} is touched, but the file has ${String(inode.numEntries)}: was the trace made with another tree?`,
      );
    return contentOf[inode.arrayIndex + page] ?? 0;
  });
}

/** The file at a path of the trace, symlinks followed. */
function fileAt(volume: AxfsVolume, path: ByteString, trace: Trace, line: number): Inode {
  const where = `${trace.name}:${String(line)}: `;
  let inode: Inode;
  try {
    inode = volume.resolve(path);
  } catch (error) {
    if (error instanceof AxfsError) throw new AxfsError(error.code, `${where}${error.message}`);
    throw error;
  }
  if (inode.type !== 'file')
    throw new AxfsError(
      'EINVAL',
      `${where}${toPrintable(path)}: is a ${inode.type}, expected a regular file`,
    );
  return inode;
}

/** The page list that puts these contents into the XIP region: every page of the tree that has one of them. */
export function profileOfContents(
  volume: AxfsVolume,
  { contentOf, touches }: TreePages,
  inPlace: Uint8Array,
): PageProfile {
  const entries: { path: ByteString; offset: number; count: number }[] = [];
  for (const { path, inode } of volume.walk()) {
    if (inode.type !== 'file') continue;
    for (let page = 0; page < inode.numEntries; page += 1) {
      const content = contentOf[inode.arrayIndex + page] ?? 0;
      if (inPlace[content] === 1)
        entries.push({ path, offset: page * PAGE_SIZE, count: touches[content] ?? 0 });
    }
  }
  return profileOf(entries);
}
