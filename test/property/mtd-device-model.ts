import type { Errno } from '../../src/base/errno.ts';
import type { MtdInfo } from '../../src/mtd/device.ts';

/** What an operation of the model answers: nothing, or why not. */
export type Verdict = 'ok' | Errno;

interface PageState {
  programs: number;
  readonly subpages: Set<number>;
}

/**
 * A device as its rules have it, in plain arrays: bytes with erase semantics, pages in order, spare areas,
 * marks. `borders`: where it is put together, so that what comes before one is done when the rest fails.
 */
export class DeviceModel {
  readonly info: MtdInfo;
  readonly bytes: Uint8Array;
  readonly spare: Uint8Array;
  readonly #borders: readonly number[];
  readonly #pages = new Map<number, PageState>();

  constructor(info: MtdInfo, bytes: Uint8Array, borders: readonly number[]) {
    this.info = info;
    this.bytes = bytes;
    this.spare = new Uint8Array((info.size / info.writesize) * info.oobsize).fill(0xff);
    this.#borders = borders;
  }

  write(to: number, bytes: Uint8Array): Verdict {
    const unit = this.info.type === 'nand' ? this.info.subpageSize : this.info.writesize;
    if (!this.info.flags.includes('writeable')) return 'EROFS';
    if (to % unit !== 0 || bytes.length % unit !== 0) return 'EINVAL';
    for (const [start, end] of this.#split(to, to + bytes.length)) {
      const verdict = this.#writePiece(start, bytes.subarray(start - to, end - to));
      if (verdict !== 'ok') return verdict;
    }
    return 'ok';
  }

  erase(from: number, length: number): Verdict {
    if (!this.info.flags.includes('writeable')) return 'EROFS';
    if (length === 0) return 'ok';
    const borders = this.blockStarts();
    if (!borders.includes(from) || !borders.includes(from + length)) return 'EINVAL';
    for (const [start, end] of this.#split(from, from + length)) {
      const blocks = borders.filter((at) => at >= start && at < end);
      if (blocks.some((at) => this.isBad(at))) return 'EIO';
      this.bytes.fill(0xff, start, end);
      const { writesize, oobsize } = this.info;
      this.spare.fill(0xff, (start / writesize) * oobsize, (end / writesize) * oobsize);
      for (let page = start / writesize; page < end / writesize; page += 1)
        this.#pages.delete(page);
    }
    return 'ok';
  }

  writeSpare(offset: number, bytes: Uint8Array): Verdict {
    const { oobsize, writesize, flags } = this.info;
    if (oobsize === 0) return 'EOPNOTSUPP';
    if (offset % writesize !== 0 || bytes.length > oobsize) return 'EINVAL';
    if (!flags.includes('writeable')) return 'EROFS';
    const place = (offset / writesize) * oobsize;
    if (bytes.some((byte, i) => setsBits(this.spare[place + i]!, byte))) return 'EIO';
    bytes.forEach((byte, i) => (this.spare[place + i]! &= byte));
    return 'ok';
  }

  isBad(offset: number): boolean {
    const { erasesize, writesize, oobsize } = this.info;
    if (oobsize === 0) return false;
    const block = Math.floor(offset / erasesize) * erasesize;
    return this.spare[(block / writesize) * oobsize] !== 0xff;
  }

  markBad(offset: number): Verdict {
    const { oobsize, writesize, erasesize, flags } = this.info;
    if (oobsize === 0) return 'EOPNOTSUPP';
    if (!flags.includes('writeable')) return 'EROFS';
    const block = Math.floor(offset / erasesize) * erasesize;
    if (!this.isBad(block)) this.spare[(block / writesize) * oobsize] = 0;
    return 'ok';
  }

  get isPutTogether(): boolean {
    return this.#borders.length > 0;
  }

  /** Some of the range is on one side of a border and some on the other. */
  crosses(from: number, length: number): boolean {
    return this.#borders.some((at) => at > from && at < from + length);
  }

  /** Every offset where a block starts, and the end of the last. */
  blockStarts(): number[] {
    return [
      ...this.info.eraseRegions.flatMap(({ offset, erasesize, blocks }) =>
        Array.from({ length: blocks }, (_, i) => offset + i * erasesize),
      ),
      this.info.size,
    ];
  }

  #writePiece(to: number, bytes: Uint8Array): Verdict {
    const { flags, type } = this.info;
    if (flags.includes('no_erase')) {
      this.bytes.set(bytes, to);
      return 'ok';
    }
    if (type === 'nand') {
      const verdict = this.#programPages(to, bytes.length);
      if (verdict !== 'ok') return verdict;
    } else if (
      bytes.some((byte, i) =>
        flags.includes('bit_writeable')
          ? setsBits(this.bytes[to + i]!, byte)
          : this.bytes[to + i] !== 0xff,
      )
    )
      return 'EIO';
    bytes.forEach((byte, i) => (this.bytes[to + i]! &= byte));
    return 'ok';
  }

  /** Two passes: nothing is programmed unless everything can be. */
  #programPages(to: number, length: number): Verdict {
    const { writesize, erasesize, subpageSize } = this.info;
    const perBlock = erasesize / writesize;
    const subpagesOf = new Map<number, number[]>();
    for (let at = to; at < to + length; at += subpageSize) {
      const page = Math.floor(at / writesize);
      subpagesOf.set(page, [...(subpagesOf.get(page) ?? []), (at % writesize) / subpageSize]);
    }
    for (const [page, subpages] of subpagesOf) {
      const end = (Math.floor(page / perBlock) + 1) * perBlock;
      for (let later = page + 1; later < end; later += 1)
        if (this.#pages.has(later)) return 'EINVAL';
      const state = this.#pages.get(page);
      if (state === undefined) continue;
      if (state.programs >= writesize / subpageSize) return 'EIO';
      if (subpages.some((one) => state.subpages.has(one))) return 'EIO';
    }
    for (const [page, subpages] of subpagesOf) {
      const state = this.#pages.get(page) ?? { programs: 0, subpages: new Set<number>() };
      state.programs += 1;
      for (const one of subpages) state.subpages.add(one);
      this.#pages.set(page, state);
    }
    return 'ok';
  }

  #split(start: number, end: number): [number, number][] {
    if (start === end) return [];
    const cuts = [start, ...this.#borders.filter((at) => at > start && at < end), end];
    return cuts.slice(1).map((cut, i) => [cuts[i]!, cut]);
  }
}

const setsBits = (was: number, wanted: number): boolean => (was & wanted) !== wanted;
