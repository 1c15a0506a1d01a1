/**
 * What a command of the language is.
 *
 * @module
 */
import type { MmStruct } from '../mm/mm.ts';
import type { Arguments } from './arguments.ts';
import type { LabWorld } from './world.ts';

/** An operation of a task. */
export interface Command {
  /** How it is written. */
  readonly usage: string;
  /** What it does, one sentence. */
  readonly summary: string;
  /**
   * Does it. The first call reads all words (so that mistakes are found before anything happens) and gives the
   * deed.
   *
   * @throws ColumnError for words that cannot be.
   */
  readonly prepare: (args: Arguments, world: LabWorld, mm: MmStruct) => () => DeedResult;
}

/** What a deed gives: the operation's own result; faults are counted by whoever runs it. */
export type DeedResult = string | number;
