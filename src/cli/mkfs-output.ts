/**
 * What `mkfs.axfs` writes: one file or the two parts of a split image, and the account of a choice. All appear
 * when all are complete.
 *
 * @module
 */
import { toPrintable } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import type { Host, NewFile } from '../host/host.ts';
import type { BuiltImage } from '../mkfs/build.ts';
import { PIECES_PER_PAUSE, partOf } from '../mkfs/image-file.ts';
import { Pace } from '../mkfs/pace.ts';
import { isSplit } from './mkfs-options.ts';
import type { MkfsOptions } from './mkfs-options.ts';
import { asUsage, outputsOf } from './mkfs-places.ts';
import type { NamedPath, Places } from './mkfs-places.ts';

/** Files being written. */
export interface Output {
  /**
   * Writes an image, and the account if there is a file for it, and gives the files their names.
   *
   * @throws AxfsError for a file that cannot be written; then none has got its name, unless the message says so.
   */
  write(image: BuiltImage, account: Uint8Array | undefined): Promise<void>;
  /** Removes what is not complete. */
  discard(): void;
}

/** A file being written, with its place. */
interface Part {
  readonly place: NamedPath;
  readonly file: NewFile;
}

/**
 * Starts the files. A dry run tries that, too, and leaves none.
 *
 * @throws UsageError when a file cannot be made.
 */
export function createOutput(host: Host, places: Places, options: MkfsOptions): Output {
  const parts: Part[] = [];
  const discard = (): void => {
    for (const { file } of parts) file.discard();
  };
  try {
    for (const place of outputsOf(places))
      parts.push({ place, file: asUsage('any', () => host.files.create(place.path)) });
  } catch (error) {
    discard();
    throw error;
  }
  if (options.dryRun === true) {
    discard();
    return { write: () => Promise.resolve(), discard: () => undefined };
  }
  return {
    async write(image, account) {
      const pace = new Pace(() => host.breathe(), PIECES_PER_PAUSE);
      const ranges = rangesOf(image, options);
      for (const { place, file } of parts) {
        if (place === places.account) {
          if (account !== undefined) file.write(account);
          continue;
        }
        const [start, end] = ranges[places.images.indexOf(place)] ?? [0, 0];
        for (const piece of partOf(image.pieces(), start, end)) {
          file.write(piece);
          const rest = pace.step();
          if (rest !== undefined) await rest;
        }
      }
      commitAll(parts);
    },
    discard,
  };
}

/** Bytes of the image that each of its files holds: from, and up to but not including. */
function rangesOf(
  { size, mmapSize }: BuiltImage,
  options: MkfsOptions,
): readonly (readonly [number, number])[] {
  if (!isSplit(options)) return [[0, size]];
  return [
    [0, mmapSize],
    [options.splitBlock === true ? 0 : mmapSize, size],
  ];
}

/** Gives the files their names once all of them are on the disk, so that hardly anything is left to fail. */
function commitAll(parts: readonly Part[]): void {
  for (const { file } of parts) file.finish();
  const done: string[] = [];
  for (const { place, file } of parts) {
    try {
      file.commit();
    } catch (error) {
      if (!(error instanceof AxfsError) || done.length === 0) throw error;
      throw new AxfsError(error.code, `${error.message}; already new: ${done.join(', ')}`);
    }
    done.push(toPrintable(place.path));
  }
}
