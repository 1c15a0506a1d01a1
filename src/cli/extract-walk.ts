/**
 * A walk over a whole image that goes on where the image is damaged: what can be read is given, what cannot
 * is reported with its path.
 *
 * @module
 */
import type { ByteString } from '../base/bytestring.ts';
import { toPrintable } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import { preorder } from '../fs/volume.ts';
import type { AxfsVolume, WalkEntry } from '../fs/volume.ts';

/** Hears of something that cannot be extracted. `path` is as far as it is known. */
export type OnDamage = (path: ByteString, error: AxfsError) => void;

/**
 * Every inode once, directories before their children, children in table order. Of two children of the same
 * name the first is given.
 */
export function salvage(volume: AxfsVolume, onDamage: OnDamage): readonly WalkEntry[] {
  const claims = volume.newClaims();
  const childrenOf = function* (directory: WalkEntry): Generator<WalkEntry> {
    const names = new Set<ByteString>();
    const children = volume.children(directory, claims, (error, _inode, path) => {
      onDamage(path, error);
    });
    for (const { name, path, inode } of children) {
      if (names.has(name)) {
        const text = `a second '${toPrintable(name)}' in one directory, expected each name once`;
        const image = `${volume.name}: inode ${String(inode.number)}`;
        onDamage(path, new AxfsError('EIO', `${image}: ${text}`));
        continue;
      }
      names.add(name);
      yield { path, inode };
    }
  };
  return [...preorder({ path: '.' as ByteString, inode: volume.root }, childrenOf)];
}
