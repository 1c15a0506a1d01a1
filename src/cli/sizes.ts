/**
 * Phrases of summaries, on top of the numbers for people in src/report/sizes.ts.
 *
 * @module
 */
import { humanBytes, humanCount } from '../report/sizes.ts';

const KIB = 1024;

/** `26,812,416 bytes (25.6 MiB)`; below 1 KiB without the second form. */
export const exactSize = (bytes: number): string =>
  counted(bytes, 'byte') + (bytes < KIB ? '' : ` (${humanBytes(bytes)})`);

/** `52.9 %`; of nothing, `-`. */
export const percent = (part: number, whole: number): string =>
  whole === 0 ? '-' : `${((part / whole) * 100).toFixed(1)} %`;

/** `1,995 inodes`, `1 inode`. */
export const counted = (count: number, noun: string, plural = `${noun}s`): string =>
  `${humanCount(count)} ${count === 1 ? noun : plural}`;

const SUFFIXES = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 } as const;

/** What {@link parseSize} takes, for messages and help. */
export const SIZE_FORM = 'bytes, or a number with K, M or G';

/** Bytes from `4096`, `16K`, `32M`, `1G` (small letters, too); `undefined` for anything else. */
export function parseSize(text: string): number | undefined {
  const match = /^([0-9]+)([KMG]?)$/.exec(text.toUpperCase());
  if (match === null) return undefined;
  const factor = match[2] === '' ? 1 : SUFFIXES[match[2] as keyof typeof SUFFIXES];
  const bytes = Number(match[1]) * factor;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
