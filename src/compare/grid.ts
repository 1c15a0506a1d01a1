/**
 * Grids of designs: which pages are in place × how large cblocks are × codec × cut for two parts or not.
 *
 * @module
 */
import { PAGE_SIZE } from '../base/units.ts';
import { DEFAULT_CODEC } from '../codec/codecs.ts';
import type { CodecName } from '../codec/codecs.ts';
import type { DesignPoint } from '../cost/comparison.ts';
import type { XipPolicy } from '../mkfs/policy.ts';
import type { PageProfile } from '../mkfs/profile.ts';
import { DESIGN_POLICIES } from '../sim/designs.ts';

/** Which pages a design has in place. */
export interface GridPolicy {
  readonly name: string;
  /** It asks for the profile of the comparison, which may have to be made from the trace first. */
  readonly needsProfile: boolean;
  readonly xip: (profile: PageProfile) => XipPolicy;
}

/** A design to be built. */
export interface PlannedDesign {
  readonly name: string;
  readonly policy: GridPolicy;
  /** As {@link DesignPoint}; what is left out is as the comparison has it anyway. */
  readonly cblockSize?: number;
  readonly codec?: CodecName;
  readonly split?: boolean;
  /** Present in a grid. */
  readonly point?: DesignPoint;
}

/** The values of each axis; every list has at least one. */
export interface GridAxes {
  readonly policies: readonly GridPolicy[];
  /** Bytes: powers of two from 4 KiB to 1 MiB. */
  readonly cblockSizes: readonly number[];
  readonly codecs: readonly CodecName[];
  readonly splits: readonly boolean[];
}

const WITH_PROFILE: readonly string[] = ['profile', 'files'];

/** The policies that need no file, by name. */
export const NAMED_POLICIES: readonly GridPolicy[] = DESIGN_POLICIES.map(({ name, policy }) => ({
  name,
  needsProfile: WITH_PROFILE.includes(name),
  xip: policy,
}));

/** Exactly the pages of a list. */
export const listPolicy = (name: string, profile: PageProfile): GridPolicy => ({
  name,
  needsProfile: false,
  xip: () => ({ kind: 'profile', profile }),
});

/** The designs of a comparison where nobody asks for others: one for each policy. */
export const USUAL_DESIGNS: readonly PlannedDesign[] = NAMED_POLICIES.map((policy) => ({
  name: policy.name,
  policy,
}));

/** A point of a grid where nobody says otherwise. */
export const USUAL_AXES: GridAxes = {
  policies: NAMED_POLICIES,
  cblockSizes: [PAGE_SIZE],
  codecs: [DEFAULT_CODEC],
  splits: [false],
};

const KIB = 1024;
const sizeName = (bytes: number): string =>
  bytes < KIB * KIB ? `${String(bytes / KIB)}K` : `${String(bytes / KIB / KIB)}M`;

/**
 * Every combination, policies first: in the order of the axes, the last one fastest. A design is called by its
 * policy and by its value on each axis that has several.
 */
export function gridDesigns(axes: GridAxes): readonly PlannedDesign[] {
  const { policies, cblockSizes, codecs, splits } = axes;
  const varied = (values: readonly unknown[], name: string): string[] =>
    values.length > 1 ? [name] : [];
  return policies.flatMap((policy) =>
    cblockSizes.flatMap((cblockSize) =>
      codecs.flatMap((codec) =>
        splits.map((split) => ({
          name: [
            policy.name,
            ...varied(cblockSizes, sizeName(cblockSize)),
            ...varied(codecs, codec),
            ...(split && splits.length > 1 ? ['split'] : []),
          ].join('/'),
          policy,
          cblockSize,
          codec,
          split,
          point: { policy: policy.name, cblockSize, codec, split },
        })),
      ),
    ),
  );
}

/** Designs that hold the same blocks: same codec, same cblock size. In the order of their first one. */
export function sharingBlocks(
  designs: readonly PlannedDesign[],
): readonly (readonly PlannedDesign[])[] {
  const groups = new Map<string, PlannedDesign[]>();
  // By codec first, as its threads are started once.
  for (const codec of new Set(designs.map((design) => design.codec)))
    for (const design of designs.filter((one) => one.codec === codec)) {
      const key = `${design.codec ?? ''}/${String(design.cblockSize)}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [design]);
      else group.push(design);
    }
  return [...groups.values()];
}
