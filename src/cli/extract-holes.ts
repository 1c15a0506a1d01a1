/**
 * Extracted files get holes where they have pages of zeros: an image holds those almost for nothing, and so
 * should the disk.
 *
 * @module
 */
import { bytesEqual } from '../base/bytes.ts';
import { PAGE_SIZE } from '../base/units.ts';
import type { NewTreeFile } from '../host/host.ts';

const ZERO_PAGE = new Uint8Array(PAGE_SIZE);

/**
 * Gives `bytes` to `file`, whole pages of zeros as holes.
 *
 * @param bytes what comes next in the file, from a page boundary on.
 */
export function writeWithHoles(file: Pick<NewTreeFile, 'write' | 'skip'>, bytes: Uint8Array): void {
  const isHole = (at: number): boolean => bytesEqual(bytes.subarray(at, at + PAGE_SIZE), ZERO_PAGE);
  for (let from = 0; from < bytes.length;) {
    const hole = isHole(from);
    let end = from + PAGE_SIZE;
    while (end < bytes.length && isHole(end) === hole) end += PAGE_SIZE;
    if (hole) file.skip(end - from);
    else file.write(bytes.subarray(from, end));
    from = end;
  }
}
