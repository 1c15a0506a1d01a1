/**
 * Address spaces as `perf record` saw them: what was mapped where, and where an address leads to. Unmapping is
 * not recorded; a later mapping hides an earlier one.
 *
 * @module
 */
import { PAGE_SIZE } from '../../base/units.ts';
import type { PerfMap } from './perf-lines.ts';

/** One process's mappings. */
export class PerfAddressSpace {
  /** The newest last. */
  #maps: PerfMap[] = [];

  add(map: PerfMap): void {
    const end = map.start + map.length;
    this.#maps = this.#maps.filter(
      ({ start, length }) => start < map.start || start + length > end,
    );
    this.#maps.push(map);
  }

  /** The mapping that holds `address`. */
  find(address: number): PerfMap | undefined {
    return this.#maps.findLast(({ start, length }) => address >= start && address < start + length);
  }

  clone(): PerfAddressSpace {
    const copy = new PerfAddressSpace();
    copy.#maps = [...this.#maps];
    return copy;
  }
}

/** Page of the mapped file at `address`. */
export const pageAt = ({ start, offset }: PerfMap, address: number): number =>
  Math.floor((address - start + offset) / PAGE_SIZE);

/** The mapping is of a file with a path, not of memory that perf gives a name. */
export const isFile = ({ path }: PerfMap): boolean => /^\/(?!\/|dev\/zero|memfd:|SYSV)/.test(path);
