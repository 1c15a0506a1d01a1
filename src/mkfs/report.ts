/**
 * What a build did, in exact numbers; words are the caller's.
 *
 * @module
 */
import type { ByteString } from '../base/bytestring.ts';
import { toPrintable } from '../base/bytestring.ts';
import { PAGE_SIZE } from '../base/units.ts';
import type { NodeTypeName } from '../ondisk/constants.ts';
import { INODE_TYPES } from '../ondisk/mode.ts';
import type { InodeType } from '../ondisk/mode.ts';
import { REGIONS } from '../ondisk/regions.ts';
import type { RegionName } from '../ondisk/regions.ts';
import type { InodePlan, PlannedInode } from './inodes.ts';
import type { Layout } from './layout.ts';
import type { StoredNodes } from './nodes.ts';
import { matchProfile, profileOfPolicy } from './policy.ts';
import type { ProfileMatch, XipPolicy } from './policy.ts';
import type { TreeFile } from './tree.ts';

/** Facts about a built image. */
export interface BuildReport {
  /** Inodes, the root included. */
  readonly files: number;
  readonly inodes: Readonly<Record<InodeType, number>>;
  /** Nodes by kind; their sum is the number of file pages. */
  readonly nodes: Readonly<Record<NodeTypeName, number>>;
  /** Pages of the XIP region. */
  readonly xipPages: number;
  /** Bytes of each region. */
  readonly regions: Readonly<Record<RegionName, number>>;
  /** The superblock's `size`: bytes up to and including the trailing magic. */
  readonly size: number;
  /** Bytes in regular files of the tree. */
  readonly fileBytes: number;
  /** How the page list met the tree; absent without a list. */
  readonly profile?: ProfileMatch;
  /** False when the kernel's driver refuses the image: its root has no entries. */
  readonly mountableByKernel: boolean;
  /** One line each: what works here but not in the kernel's driver. */
  readonly warnings: readonly string[];
}

/** What {@link reportBuild} looks at. */
export interface BuildFacts {
  readonly plan: InodePlan;
  readonly nodes: StoredNodes;
  readonly layout: Layout;
  readonly policy: XipPolicy;
}

/** The driver never raises s_maxbytes (format description, section 11). */
const DRIVER_FILE_SIZE_MAX = 2 ** 31 - 1;
/** The driver decodes the old 16-bit device number (section 5.3). */
const DRIVER_DEVICE_MAX = 255;

/** Counts what was built. */
export function reportBuild({ plan, nodes, layout, policy }: BuildFacts): BuildReport {
  const inodes = Object.fromEntries(INODE_TYPES.map(({ type }) => [type, 0])) as Record<
    InodeType,
    number
  >;
  const files = new Map<ByteString, TreeFile>();
  let fileBytes = 0;
  for (const { path, entry, fileSize } of plan.inodes) {
    inodes[entry.type] += 1;
    if (entry.type !== 'file') continue;
    files.set(path, entry);
    fileBytes += fileSize;
  }
  const xipPages = nodes.xip.size / PAGE_SIZE;
  const profile = profileOfPolicy(policy);
  return {
    files: plan.inodes.length,
    inodes,
    nodes: {
      xip: xipPages,
      compressed: nodes.cblockOffsets.length,
      byteAligned: nodes.banodeOffsets.length,
    },
    xipPages,
    regions: Object.fromEntries(
      REGIONS.map(({ name }) => [name, layout.descriptors[name].size]),
    ) as Record<RegionName, number>,
    size: layout.size,
    fileBytes,
    ...(profile === undefined ? {} : { profile: matchProfile(profile, files) }),
    mountableByKernel: plan.inodes.length > 1,
    warnings: plan.inodes.flatMap(warningsOf),
  };
}

function warningsOf({ path, entry, fileSize }: PlannedInode): readonly string[] {
  if (path === '' && entry.type === 'dir' && entry.entries.size === 0)
    return ['the tree is empty: the kernel driver refuses a root without entries'];
  if (entry.type === 'file' && fileSize > DRIVER_FILE_SIZE_MAX)
    return [
      `${toPrintable(path)}: ${String(fileSize)} bytes, the kernel driver reads at most ${String(DRIVER_FILE_SIZE_MAX)}`,
    ];
  if (entry.type !== 'char' && entry.type !== 'block') return [];
  const { major, minor } = entry.rdev;
  return Math.max(major, minor) > DRIVER_DEVICE_MAX
    ? [
        `${toPrintable(path)}: the kernel driver misreads device ${String(major)}:${String(minor)}, numbers above ${String(DRIVER_DEVICE_MAX)}`,
      ]
    : [];
}
