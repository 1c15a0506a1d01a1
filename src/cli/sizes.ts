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
