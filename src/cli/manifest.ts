/**
 * `axfs manifest`: every inode of an image with the hash of its contents, as JSON. The schema is that of
 * the reference manifests: `{ tree, entries: [{ path, type, mode, uid, gid, size, sha256, linkTarget, rdev,
 * rdevRaw, error }] }`, `.` for the root, mode as octal st_mode; names and targets that are not UTF-8 come with
 * surrogate escapes and, exactly, as `pathHex` and `linkTargetHex`.
 *
 * @module
 */
import { toHex } from '../base/bytes.ts';
import { isUtf8, toBytes, toText } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import type { AxfsError } from '../base/errno.ts';
import { PAGE_SIZE } from '../base/units.ts';
import type { Inode } from '../fs/inode.ts';
import type { AxfsVolume, DamageSink, WalkEntry } from '../fs/volume.ts';
import type { Host } from '../host/host.ts';
import { encodeRdev } from '../ondisk/mode.ts';
import { unlessDamaged } from './damage.ts';
import { checkBytes, contentKey } from './max-bytes.ts';
import { jsonList } from './pieces.ts';

/** One inode. Optional fields are present where the type has them. */
export interface ManifestEntry {
  readonly path: string;
  readonly pathHex?: string;
  readonly type: string;
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  readonly size?: number;
  readonly sha256?: string;
  readonly linkTarget?: string;
  readonly linkTargetHex?: string;
  readonly rdev?: readonly [major: number, minor: number];
  readonly rdevRaw?: number;
  /** What is wrong with contents or target, which are missing then. */
  readonly error?: string;
}

/** A whole manifest. */
export interface Manifest {
  readonly tree: string;
  readonly entries: readonly ManifestEntry[];
}

/** Bytes read at a time while hashing: a whole number of pages. */
const HASH_CHUNK = 64 * PAGE_SIZE;

function sha256Of(volume: AxfsVolume, inode: Inode, host: Host, chunk: Uint8Array): string {
  const hash = host.sha256();
  for (let offset = 0; offset < inode.size;) {
    const count = volume.read(inode, offset, chunk);
    hash.update(chunk.subarray(0, count));
    offset += count;
  }
  return hash.hex();
}

const textWithHex = <K extends 'path' | 'linkTarget'>(
  key: K,
  value: ByteString,
): Partial<ManifestEntry> & Record<K, string> =>
  ({
    [key]: toText(value),
    ...(isUtf8(value) ? {} : { [`${key}Hex`]: toHex(toBytes(value)) }),
  }) as Partial<ManifestEntry> & Record<K, string>;

const hasContents = ({ type }: Inode): boolean => type === 'file' || type === 'symlink';

/**
 * An entry without the hash of its contents.
 *
 * @throws AxfsError EIO when a link is damaged; with `damaged`, that is told there, and in the entry.
 */
export function metadataEntry(
  volume: AxfsVolume,
  { path, inode }: WalkEntry,
  damaged?: DamageSink,
): ManifestEntry {
  const target = (): Partial<ManifestEntry> =>
    inode.type === 'symlink' ? textWithHex('linkTarget', volume.readlink(inode)) : {};
  return {
    ...textWithHex('path', path),
    type: inode.type,
    mode: `0${inode.mode.toString(8)}`,
    uid: inode.uid,
    gid: inode.gid,
    ...(hasContents(inode) ? { size: inode.size } : {}),
    ...unlessDamaged(target, tellOf({ path, inode }, damaged), ({ message }) => ({
      error: message,
    })),
    ...(inode.rdev === undefined
      ? {}
      : { rdev: [inode.rdev.major, inode.rdev.minor], rdevRaw: encodeRdev(inode.rdev) }),
  };
}

/** A sink for one entry. */
const tellOf = (
  { path, inode }: WalkEntry,
  damaged: DamageSink | undefined,
): ((error: AxfsError) => void) | undefined =>
  damaged === undefined
    ? undefined
    : (error) => {
        damaged(error, inode.number, path);
      };

/** How a manifest is made. */
export interface ManifestOptions {
  /** Most bytes of contents to read; by default as {@link checkBytes}. */
  readonly maxBytes?: number | undefined;
  /** Told what is damaged; entries without a readable inode are left out, others say so. */
  readonly damaged?: DamageSink;
}

/** Refuses when different contents come to too much. */
function checkContents(
  volume: AxfsVolume,
  maxBytes: number | undefined,
  damaged?: DamageSink,
): void {
  const known = new Set<string>();
  let bytes = 0;
  for (const { inode } of volume.walk(damaged)) {
    const key = contentKey(inode);
    if (!hasContents(inode) || known.has(key)) continue;
    known.add(key);
    bytes += inode.size;
  }
  checkBytes([volume], bytes, maxBytes);
}

/**
 * Entries of the image, each directory before its children, children by name. Contents that files share are
 * read once.
 *
 * @throws AxfsError EIO when the image is damaged and nobody is told, EFBIG when there is more to read.
 */
export function* manifestEntries(
  volume: AxfsVolume,
  host: Host,
  { maxBytes, damaged }: ManifestOptions = {},
): Generator<ManifestEntry> {
  checkContents(volume, maxBytes, damaged);
  const hashes = new Map<string, string>();
  const chunk = new Uint8Array(HASH_CHUNK);
  const hashOf = (inode: Inode): string => {
    const key = contentKey(inode);
    const sha256 = hashes.get(key) ?? sha256Of(volume, inode, host, chunk);
    hashes.set(key, sha256);
    return sha256;
  };
  // What is damaged in the walk itself has been told.
  const told = damaged === undefined ? undefined : (): void => undefined;
  for (const found of volume.walk(told)) {
    const entry = metadataEntry(volume, found, damaged);
    if (!hasContents(found.inode) || entry.error !== undefined) {
      yield entry;
      continue;
    }
    const content = unlessDamaged<Partial<ManifestEntry>>(
      () => ({ sha256: hashOf(found.inode) }),
      tellOf(found, damaged),
      ({ message }) => ({ error: message }),
    );
    yield { ...entry, ...content };
  }
}

/** The whole manifest in memory. @throws AxfsError as {@link manifestEntries}. */
export const manifestOf = (
  volume: AxfsVolume,
  host: Host,
  options?: ManifestOptions,
): Manifest => ({
  tree: volume.name,
  entries: [...manifestEntries(volume, host, options)],
});

/** The manifest as JSON, piece by piece. @throws AxfsError as {@link manifestEntries}. */
export function* manifestJson(
  volume: AxfsVolume,
  host: Host,
  options?: ManifestOptions,
): Generator<string> {
  // The first entry comes when nothing speaks against the others.
  const entries = jsonList(manifestEntries(volume, host, options), '  ');
  const first = entries.next();
  yield `{\n  "tree": ${JSON.stringify(volume.name)},\n  "entries": `;
  if (first.done !== true) yield first.value;
  yield* entries;
  yield '\n}\n';
}
