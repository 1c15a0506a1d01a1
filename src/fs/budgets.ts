/**
 * What all regions of an image together may ask of a reader's memory. A small image can claim any amount: by
 * streams of zeros, and by tables that all stand in one place.
 *
 * @module
 */
import { REGIONS } from '../ondisk/regions.ts';
import type { RegionDescriptor, RegionName } from '../ondisk/regions.ts';

/** Descriptors that are known. */
type Described = Readonly<Partial<Record<RegionName, RegionDescriptor>>>;

/** More than may be asked for. */
export interface Excess {
  readonly bytes: number;
  readonly most: number;
}

/** Regions that are read by entry or by name, and hence held. */
const HELD: readonly RegionName[] = REGIONS.flatMap(({ name, kind }) =>
  kind === 'table' || name === 'strings' ? [name] : [],
);
/** Bytes of strings and tables that a reader holds. */
const MAX_HELD = 2 ** 27;

/**
 * Bytes that compressed regions may expand to: any amount up to the first, {@link MAX_RATIO} times what is
 * stored up to the second. Names and tables of real trees shrink to a tenth, rarely to a thirtieth; some
 * kilobytes that claim millions of files are no real tree.
 */
const EXPANDED_FREE = 2 ** 23;
const MAX_EXPANDED = 2 ** 27;
const MAX_RATIO = 64;

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

function expandedExcess(described: Described): Excess | undefined {
  const compressed = Object.values(described).filter(
    ({ size, compressedSize }) => compressedSize > 0 && size > 0,
  );
  const bytes = sum(compressed.map(({ size }) => size));
  const stored = sum(compressed.map(({ compressedSize }) => compressedSize));
  const most = Math.min(MAX_EXPANDED, Math.max(EXPANDED_FREE, MAX_RATIO * stored));
  return bytes > most ? { bytes, most } : undefined;
}

function heldExcess(described: Described): Excess | undefined {
  // Plain regions that stand in one place are held once.
  const places = new Map<string, number>();
  for (const name of HELD) {
    const { fsoffset, size, compressedSize } = described[name] ?? { size: 0, compressedSize: 0 };
    places.set(compressedSize > 0 ? name : `${String(fsoffset)} ${String(size)}`, size);
  }
  const bytes = sum([...places.values()]);
  return bytes > MAX_HELD ? { bytes, most: MAX_HELD } : undefined;
}

/** One row a limit: what is limited, the rule of a check that it breaks, and the regions that it is about. */
export const BUDGETS = [
  {
    rule: 'expansion',
    what: 'compressed regions claim to expand',
    excessOf: expandedExcess,
    isOf: (_name: RegionName, { compressedSize }: RegionDescriptor): boolean => compressedSize > 0,
  },
  {
    rule: 'resident',
    what: 'strings and tables come',
    excessOf: heldExcess,
    isOf: (name: RegionName): boolean => HELD.includes(name),
  },
] as const;
