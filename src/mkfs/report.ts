/**
 * What a build did, in exact numbers; words are the caller's.
 *
 * @module
 */
import { toHex } from '../base/bytes.ts';
import type { ByteString } from '../base/bytestring.ts';
import { toPrintable } from '../base/bytestring.ts';
import { zeros } from '../base/counts.ts';
import { PAGE_SIZE } from '../base/units.ts';
import { codecOf } from '../codec/codecs.ts';
import type { Codec } from '../codec/codecs.ts';
import { NODE_TYPE_NAMES } from '../ondisk/constants.ts';
import type { NodeTypeName } from '../ondisk/constants.ts';
import { INODE_TYPES } from '../ondisk/mode.ts';
import type { InodeType } from '../ondisk/mode.ts';
import { REGIONS, storedSize } from '../ondisk/regions.ts';
import type { RegionName } from '../ondisk/regions.ts';
import type { InodePlan, PlannedInode } from './inodes.ts';
import type { Layout } from './layout.ts';
import type { Features } from './features.ts';
import type { StoredNodes } from './node-store.ts';
import { unmatchedPaths } from './sort-list.ts';
import type { SortList } from './sort-list.ts';
import { matchProfile, profileOfPolicy } from './policy.ts';
import type { ProfileMatch, XipPolicy } from './policy.ts';
import type { TreeFile } from './tree.ts';

/** Facts about a built image. */
export interface BuildReport {
  /** Inodes, the root included. */
  readonly files: number;
  readonly inodes: Readonly<Record<InodeType, number>>;
  /** Nodes by kind; their sum is the number of file pages, but for those of files that share nodes. */
  readonly nodes: Readonly<Record<NodeTypeName, number>>;
  /** What was found to be equal and is stored once. */
  readonly shared: SharedCounts;
  /** Blocks of the compressed region, and the superblock's `cblock_size`: the most one expands to, bytes. */
  readonly cblocks: number;
  readonly cblockSize: number;
  /** Pages of the XIP region. */
  readonly xipPages: number;
  /** Bytes of each region in the image. */
  readonly regions: Readonly<Record<RegionName, number>>;
  /** Bytes of RAM that the driver needs for regions stored compressed. */
  readonly expandedRegions: number;
  /** Bytes from 0 that must be addressable. */
  readonly mmapSize: number;
  readonly features: Features;
  /** SHA-1 of the file with zeros in the digest field, hex digits; absent when the image has none. */
  readonly digest?: string;
  /** The superblock's `size`: bytes up to and including the trailing magic. */
  readonly size: number;
  /** Bytes in regular files of the tree. */
  readonly fileBytes: number;
  /** How the page list met the tree; absent without a list. */
  readonly profile?: ProfileMatch;
  /** False when the kernel's driver refuses the image: its root has no entries, or it does not know the codec. */
  readonly mountableByKernel: boolean;
  /** One line each: what works here but not in the kernel's driver. */
  readonly kernelProblems: readonly string[];
  /** One line each: `kernelProblems`, and what of the options had no effect. */
  readonly warnings: readonly string[];
}

/** Pages and files that share their storage with earlier ones. */
export interface SharedCounts {
  /** Nodes with the place of an earlier node. */
  readonly nodes: number;
  /** Files and symlinks with the nodes of an earlier one, and their pages. */
  readonly files: number;
  readonly filePages: number;
}

/** What {@link reportBuild} looks at. */
export interface BuildFacts {
  readonly plan: InodePlan;
  readonly nodes: StoredNodes;
  readonly layout: Layout;
  readonly policy: XipPolicy;
  readonly features: Features;
  readonly digest?: Uint8Array | undefined;
  readonly sort?: SortList | undefined;
}

const SHA1_DIGITS = 40;
/** The driver never raises s_maxbytes (format description, section 11). */
const DRIVER_FILE_SIZE_MAX = 2 ** 31 - 1;
/** The driver decodes the old 16-bit device number (section 5.3). */
const DRIVER_DEVICE_MAX = 255;
/** Devices that a message names. */
const DEVICES_NAMED = 3;

