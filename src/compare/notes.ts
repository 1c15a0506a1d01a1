/**
 * What a reader of a comparison has to know beside its numbers: where they come from on this part.
 *
 * @module
 */
import { PAGE_SIZE } from '../base/units.ts';
import { breakEven } from '../cost/break-even.ts';
import type { BreakEven } from '../cost/break-even.ts';
import type { DesignResult } from '../cost/comparison.ts';
import type { PriceList } from '../cost/params.ts';
import type { MtdPart } from '../mtd/part.ts';

/** Names listed in a note before it only counts. */
const NAMES_SHOWN = 6;

const named = (names: readonly string[]): string =>
  names.length <= NAMES_SHOWN
    ? names.join(', ')
    : `${names.slice(0, NAMES_SHOWN).join(', ')} and ${String(names.length - NAMES_SHOWN)} more`;

/** Notes on designs that ran on `part`, a sentence each. */
export function notesOf({
  part,
  second,
  designs,
}: {
  readonly part: MtdPart;
  readonly second: MtdPart | undefined;
  readonly designs: readonly DesignResult[];
}): readonly string[] {
  const notes: string[] = [];
  const inPlace = designs.filter(({ xipPages }) => xipPages > 0);
  if (!part.mapped && inPlace.length > 0)
    notes.push(
      `${part.name} has no window that the CPU could run from: it is mounted as a block device, and the XIP region of ${named(inPlace.map(({ design }) => design))} is copied to RAM at mount; those pages count as RAM (meta), and nothing is executed in place.`,
    );
  const cut = designs.filter(({ point }) => point?.split === true);
  if (cut.length > 0)
    notes.push(
      second === undefined
        ? `${named(cut.map(({ design }) => design))}: laid out for two parts, but all of it is on ${part.name}.`
        : `${named(cut.map(({ design }) => design))}: what runs in place is on ${part.name}, the rest on ${second.name} (${second.title}); the flash column is the sum of both.`,
    );
  return notes;
}

/** Where execution in place tips over, for pages as this tree has them: one cblock a page. */
export function balanceOf(
  part: MtdPart,
  prices: PriceList,
  designs: readonly DesignResult[],
): BreakEven | undefined {
  const pageWise = designs.find(
    ({ xipPages, point }) => xipPages === 0 && (point?.cblockSize ?? PAGE_SIZE) === PAGE_SIZE,
  );
  const { cblocks, storedBytes } = pageWise?.ledger.inflate ?? { cblocks: 0, storedBytes: 0 };
  return part.mapped && prices.unit === 'ns' && cblocks > 0
    ? breakEven(prices, storedBytes / cblocks)
    : undefined;
}
