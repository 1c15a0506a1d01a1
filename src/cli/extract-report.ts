/**
 * What came of an extraction: a line for people, or JSON for programs.
 *
 * @module
 */
import { toPrintable, toText } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { counted, exactSize } from './sizes.ts';

/** Things that were not made, or not in full, for one reason. */
export interface LeftOut {
  readonly what: 'device' | 'socket' | 'owner';
  readonly why: string;
  readonly paths: readonly ByteString[];
}

/** An entry that could not be extracted. */
export interface LostEntry {
  readonly path: ByteString;
  readonly error: string;
}

/** What came of it. */
export interface ExtractOutcome {
  /** As on the command line. */
  readonly image: string;
  readonly format: 'directory' | 'tar' | 'cpio';
  readonly target: ByteString;
  /** Entries that were made, the root among them, and bytes of their regular files. */
  readonly entries: number;
  readonly bytes: number;
  readonly leftOut: readonly LeftOut[];
  /** The first of those that could not be extracted, and how many there were. */
  readonly lost: readonly LostEntry[];
  readonly lostEntries: number;
}

/** `extracted 20 entries, 14,012 bytes (13.7 KiB), to out`; of an archive nothing, as tar(1) and cpio(1) do. */
export const outcomeText = ({ format, target, entries, bytes }: ExtractOutcome): string =>
  format === 'directory'
    ? `extracted ${counted(entries, 'entry', 'entries')}, ${exactSize(bytes)}, to ${toPrintable(target)}\n`
    : '';

/** `2 devices left out: only root can make them: dev/big and 1 more`. */
export function leftOutText({ what, why, paths }: LeftOut): string {
  const [first = '' as ByteString] = paths;
  const others = paths.length === 1 ? '' : ` and ${String(paths.length - 1)} more`;
  return `${counted(paths.length, what)} ${why}: ${toPrintable(first)}${others}`;
}

/** The outcome as JSON: paths are text, bytes that are not UTF-8 come as surrogate escapes. */
export const outcomeJson = (outcome: ExtractOutcome): string =>
  `${JSON.stringify(
    {
      ...outcome,
      target: toText(outcome.target),
      leftOut: outcome.leftOut.map((left) => ({ ...left, paths: left.paths.map(toText) })),
      lost: outcome.lost.map((entry) => ({ ...entry, path: toText(entry.path) })),
    },
    null,
    2,
  )}\n`;