/** Counts what was built. */
export function reportBuild(facts: BuildFacts): BuildReport {
  const { plan, nodes, layout, policy, features, digest, sort } = facts;
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
  const codec = codecOf(features.codec);
  const kernelProblems = [
    ...codecProblem(codec),
    ...plan.inodes.flatMap(kernelProblemsOf),
    ...deviceProblem(plan.inodes),
  ];
  return {
    files: plan.inodes.length,
    inodes,
    nodes: nodesByType(nodes.types),
    shared: {
      nodes: nodes.sharedNodes,
      files: nodes.sharedInodes,
      filePages: nodes.sharedInodeNodes,
    },
    cblocks: nodes.cblockOffsets.length,
    cblockSize: Math.max(PAGE_SIZE, nodes.cblockSize),
    xipPages,
    regions: Object.fromEntries(
      REGIONS.map(({ name }) => [name, storedSize(layout.descriptors[name])]),
    ) as Record<RegionName, number>,
    expandedRegions: Object.values(layout.descriptors).reduce(
      (sum, { size, compressedSize }) => sum + (compressedSize > 0 ? size : 0),
      0,
    ),
    mmapSize: layout.mmapSize,
    features,
    ...(digest === undefined ? {} : { digest: toHex(digest).slice(0, SHA1_DIGITS) }),
    size: layout.size,
    fileBytes,
    ...(profile === undefined ? {} : { profile: matchProfile(profile, files) }),
    mountableByKernel: plan.inodes.length > 1 && codec.kernelReadable,
    kernelProblems,
    warnings: [...kernelProblems, ...unsorted(plan, sort)],
  };
}

function nodesByType(types: Uint8Array): Record<NodeTypeName, number> {
  const counts = zeros(NODE_TYPE_NAMES);
  for (const type of types) {
    const name = NODE_TYPE_NAMES[type];
    if (name !== undefined) counts[name] += 1;
  }
  return counts;
}

function unsorted(plan: InodePlan, sort: SortList | undefined): readonly string[] {
  const [first, ...others] = sort === undefined ? [] : unmatchedPaths(plan, sort);
  if (first === undefined) return [];
  const more = others.length === 0 ? '' : ` and ${String(others.length)} more`;
  return [`the sort list names ${toPrintable(first)}${more}, not in the tree`];
}

const codecProblem = ({ name, kernelReadable }: Codec): readonly string[] =>
  kernelReadable ? [] : [`codec ${name}: the kernel driver refuses it`];

function kernelProblemsOf({ path, entry, fileSize }: PlannedInode): readonly string[] {
  if (path === '' && entry.type === 'dir' && entry.entries.size === 0)
    return ['the tree is empty: the kernel driver refuses a root without entries'];
  if (entry.type === 'file' && fileSize > DRIVER_FILE_SIZE_MAX)
    return [
      `${toPrintable(path)}: ${String(fileSize)} bytes, the kernel driver reads at most ${String(DRIVER_FILE_SIZE_MAX)}`,
    ];
  return [];
}

/** One line for all devices: a table of them easily has hundreds. */
function deviceProblem(inodes: readonly PlannedInode[]): readonly string[] {
  const misread = inodes.flatMap(({ path, entry }) => {
    if (entry.type !== 'char' && entry.type !== 'block') return [];
    const { major, minor } = entry.rdev;
    return Math.max(major, minor) > DRIVER_DEVICE_MAX
      ? [`${toPrintable(path)} (${String(major)}:${String(minor)})`]
      : [];
  });
  if (misread.length === 0) return [];
  const more = misread.length - DEVICES_NAMED;
  return [
    `the kernel driver misreads device numbers above ${String(DRIVER_DEVICE_MAX)}, ${String(misread.length)} here: ` +
      `${misread.slice(0, DEVICES_NAMED).join(', ')}${more > 0 ? ` and ${String(more)} more` : ''}`,
  ];
}
