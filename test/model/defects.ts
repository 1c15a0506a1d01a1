/**
 * Defects that a comparison of the models has to find: each is a small change of src/mm, as somebody could make
 * it by mistake. The tables say where, by the exact text, so that a change of the source there has to be
 * followed here.
 *
 * @module
 */
import type { Preset } from './contract.ts';
import { DEFECTS_A_TO_L } from './defects-a-to-l.ts';
import { DEFECTS_M_TO_Z } from './defects-m-to-z.ts';
import { DEFECTS_OF_PRESETS } from './defects-of-presets.ts';

/** A change of one place. */
export interface Defect {
  /** What goes wrong. */
  readonly name: string;
  /** In src/mm. */
  readonly file: string;
  /** Text that the file has once, and what stands there instead. */
  readonly find: string;
  readonly replace: string;
  /** The kernel to look at first: the others do not show it, or seldom. */
  readonly preset?: Preset;
}

export const DEFECTS: readonly Defect[] = [
  ...DEFECTS_A_TO_L,
  ...DEFECTS_M_TO_Z,
  ...DEFECTS_OF_PRESETS,
];
