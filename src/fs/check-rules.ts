/**
 * The rules of a sound image (format description, section 12), each with what breaking it means, and the
 * list that collects what breaks them.
 *
 * @module
 */
import { zeros } from '../base/counts.ts';
import type { RegionName } from '../ondisk/regions.ts';

/**
 * `fatal`: the image cannot be mounted. `damage`: some of it cannot be read, or not as it was written.
 * `warning`: everything can be read here, but something is unusual, or other drivers may stumble.
 */
export type Severity = 'fatal' | 'damage' | 'warning';

/** One row a rule. */
export const RULES = [
  { id: 'magic', severity: 'fatal', sentence: 'the image starts with the magic' },
  { id: 'signature', severity: 'fatal', sentence: 'the signature follows, NUL included' },
  { id: 'packed', severity: 'fatal', sentence: 'the superblock is one that a driver can read' },
  { id: 'field', severity: 'fatal', sentence: '64-bit fields are below 2^53' },
  { id: 'page_shift', severity: 'fatal', sentence: 'pages have 4096 bytes' },
  { id: 'compression', severity: 'fatal', sentence: 'the compression type is known' },
  { id: 'cblock_size', severity: 'fatal', sentence: 'cblocks expand to 1 byte to 1 MiB' },
  { id: 'size', severity: 'fatal', sentence: 'the device holds the size that is stated' },
  { id: 'mmap_size', severity: 'fatal', sentence: 'the mapped part lies within the image' },
  { id: 'second', severity: 'fatal', sentence: 'a second device holds the rest of the image' },
  { id: 'trailing_magic', severity: 'fatal', sentence: 'the magic ends the image' },
  { id: 'descriptor', severity: 'fatal', sentence: 'descriptors lie within the image' },
  { id: 'region', severity: 'fatal', sentence: 'regions lie within the image' },
  { id: 'depth', severity: 'fatal', sentence: 'table entries have 1 to 8 bytes' },
  { id: 'expansion', severity: 'fatal', sentence: 'compressed regions expand to their size' },
  { id: 'resident', severity: 'fatal', sentence: 'tables and strings are small enough to keep' },
  { id: 'xip_alignment', severity: 'fatal', sentence: 'the xip region is made of whole pages' },
  { id: 'root', severity: 'fatal', sentence: 'inode 0 is a directory' },
  { id: 'open', severity: 'fatal', sentence: 'the image opens' },
  {
    id: 'empty_root',
    severity: 'warning',
    sentence: 'the root has entries, as the driver demands',
  },
  { id: 'version', severity: 'warning', sentence: 'the version is 1 or 2' },
  { id: 'timestamp', severity: 'warning', sentence: 'the time is one that files can have' },
  {
    id: 'idle_field',
    severity: 'warning',
    sentence: 'fields that nothing hangs on are below 2^53, too',
  },
  { id: 'padding', severity: 'warning', sentence: 'unused bytes of the superblock are zero' },
  { id: 'descriptor_page', severity: 'warning', sentence: 'descriptors lie in the first page' },
  { id: 'max_index', severity: 'warning', sentence: 'max_index counts the entries of a table' },
  { id: 'table_end', severity: 'warning', sentence: 'tables end with a whole entry' },
  { id: 'xip_mapped', severity: 'warning', sentence: 'the mapped part holds the xip region' },
  { id: 'behind_end', severity: 'warning', sentence: 'bytes behind the image are zero' },
  { id: 'digest', severity: 'damage', sentence: 'a digest is the SHA-1 of the image' },
  { id: 'files', severity: 'damage', sentence: 'inode tables have a row for every inode' },
  { id: 'blocks', severity: 'warning', sentence: 'blocks counts the nodes of the files' },
  { id: 'table_lengths', severity: 'damage', sentence: 'parallel tables are equally long' },
  { id: 'entry', severity: 'damage', sentence: 'table entries are below 2^53' },
  { id: 'mode_index', severity: 'damage', sentence: 'inodes name a row of modes, uids, gids' },
  { id: 'mode', severity: 'damage', sentence: 'modes have a known type' },
  { id: 'mode_bits', severity: 'damage', sentence: 'modes have 16 bits' },
  { id: 'owner', severity: 'damage', sentence: 'users and groups are below 2^32' },
  { id: 'no_owner', severity: 'warning', sentence: 'users and groups are not 2^32-1, no one' },
  { id: 'device', severity: 'damage', sentence: 'device numbers have 32 bits' },
  { id: 'name_offset', severity: 'damage', sentence: 'names start within strings' },
  { id: 'name_end', severity: 'damage', sentence: 'names end with a NUL' },
  { id: 'name_length', severity: 'damage', sentence: 'names have 1 to 255 bytes' },
  { id: 'name_slash', severity: 'damage', sentence: 'names have no slash' },
  { id: 'name_dots', severity: 'damage', sentence: 'names are not "." and ".."' },
  { id: 'name_twice', severity: 'damage', sentence: 'names differ within a directory' },
  { id: 'name_order', severity: 'damage', sentence: 'names ascend within a directory' },
  { id: 'child_range', severity: 'damage', sentence: 'children are inodes above 0 that exist' },
  { id: 'child_names', severity: 'damage', sentence: 'children have names of their own' },
  { id: 'child_cycle', severity: 'damage', sentence: 'children have higher numbers' },
  { id: 'child_twice', severity: 'damage', sentence: 'inodes are in one directory only' },
  { id: 'unreachable', severity: 'damage', sentence: 'inodes are in a directory' },
  { id: 'page_count', severity: 'damage', sentence: 'entries are the pages that the size needs' },
  { id: 'special_entries', severity: 'warning', sentence: 'special files have no entries' },
  { id: 'symlink_size', severity: 'damage', sentence: 'targets have 1 to 4095 bytes' },
  { id: 'node_range', severity: 'damage', sentence: 'nodes of a file are in the node tables' },
  { id: 'node_type', severity: 'damage', sentence: 'node types are 0, 1 or 2' },
  { id: 'node_index', severity: 'damage', sentence: 'nodes name a row of their type' },
  { id: 'xip_range', severity: 'damage', sentence: 'XIP pages lie within the xip region' },
  { id: 'xip_tail', severity: 'warning', sentence: 'XIP pages are zero behind the end of a file' },
  { id: 'banode_range', severity: 'damage', sentence: 'byte-aligned pages lie in their region' },
  { id: 'cnode_cblock', severity: 'damage', sentence: 'compressed nodes name a cblock' },
  { id: 'cnode_range', severity: 'damage', sentence: 'compressed pages lie in their cblock' },
  { id: 'cblock_order', severity: 'damage', sentence: 'cblock offsets do not decrease' },
  {
    id: 'cblock_work',
    severity: 'warning',
    sentence: 'cblocks expand to an amount that a check goes through',
  },
  { id: 'cblock_end', severity: 'damage', sentence: 'cblocks lie within the compressed region' },
  { id: 'cblock_length', severity: 'damage', sentence: 'cblocks are stored in cblock_size bytes' },
  { id: 'cblock_stream', severity: 'damage', sentence: 'cblocks expand, checksums included' },
] as const satisfies readonly { id: string; severity: Severity; sentence: string }[];

