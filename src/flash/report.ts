/**
 * What flashing an image did: counts only. A tally goes on over restarts, so that a report after a power loss
 * holds what was done before it, too.
 *
 * @module
 */

/** Counts, added to while an image is written. */
export interface WriteTally {
  /** Blocks that held the right bytes already, and were left alone. */
  blocksKept: number;
  /** Blocks that were blank, and so were programmed without an erase. */
  blocksBlank: number;
  /** Blocks programmed, each time counted. */
  blocksProgrammed: number;
  /** Erase commands by the bytes that each erases. */
  readonly erases: Map<number, number>;
  /** Erases of each block, by its offset: wear. */
  readonly wear: Map<number, number>;
  /** Program units given to the device, their bytes, and units left out because they are all ones. */
  programs: number;
  programmedBytes: number;
  blankUnits: number;
  /** Blocks begun anew because an erase or a program failed, or the bytes read back wrong. */
  retries: number;
  /** Blocks written anew because ECC had much to put right. */
  refreshed: number;
  /** Offsets of blocks marked bad on the way. */
  readonly markedBad: number[];
}

/** What flashing ended with. */
export interface WriteReport {
  /** Bytes of the image. */
  readonly bytes: number;
  /** Erase blocks that hold it. */
  readonly blocks: number;
  /** Offsets of bad blocks passed over, with those marked on the way. */
  readonly badBlocks: readonly number[];
  /** Offset of the byte behind the last block used. */
  readonly end: number;
  readonly tally: Readonly<WriteTally>;
  /**
   * `right`: every byte reads back; `worn`: so it does, but in blocks at `wornBlocks` ECC has much to put right
   * even when they are written anew; `off`: nobody looked.
   */
  readonly verify: 'right' | 'worn' | 'off';
  readonly wornBlocks: readonly number[];
}

/** Nothing done yet. */
export const newTally = (): WriteTally => ({
  blocksKept: 0,
  blocksBlank: 0,
  blocksProgrammed: 0,
  erases: new Map(),
  wear: new Map(),
  programs: 0,
  programmedBytes: 0,
  blankUnits: 0,
  retries: 0,
  refreshed: 0,
  markedBad: [],
});

/** Adds 1 to the count of `key`. */
export const countOne = (counts: Map<number, number>, key: number): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1);
};

/** Erases of the block that had the most, and of all together. */
export function wearOf({ wear }: Readonly<WriteTally>): {
  readonly max: number;
  readonly sum: number;
} {
  let [max, sum] = [0, 0];
  for (const erases of wear.values()) {
    max = Math.max(max, erases);
    sum += erases;
  }
  return { max, sum };
}
