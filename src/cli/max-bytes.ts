/**
 * A limit on what commands expand. Files may share pages, so a small image can legally say that it holds
 * more than any disk: commands that read contents add up what they would read first, and refuse too much.
 *
 * @module
 */
import { InvalidArgumentError } from 'commander';
import { AxfsError } from '../base/errno.ts';
import type { Inode } from '../fs/inode.ts';
import type { AxfsVolume } from '../fs/volume.ts';
import { parseSize } from './sizes.ts';

/**
 * Bytes that an image may expand to for each of its own. A page takes two bytes of plain tables at least,
 * so files that share nothing come to half of this at most.
 */
const MAX_EXPANSION = 4096;
/** What the smallest image may expand to. */
const MAX_BYTES_MIN = 4 * 2 ** 30;

/**
 * Bytes that cblocks may expand to while contents are read: any amount up to the first, or so many times the
 * contents. Files of real images share cblocks with others, and may need one several times; files made to
 * alternate between large ones expand thousands of times what they hold.
 */
const WORK_FREE = 2 ** 30;
const WORK_RATIO = 16;
/** Expanded cblocks that are kept, bytes. */
const CBLOCK_BYTES = 2 ** 23;

/** Options of volumes for commands that read contents, and not as the driver does. */
export const READING = { cblockBytes: CBLOCK_BYTES } as const;

/** Allows a volume to expand what reading this many bytes of contents may take. */
export function allowWork({ nodes }: AxfsVolume, bytes: number): void {
  nodes.maxExpandedBytes = Math.max(WORK_FREE, WORK_RATIO * bytes);
}

/** For help texts: what the limit is without the option. */
export const MAX_BYTES_HELP = `
Files may share what is stored, so a small image can hold very much. When the contents
come to more than ${String(MAX_EXPANSION)} times the image and ${String(MAX_BYTES_MIN / 2 ** 30)} GiB, that is refused; --max-bytes sets
another limit.
`;

/** What `--max-bytes` gives. */
export interface MaxBytesOption {
  readonly maxBytes?: number;
}

/** For commands that read contents: `.option(...MAX_BYTES)`. */
export const MAX_BYTES = [
  '--max-bytes <size>',
  'refuse when the contents come to more, for example 64G',
  parseMaxBytes,
] as const;

function parseMaxBytes(text: string): number {
  const bytes = parseSize(text);
  if (bytes === undefined)
    throw new InvalidArgumentError('Expected bytes, or a number with K, M or G.');
  return bytes;
}

/** Inodes of the same key have the same contents: they share their pages, and end at the same byte. */
export const contentKey = ({ arrayIndex, size }: Inode): string =>
  size === 0 ? '' : `${String(arrayIndex)} ${String(size)}`;

/**
 * Refuses to read `bytes` of contents of these volumes when that is more than `maxBytes`, by default
 * {@link MAX_EXPANSION} times the images, or {@link MAX_BYTES_MIN} if that is more.
 *
 * @throws AxfsError EFBIG naming the images and both numbers.
 */
export function checkBytes(
  volumes: readonly AxfsVolume[],
  bytes: number,
  maxBytes = defaultLimit(volumes),
): void {
  if (bytes <= maxBytes) {
    for (const volume of volumes) allowWork(volume, bytes);
    return;
  }
  throw new AxfsError(
    'EFBIG',
    `${volumes.map(({ name }) => name).join(' and ')}: contents come to ${String(bytes)} bytes, expected at most ${String(maxBytes)}: if that is meant, raise --max-bytes`,
  );
}

const defaultLimit = (volumes: readonly AxfsVolume[]): number =>
  volumes.reduce(
    (limit, { image }) => Math.max(limit, MAX_EXPANSION * image.superblock.size),
    MAX_BYTES_MIN,
  );
