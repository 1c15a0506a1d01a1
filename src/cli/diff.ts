/**
 * `axfs diff`: two images compared by their files, by how the pages of these are stored, and by regions.
 *
 * @module
 */
import { bytesEqual, toHex } from '../base/bytes.ts';
import { toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import type { AxfsError } from '../base/errno.ts';
import { PAGE_SIZE } from '../base/units.ts';
import type { Inode } from '../fs/inode.ts';
import type { RegionBytes } from '../fs/regions.ts';
import type { AxfsVolume, DamageSink } from '../fs/volume.ts';
import { permissionsOf } from '../ondisk/mode.ts';
import { REGIONS } from '../ondisk/regions.ts';
import type { RegionName } from '../ondisk/regions.ts';
import { SUPER_FIELDS } from '../ondisk/superblock.ts';
import { unlessDamaged } from './damage.ts';
import { ContentComparer, MoveCounter, NO_DIFFERENCE } from './diff-contents.ts';
import type { InodePair, PageMove } from './diff-contents.ts';
import { checkBytes } from './max-bytes.ts';

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
  /** Nothing differs, and nothing is damaged. */
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

/** How images are compared. */
export interface DiffOptions {
  /** Most bytes of contents to compare; by default as {@link checkBytes}. */
  readonly maxBytes?: number | undefined;
  /** Told of damage with the path; what is damaged is left out. */
  readonly damaged?: (path: ByteString, error: AxfsError) => void;
}

/**
 * Compares the images. Contents that several pairs of files share are compared once.
 *
 * @throws AxfsError EIO when one of them is damaged and nobody is told, EFBIG when there is more to compare.
 */
export function diffImages(
  a: AxfsVolume,
  b: AxfsVolume,
  { maxBytes, damaged }: DiffOptions = {},
): ImageDifference {
  let damages = 0;
  const tell =
    damaged === undefined
      ? undefined
      : (path: ByteString, error: AxfsError): void => {
          damages += 1;
          damaged(path, error);
        };
  const [inA, inB] = [byPath(a, tell), byPath(b, tell)];
  const missingIn = (
    other: ReadonlyMap<ByteString, Inode>,
    own: ReadonlyMap<ByteString, Inode>,
  ): readonly string[] => [...own.keys()].filter((path) => !other.has(path)).map(toPrintable);
  const changed: ChangedFile[] = [];
  const files: ImageDifference['placement']['files'][number][] = [];
  const totals = new MoveCounter();
  const pairs = [...inA].flatMap(([path, inode]) => {
    const other = inB.get(path);
    return other === undefined ? [] : [{ path, a: inode, b: other }];
  });
  const contents = new ContentComparer(a, b);
  checkBytes([a, b], contents.bytesOf(pairs), maxBytes);
  for (const { path, ...pair } of pairs) {
    const { differs, moves } = unlessDamaged(
      () => contents.compare(pair),
      tell &&
        ((error) => {
          tell(path, error);
        }),
      () => NO_DIFFERENCE,
    );
    const file = { path: toPrintable(path), metadata: changedFields(pair), content: differs };
    if (file.metadata.length > 0 || file.content) changed.push(file);
    totals.addAll(moves);
    if (moves.length > 0) files.push({ path: file.path, moves });
  }
  const differences = {
    files: { added: missingIn(inA, inB), removed: missingIn(inB, inA), changed },
    placement: { files, totals: totals.moves },
    superblock: superblockChanges(a, b),
    regions: REGIONS.map(({ name }) => compareRegions(name, a, b)),
  };
  const { added, removed } = differences.files;
  const equal =
    damages === 0 &&
    [added, removed, changed, files, differences.superblock].every(({ length }) => length === 0) &&
    differences.regions.every(({ differs }) => !differs);
  return { a: a.name, b: b.name, equal, ...differences };
}

/** Inodes by path. Paths below `damaged` are missing in one image, and hence told as a difference, too. */
function byPath(volume: AxfsVolume, damaged: DiffOptions['damaged']): Map<ByteString, Inode> {
  const found = new Map<ByteString, Inode>();
  const sink: DamageSink | undefined =
    damaged &&
    ((error, _inode, path) => {
      damaged(path, error);
    });
  for (const { path, inode } of volume.walk(sink)) found.set(path, inode);
  return found;
}

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

const changedFields = ({ a, b }: InodePair): readonly FieldChange[] =>
  FIELDS.map(({ field, text }) => ({ field, a: text(a), b: text(b) })).filter(
    (change) => change.a !== change.b,
  );

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
