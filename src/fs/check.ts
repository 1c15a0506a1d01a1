/**
 * Checks a whole image against every rule of the format, whatever is damaged, in one run and in bounded
 * memory: the tables are held, everything else passes by.
 *
 * @module
 */
import { toHex } from '../base/bytes.ts';
import { AxfsError } from '../base/errno.ts';
import { codecOfType } from '../codec/codecs.ts';
import type { MtdDevice } from '../mtd/device.ts';
import { NodeCheck, NodeUse } from './check-nodes.ts';
import { Findings } from './check-rules.ts';
import type { Finding, RuleId } from './check-rules.ts';
import { checkStructure } from './check-structure.ts';
import type { CheckedStructure } from './check-structure.ts';
import { TreeCheck } from './check-tree.ts';
import { closeImage, inflaterOf } from './image.ts';
import type { ImageOptions } from './image.ts';
import { readImage } from './source.ts';
import type { SecondForm } from './source.ts';
import { AxfsVolume } from './volume.ts';

/** A hash in the making. */
export interface RunningHash {
  update(bytes: Uint8Array): void;
  /** The digest in lower-case hex digits; ends the hash. */
  hex(): string;
}

/** What a check needs beside the device. */
export interface CheckOptions extends ImageOptions {
  /** A fresh SHA-1; without it digests are not verified. */
  readonly sha1?: () => RunningHash;
}

/** How an image is: `clean` (warnings aside), `damaged` but readable in part, or not to be mounted at all. */
export type Verdict = 'clean' | 'damaged' | 'unmountable';

/** What a check found. */
export interface CheckResult {
  readonly image: string;
  readonly verdict: Verdict;
  /** What a second device holds; `null` without one. */
  readonly second: SecondForm | null;
  readonly digest: 'none' | 'verified' | 'wrong' | 'not verified';
  /** The first of each rule. */
  readonly findings: readonly Finding[];
  /** All of each rule that is broken. */
  readonly counts: Readonly<Partial<Record<RuleId, number>>>;
}

const CHUNK = 2 ** 18;
const DIGEST_AT = 20;
const DIGEST_BYTES = 40;
const SHA1_BYTES = 20;

/** Goes once over all bytes: the digest where there is one, and what stands behind the image. */
function checkBytes(
  image: CheckedStructure,
  sha1: CheckOptions['sha1'],
  findings: Findings,
): CheckResult['digest'] {
  const { source, superblock, fileBytes } = image;
  const stored = toHex(superblock.digest);
  const isNone = superblock.digest.every((byte) => byte === 0);
  const hash = isNone ? undefined : sha1?.();
  let behind: number | undefined;
  for (let at = hash === undefined ? superblock.size : 0; at < fileBytes; at += CHUNK) {
    const bytes = readImage(source, at, Math.min(CHUNK, fileBytes - at)).slice();
    if (behind === undefined && at + bytes.length > superblock.size) {
      const from = Math.max(0, superblock.size - at);
      const found = bytes.subarray(from).findIndex((byte) => byte !== 0);
      if (found >= 0) {
        behind = at + from + found;
        const value = bytes[from + found] ?? 0;
        findings.add('behind_end', { region: 'image', index: behind, value, expected: 0 });
      }
    }
    if (at === 0) bytes.fill(0, DIGEST_AT, DIGEST_AT + DIGEST_BYTES);
    if (hash === undefined && behind !== undefined) break;
    hash?.update(bytes);
  }
  if (isNone) return 'none';
  if (hash === undefined) return 'not verified';
  const expected = hash.hex().padEnd(2 * DIGEST_BYTES, '0');
  if (stored === expected) return 'verified';
  // What follows the hash is zero, and shown only where it is the difference.
  const isTail = stored.startsWith(expected.slice(0, 2 * SHA1_BYTES));
  const shown = 2 * (isTail ? DIGEST_BYTES : SHA1_BYTES);
  findings.add('digest', {
    ...{ region: 'superblock', index: DIGEST_AT },
    ...{ value: stored.slice(0, shown), expected: expected.slice(0, shown) },
  });
  return 'wrong';
}

/** What opening says, where the rules say nothing: it has the last word on what can be mounted. */
function checkOpen(device: MtdDevice, options: CheckOptions, findings: Findings): boolean {
  try {
    closeImage(new AxfsVolume(device, options).image);
    return true;
  } catch (error) {
    if (!(error instanceof AxfsError)) throw error;
    if (findings.count('fatal') === 0)
      findings.add('open', {
        ...{ region: 'image', index: null, value: error.message, expected: 'success' },
      });
    return false;
  }
}

/** Checks the image at offset 0 of `device`. Damage is a result, not an error; an unreadable medium is one. */
export function checkImage(device: MtdDevice, options: CheckOptions): CheckResult {
  const findings = new Findings();
  const image = checkStructure(device, options, findings);
  let digest: CheckResult['digest'] = 'none';
  if (image !== undefined) {
    const { tables, superblock } = image;
    const use = new NodeUse(Math.min(tables.node_type.length, tables.node_index.length));
    new TreeCheck(image, findings, use).run();
    const { compressionType } = superblock;
    const isKnown = codecOfType(compressionType) !== undefined;
    new NodeCheck(image, findings, isKnown ? inflaterOf(compressionType, options) : undefined).run(
      use,
    );
    digest = checkBytes(image, options.sha1, findings);
  }
  const opens = checkOpen(device, options, findings);
  return {
    image: options.name,
    verdict: !opens ? 'unmountable' : findings.count('damage') > 0 ? 'damaged' : 'clean',
    second: image?.source.second?.form ?? null,
    digest,
    findings: findings.list,
    counts: Object.fromEntries(Object.entries(findings.counts).filter(([, count]) => count > 0)),
  };
}
