/**
 * A page profile from a trace: the pages that were touched and never written. A written page ends in RAM
 * anyway, so flash spent on it buys nothing.
 *
 * @module
 */
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import { PAGE_SIZE } from '../base/units.ts';
import type { AxfsVolume } from '../fs/volume.ts';
import { profileOf } from '../mkfs/profile.ts';
import type { PageProfile } from '../mkfs/profile.ts';
import type { Trace } from '../workload/trace.ts';

/**
 * The profile of `trace` on the tree that `volume` holds: paths with symlinks resolved, as the builder knows
 * the files; pages in ascending order, counts summed over the trace.
 *
 * @throws AxfsError ENOENT and others naming the trace, when a path of it is not in the tree.
 */
export function profileFromTrace(trace: Trace, volume: AxfsVolume): PageProfile {
  const pathOfInode = new Map<number, ByteString>();
  for (const { path, inode } of volume.walk()) pathOfInode.set(inode.number, path);
  const canonical = new Map<ByteString, ByteString>();
  const resolve = (path: ByteString): ByteString => {
    const known = canonical.get(path);
    if (known !== undefined) return known;
    const resolved = pathOfInode.get(inodeOf(trace, volume, path));
    if (resolved === undefined)
      throw new AxfsError('ENOENT', `${trace.name}: ${path}: not in the tree`);
    canonical.set(path, resolved);
    return resolved;
  };
  const counts = new Map<ByteString, Map<number, number>>();
  const written = new Set<string>();
  for (const line of trace.lines) {
    const path = resolve(line.path);
    if (line.accesses.includes('write')) written.add(`${String(line.page)}:${path}`);
    let pages = counts.get(path);
    if (pages === undefined) {
      pages = new Map<number, number>();
      counts.set(path, pages);
    }
    pages.set(line.page, (pages.get(line.page) ?? 0) + line.count);
  }
  return profileOf(
    [...counts].flatMap(([path, pages]) =>
      [...pages]
        .filter(([page]) => !written.has(`${String(page)}:${path}`))
        .sort(([a], [b]) => a - b)
        .map(([page, count]) => ({ path, offset: page * PAGE_SIZE, count })),
    ),
  );
}

function inodeOf(trace: Trace, volume: AxfsVolume, path: ByteString): number {
  try {
    return volume.resolve(path).number;
  } catch (error) {
    if (error instanceof AxfsError)
      throw new AxfsError(error.code, `${trace.name}: ${error.message}`);
    throw error;
  }
}
