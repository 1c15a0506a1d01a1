/**
 * Which pages of a NAND block may be programmed: in ascending order, and a page in as many programs as it
 * has subpages, each of which takes one.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import { firstProgrammed } from './cell-bits.ts';
import type { FlashCells } from './cells.ts';
import type { MtdInfo } from './device.ts';

/** How far a block is programmed. */
interface BlockState {
  /** Last page programmed, from the start of the block; -1: none. */
  page: number;
  /** Subpages of it that are programmed, and programs it took. */
  readonly subpages: Set<number>;
  programs: number;
}

const erasedBlock = (): BlockState => ({ page: -1, subpages: new Set(), programs: 0 });

/** One page of a write: bytes `[offset, offset + length)` of the device. */
export interface PageProgram {
  readonly offset: number;
  readonly length: number;
}

/** The pages that a write of `[to, to + length)` programs. */
export function pagePrograms(info: MtdInfo, to: number, length: number): PageProgram[] {
  const programs: PageProgram[] = [];
  for (let offset = to; offset < to + length;) {
    const end = Math.min(to + length, offset + info.writesize - (offset % info.writesize));
    programs.push({ offset, length: end - offset });
    offset = end;
  }
  return programs;
}

/** The state of all blocks, found out when a block is first written to. */
export class NandBlocks {
  readonly #info: MtdInfo;
  readonly #cells: FlashCells;
  readonly #states = new Map<number, BlockState>();

  constructor(info: MtdInfo, cells: FlashCells) {
    this.#info = info;
    this.#cells = cells;
  }

  /**
   * Checks the pages of one write, without a change.
   *
   * @throws AxfsError EINVAL for a page below one that is programmed, EIO for a subpage that is, or a page
   * programmed as often as it has subpages.
   */
  check(programs: readonly PageProgram[]): void {
    for (const program of programs) {
      const state = this.#stateOf(program.offset);
      const page = this.#pageInBlock(program.offset);
      if (page > state.page) continue;
      const where = `${this.#info.name}: write at ${String(program.offset)}: page ${String(page)} of its block`;
      if (page < state.page)
        throw new AxfsError(
          'EINVAL',
          `${where} comes after page ${String(state.page)}, expected ascending order`,
        );
      if (state.programs >= this.#subpagesOfPage)
        throw new AxfsError(
          'EIO',
          `${where} has been programmed ${String(state.programs)} times, which is all that it takes before an erase`,
        );
      for (const subpage of this.#subpages(program))
        if (state.subpages.has(subpage))
          throw new AxfsError(
            'EIO',
            `${where}: subpage ${String(subpage)} is programmed already, expected an erased one`,
          );
    }
  }

  /** A page that {@link check} let pass is being programmed. */
  programmed(program: PageProgram): void {
    const state = this.#stateOf(program.offset);
    const page = this.#pageInBlock(program.offset);
    if (page > state.page) {
      state.page = page;
      state.programs = 0;
      state.subpages.clear();
    }
    state.programs += 1;
    for (const subpage of this.#subpages(program)) state.subpages.add(subpage);
  }

  /** The block at `offset` has been erased. */
  erased(offset: number): void {
    this.#states.set(this.#blockOf(offset), erasedBlock());
  }

  get #subpagesOfPage(): number {
    return this.#info.writesize / this.#info.subpageSize;
  }

  #blockOf(offset: number): number {
    return Math.floor(offset / this.#info.erasesize);
  }

  #pageInBlock(offset: number): number {
    return Math.floor((offset % this.#info.erasesize) / this.#info.writesize);
  }

  #subpages({ offset, length }: PageProgram): number[] {
    const { writesize, subpageSize } = this.#info;
    const first = Math.floor((offset % writesize) / subpageSize);
    return Array.from({ length: length / subpageSize }, (_, i) => first + i);
  }

  #stateOf(offset: number): BlockState {
    const block = this.#blockOf(offset);
    const known = this.#states.get(block);
    if (known !== undefined) return known;
    const state = this.#findState(block);
    this.#states.set(block, state);
    return state;
  }

  /** What the cells tell of a block that somebody else wrote: a subpage with a clear bit is programmed. */
  #findState(block: number): BlockState {
    const { erasesize, writesize, subpageSize } = this.#info;
    const state = erasedBlock();
    for (let page = erasesize / writesize - 1; page >= 0 && state.page < 0; page -= 1) {
      const bytes = this.#cells.view(block * erasesize + page * writesize, writesize);
      for (let subpage = 0; subpage < writesize / subpageSize; subpage += 1) {
        const start = subpage * subpageSize;
        if (firstProgrammed(bytes.subarray(start, start + subpageSize)) >= 0)
          state.subpages.add(subpage);
      }
      if (state.subpages.size > 0) state.page = page;
    }
    state.programs = state.subpages.size;
    return state;
  }
}
