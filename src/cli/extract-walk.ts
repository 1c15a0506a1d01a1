/**
 * A walk over a whole image that goes on where the image is damaged: what can be read is given, what cannot
 * is reported with its path.
 *
 * @module
 */
import type { ByteString } from '../base/bytestring.ts';
import { toPrintable } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import { inodeNumber } from '../base/units.ts';
import type { InodeNumber } from '../base/units.ts';
import type { Inode } from '../fs/inode.ts';
import type { AxfsVolume, WalkEntry } from '../fs/volume.ts';

/** Linux' PATH_MAX without the NUL byte. A damaged image can nest directories far deeper than paths are long. */
const PATH_BYTES_MAX = 4095;

/** Hears of something that cannot be extracted. `path` is as far as it is known. */
export type OnDamage = (path: ByteString, error: AxfsError) => void;

/**
 * Every inode once, directories before their children, children in table order. Of two children of the same
 * name the first is given.
 */
export function salvage(volume: AxfsVolume, onDamage: OnDamage): readonly WalkEntry[] {
  const claimed = new Set<InodeNumber>();
  const found: WalkEntry[] = [];
  const pending: WalkEntry[] = [{ path: '.' as ByteString, inode: volume.root }];
  for (let entry = pending.pop(); entry !== undefined; entry = pending.pop()) {
    found.push(entry);
    if (entry.inode.type !== 'dir') continue;
    pending.push(...salvageChildren(volume, entry, claimed, onDamage).reverse());
  }
  return found;
}

function salvageChildren(
  volume: AxfsVolume,
  { path, inode }: WalkEntry,
  claimed: Set<InodeNumber>,
  onDamage: OnDamage,
): WalkEntry[] {
  const names = new Set<ByteString>();
  const children: WalkEntry[] = [];
  for (let i = 0; i < inode.numEntries; i += 1) {
    const number = inodeNumber(inode.arrayIndex + i);
    let at = path;
    try {
      const name = volume.inodes.name(number);
      at = (path === '.' ? name : `${path}/${name}`) as ByteString;
      checkChild(volume, { path: at, name, number }, names, claimed);
      names.add(name);
      claimed.add(number);
      children.push({ path: at, inode: volume.inodes.get(number) });
    } catch (error) {
      if (!(error instanceof AxfsError)) throw error;
      onDamage(at, error);
    }
  }
  return children;
}

interface Child {
  readonly path: ByteString;
  readonly name: ByteString;
  readonly number: Inode['number'];
}

function checkChild(
  { name: image }: AxfsVolume,
  { path, name, number }: Child,
  names: ReadonlySet<ByteString>,
  claimed: ReadonlySet<InodeNumber>,
): void {
  const refuse = (what: string): never => {
    throw new AxfsError('EIO', `${image}: inode ${String(number)}: ${what}`);
  };
  if (claimed.has(number)) refuse('it is a child of two directories, expected one');
  if (names.has(name))
    refuse(`a second '${toPrintable(name)}' in one directory, expected each name once`);
  if (path.length > PATH_BYTES_MAX)
    refuse(`its path has ${String(path.length)} bytes, expected at most ${String(PATH_BYTES_MAX)}`);
}