/** Name of a rule. */
export type RuleId = (typeof RULES)[number]['id'];

/** Where a rule is broken. */
export interface Place {
  /** A region, or `superblock`, or `image` for all of it. */
  readonly region: RegionName | 'superblock' | 'image';
  /** Entry of a table, inode, node or byte offset, as the rule has it; `null` where there is but one. */
  readonly index: number | null;
  readonly value: number | string;
  readonly expected: number | string;
}

/** A broken rule. */
export interface Finding extends Place {
  readonly rule: RuleId;
  readonly severity: Severity;
}

/** Findings kept of one rule; more are counted. */
export const FINDINGS_PER_RULE = 20;

const SEVERITY = Object.fromEntries(RULES.map(({ id, severity }) => [id, severity])) as Readonly<
  Record<RuleId, Severity>
>;

/** Collects findings, so many of each rule. */
export class Findings {
  readonly list: Finding[] = [];
  readonly counts: Record<RuleId, number> = zeros(RULES.map(({ id }) => id));

  add(rule: RuleId, place: Place): void {
    this.counts[rule] += 1;
    if (this.counts[rule] <= FINDINGS_PER_RULE)
      this.list.push({ rule, severity: SEVERITY[rule], ...place });
  }

  /** How many findings of a severity there are, those not kept included. */
  count(severity: Severity): number {
    return RULES.filter((row) => row.severity === severity).reduce(
      (sum, { id }) => sum + this.counts[id],
      0,
    );
  }
}
