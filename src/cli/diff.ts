/**
 * `axfs diff`: two images compared by their files, by how the pages of these are stored, and by regions.
 *
 * @module
 */
import { bytesEqual, toHex } from '../base/bytes.ts';
import { toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { PAGE_SIZE } from '../base/units.ts';
import type { Inode } from '../fs/inode.ts';
import type { RegionBytes } from '../fs/regions.ts';
import type { AxfsVolume } from '../fs/volume.ts';
import { NODE_TYPE_NAMES } from '../ondisk/constants.ts';
import type { NodeTypeName } from '../ondisk/constants.ts';
import { permissionsOf } from '../ondisk/mode.ts';
import { REGIONS } from '../ondisk/regions.ts';
import type { RegionName } from '../ondisk/regions.ts';
import { SUPER_FIELDS } from '../ondisk/superblock.ts';

/** Bytes compared at a time: a whole number of pages. */
const CHUNK = 64 * PAGE_SIZE;

/** A field that two images have differently, as text. */
export interface FieldChange {
  readonly field: string;
  readonly a: string;
  readonly b: string;
}

/** A file that both images have. */
export interface ChangedFile {
  readonly path: string;
  readonly metadata: readonly FieldChange[];
  /** Bytes or link target differ. */
  readonly content: boolean;
}

/** Pages that are stored one way in the first image and another way in the second. */
export interface PageMove {
  readonly from: NodeTypeName;
  readonly to: NodeTypeName;
  readonly pages: number;
}

/** A region in both images. */
export interface RegionDifference {
  readonly region: RegionName;
  readonly a: number;
  readonly b: number;
  readonly differs: boolean;
}

/** What is different. */
export interface ImageDifference {
  readonly a: string;
  readonly b: string;
  readonly equal: boolean;
  readonly files: {
    readonly added: readonly string[];
    readonly removed: readonly string[];
    readonly changed: readonly ChangedFile[];
  };
  readonly placement: {
    readonly files: readonly { readonly path: string; readonly moves: readonly PageMove[] }[];
    readonly totals: readonly PageMove[];
  };
  readonly superblock: readonly FieldChange[];
  /** All regions, sizes in bytes, expanded. */
  readonly regions: readonly RegionDifference[];
}

/** Compares the images. @throws AxfsError EIO when one of them is damaged. */
export function diffImages(a: AxfsVolume, b: AxfsVolume): ImageDifference {
  const [inA, inB] = [byPath(a), byPath(b)];
  const missingIn = (
    other: ReadonlyMap<ByteString, Inode>,
    own: ReadonlyMap<ByteString, Inode>,
  ): readonly string[] => [...own.keys()].filter((path) => !other.has(path)).map(toPrintable);
  const changed: ChangedFile[] = [];
  const files: ImageDifference['placement']['files'][number][] = [];
  const totals = new MoveCounter();
  for (const [path, inode] of inA) {
    const other = inB.get(path);
    if (other === undefined) continue;
    const file = changedFile(path, { volume: a, inode }, { volume: b, inode: other });
    if (file.metadata.length > 0 || file.content) changed.push(file);
    const moves = countMoves({ volume: a, inode }, { volume: b, inode: other });
    totals.addAll(moves);
    if (moves.length > 0) files.push({ path: toPrintable(path), moves });
  }
  const differences = {
    files: { added: missingIn(inA, inB), removed: missingIn(inB, inA), changed },
    placement: { files, totals: totals.moves },
    superblock: superblockChanges(a, b),
    regions: REGIONS.map(({ name }) => compareRegions(name, a, b)),
  };
  const { added, removed } = differences.files;
  const equal =
    [added, removed, changed, files, differences.superblock].every(({ length }) => length === 0) &&
    differences.regions.every(({ differs }) => !differs);
  return { a: a.name, b: b.name, equal, ...differences };
}

/** An inode and the image it is in. */
interface Side {
  readonly volume: AxfsVolume;
  readonly inode: Inode;
}

const byPath = (volume: AxfsVolume): ReadonlyMap<ByteString, Inode> =>
  new Map([...volume.walk()].map(({ path, inode }) => [path, inode]));

const hasContent = ({ inode: { type } }: Side): boolean => type === 'file' || type === 'symlink';

/** Fields that are compared, as they are shown. A directory's size means nothing. */
const FIELDS: readonly { readonly field: string; readonly text: (inode: Inode) => string }[] = [
  { field: 'type', text: ({ type }) => type },
  { field: 'mode', text: ({ mode }) => `0${permissionsOf(mode).toString(8)}` },
  { field: 'uid', text: ({ uid }) => String(uid) },
  { field: 'gid', text: ({ gid }) => String(gid) },
  { field: 'size', text: ({ type, size }) => (type === 'dir' ? '' : String(size)) },
  {
    field: 'device',
    text: ({ rdev }) => (rdev === undefined ? '' : `${String(rdev.major)}:${String(rdev.minor)}`),
  },
];

function changedFile(path: ByteString, a: Side, b: Side): ChangedFile {
  const isComparable = a.inode.type === b.inode.type && hasContent(a);
  return {
    path: toPrintable(path),
    metadata: FIELDS.map(({ field, text }) => ({
      field,
      a: text(a.inode),
      b: text(b.inode),
    })).filter((change) => change.a !== change.b),
    content: isComparable && (a.inode.size !== b.inode.size || !sameContent(a, b)),
  };
}

/** Contents of two files of the same size. */
function sameContent(a: Side, b: Side): boolean {
  const [chunkA, chunkB] = [new Uint8Array(CHUNK), new Uint8Array(CHUNK)];
  for (let offset = 0; offset < a.inode.size; offset += CHUNK) {
    const count = a.volume.read(a.inode, offset, chunkA);
    b.volume.read(b.inode, offset, chunkB);
    if (!bytesEqual(chunkA.subarray(0, count), chunkB.subarray(0, count))) return false;
  }
  return true;
}

/** Counts moves by where from and where to. */
class MoveCounter {
  readonly #counts = new Map<string, PageMove>();

  add(from: NodeTypeName, to: NodeTypeName, pages = 1): void {
    const key = `${from} ${to}`;
    const before = this.#counts.get(key)?.pages ?? 0;
    this.#counts.set(key, { from, to, pages: before + pages });
  }

  addAll(moves: readonly PageMove[]): void {
    for (const { from, to, pages } of moves) this.add(from, to, pages);
  }

  /** In the order of the node types. */
  get moves(): readonly PageMove[] {
    return NODE_TYPE_NAMES.flatMap((from) =>
      NODE_TYPE_NAMES.flatMap((to) => this.#counts.get(`${from} ${to}`) ?? []),
    );
  }
}

/** Pages of the same number that are stored in another way. */
function countMoves(a: Side, b: Side): readonly PageMove[] {
  const counter = new MoveCounter();
  if (!hasContent(a) || !hasContent(b)) return [];
  const typeOf = ({ volume, inode }: Side, page: number): NodeTypeName =>
    NODE_TYPE_NAMES[volume.nodes.type(inode.arrayIndex + page)] ?? 'xip';
  for (let page = 0; page < Math.min(a.inode.numEntries, b.inode.numEntries); page += 1) {
    const [from, to] = [typeOf(a, page), typeOf(b, page)];
    if (from !== to) counter.add(from, to);
  }
  return counter.moves;
}

function superblockChanges(a: AxfsVolume, b: AxfsVolume): readonly FieldChange[] {
  const [inA, inB] = [a.image.superblock, b.image.superblock];
  return [
    ...SUPER_FIELDS.map(({ key }) => ({ field: key, a: String(inA[key]), b: String(inB[key]) })),
    { field: 'digest', a: toHex(inA.digest), b: toHex(inB.digest) },
  ].filter((change) => change.a !== change.b);
}

function compareRegions(region: RegionName, a: AxfsVolume, b: AxfsVolume): RegionDifference {
  const [inA, inB] = [a.image.regions[region], b.image.regions[region]];
  const differs = inA.size !== inB.size || !sameRegion(inA, inB);
  return { region, a: inA.size, b: inB.size, differs };
}

/** Bytes of two regions of the same size. */
function sameRegion(a: RegionBytes, b: RegionBytes): boolean {
  for (let offset = 0; offset < a.size; offset += CHUNK) {
    const length = Math.min(CHUNK, a.size - offset);
    if (!bytesEqual(a.read(offset, length), b.read(offset, length))) return false;
  }
  return true;
}
