/**
 * `axfs manifest`: every inode of an image with the hash of its contents, as JSON. The schema is that of
 * the reference manifests: `{ tree, entries: [{ path, type, mode, uid, gid, size, sha256, linkTarget, rdev,
 * rdevRaw }] }`, `.` for the root, mode as octal st_mode; names and targets that are not UTF-8 come with
 * surrogate escapes and, exactly, as `pathHex` and `linkTargetHex`.
 *
 * @module
 */
import { toHex } from '../base/bytes.ts';
import { isUtf8, toBytes, toText } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { PAGE_SIZE } from '../base/units.ts';
import type { Inode } from '../fs/inode.ts';
import type { AxfsVolume } from '../fs/volume.ts';
import type { Host } from '../host/host.ts';
import { encodeRdev } from '../ondisk/mode.ts';
import { checkBytes, contentKey } from './max-bytes.ts';

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

/** An entry without the hash of its contents. @throws AxfsError EIO when a link is damaged. */
export function metadataEntry(volume: AxfsVolume, path: ByteString, inode: Inode): ManifestEntry {
  return {
    ...textWithHex('path', path),
    type: inode.type,
    mode: `0${inode.mode.toString(8)}`,
    uid: inode.uid,
    gid: inode.gid,
    ...(hasContents(inode) ? { size: inode.size } : {}),
    ...(inode.type === 'symlink' ? textWithHex('linkTarget', volume.readlink(inode)) : {}),
    ...(inode.rdev === undefined
      ? {}
      : { rdev: [inode.rdev.major, inode.rdev.minor], rdevRaw: encodeRdev(inode.rdev) }),
  };
}

/**
 * Entries of the image, each directory before its children, children by name. Contents that files share are
 * read once.
 *
 * @param maxBytes most bytes of contents to read; by default as {@link checkBytes}.
 * @throws AxfsError EIO when the image is damaged, EFBIG when there is more to read.
 */
export function manifestOf(volume: AxfsVolume, host: Host, maxBytes?: number): Manifest {
  const found = [...volume.walk()];
  const contents = new Map<string, Inode>();
  for (const { inode } of found) if (hasContents(inode)) contents.set(contentKey(inode), inode);
  const bytes = [...contents.values()].reduce((sum, { size }) => sum + size, 0);
  checkBytes([volume], bytes, maxBytes);
  const hashes = new Map<string, string>();
  const chunk = new Uint8Array(HASH_CHUNK);
  const entries = found.map(({ path, inode }): ManifestEntry => {
    const entry = metadataEntry(volume, path, inode);
    if (!hasContents(inode)) return entry;
    const key = contentKey(inode);
    const sha256 = hashes.get(key) ?? sha256Of(volume, inode, host, chunk);
    hashes.set(key, sha256);
    return { ...entry, sha256 };
  });
  return { tree: volume.name, entries };
}
