/**
 * Where writing to a path leads: a symlink at its end is followed, one to another and also one to a file that
 * is not there yet, as open(2) does it.
 *
 * @module
 */
import { byteStringOf, toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';

/** How a machine looks at its symlinks. */
export interface Links {
  /** Absolute path without symlinks of something that is there. */
  realpath(path: ByteString): ByteString;
  /** What a symlink holds; `undefined` where nothing is, or something else. */
  target(path: ByteString): ByteString | undefined;
}

/** As Linux: longer chains are loops. */
const LINKS_MAX = 40;
/** Names that end a path at a directory. */
const DIRECTORY_NAMES: ReadonlySet<string> = new Set(['', '.', '..']);

/**
 * Absolute path without symlinks of the file that is at `path`, or would be made there.
 *
 * @throws AxfsError ELOOP for symlinks in a circle; what `links` throws, as for a directory that is missing.
 */
export function landingOf(links: Links, path: ByteString): ByteString {
  let next = path;
  for (let followed = 0; followed <= LINKS_MAX; followed += 1) {
    const slash = next.lastIndexOf('/') + 1;
    const name = next.slice(slash);
    if (DIRECTORY_NAMES.has(name)) return links.realpath(next);
    const folder = links.realpath(byteStringOf(slash === 0 ? '.' : next.slice(0, slash)));
    const below = folder === '/' ? '/' : `${folder}/`;
    const place = byteStringOf(below + name);
    const target = links.target(place);
    if (target === undefined) return place;
    next = target.startsWith('/') ? target : byteStringOf(below + target);
  }
  throw new AxfsError(
    'ELOOP',
    `cannot resolve ${toPrintable(path)}: more than ${String(LINKS_MAX)} symlinks, expected a file`,
  );
}
