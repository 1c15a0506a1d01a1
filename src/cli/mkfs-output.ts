/**
 * Where `mkfs.axfs` writes: one file, or the two parts of a split image. Both appear when both are complete.
 *
 * @module
 */
import { byteStringOf, fromText, toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import type { Host, NewFile } from '../host/host.ts';
import type { BuiltImage } from '../mkfs/build.ts';
import { partOf } from '../mkfs/image-file.ts';
import { typeOfMode } from '../ondisk/mode.ts';
import { UsageError } from './exit.ts';
import { isSplit } from './mkfs-options.ts';
import type { MkfsOptions } from './mkfs-options.ts';

/** Files being written. */
export interface Output {
  /** Writes an image and gives the files their names. */
  write(image: BuiltImage): void;
  /** Removes what is not complete. */
  discard(): void;
}

/**
 * Checks the places of the files and starts them.
 *
 * @throws UsageError when a file cannot be made, or would become part of what is packed.
 */
export function createOutput(
  host: Host,
  source: string,
  targets: readonly string[],
  options: MkfsOptions,
): Output {
  checkPlaces(host, fromText(source), targets.map(fromText));
  if (options.dryRun === true) return { write: () => undefined, discard: () => undefined };
  const files: NewFile[] = [];
  const discard = (): void => {
    for (const file of files) file.discard();
  };
  try {
    for (const target of targets)
      files.push(asUsage('any', () => host.files.create(fromText(target))));
  } catch (error) {
    discard();
    throw error;
  }
  return {
    write(image) {
      const from = options.splitBlock === true ? 0 : image.mmapSize;
      const ranges = isSplit(options)
        ? [
            [0, image.mmapSize],
            [from, image.size],
          ]
        : [[0, image.size]];
      files.forEach((file, i) => {
        const [start = 0, end = 0] = ranges[i] ?? [];
        for (const piece of partOf(image.pieces(), start, end)) file.write(piece);
      });
      for (const file of files) file.commit();
    },
    discard,
  };
}

const STDIN = '-';

/** The source exists, the images have directories, and none would become part of the source, or of another. */
function checkPlaces({ files }: Host, source: ByteString, targets: readonly ByteString[]): void {
  const root = source === STDIN ? undefined : asUsage(['ENOENT'], () => files.realpath(source));
  const isDirectory = root !== undefined && typeOfMode(files.stat(root).mode) === 'dir';
  const places = new Set<string>();
  for (const target of targets) {
    const slash = target.lastIndexOf('/') + 1;
    const folder = target.slice(0, slash);
    const parent = asUsage(['ENOENT', 'ENOTDIR'], () =>
      files.realpath(byteStringOf(folder === '' ? '.' : folder)),
    );
    const place = `${below(parent)}${target.slice(slash)}`;
    if (isDirectory && (parent === root || parent.startsWith(below(root))))
      throw new UsageError(
        `image ${toPrintable(target)} is inside the tree ${toPrintable(source)}: it would pack itself`,
      );
    if (place === root)
      throw new UsageError(`image ${toPrintable(target)} is the source: it would replace it`);
    if (places.has(place))
      throw new UsageError(`image ${toPrintable(target)} is named twice, expected two files`);
    places.add(place);
  }
}

const below = (directory: ByteString): string => (directory === '/' ? '/' : `${directory}/`);

/** Failures that the original builder, too, counts as wrong usage. */
function asUsage<T>(codes: readonly AxfsError['code'][] | 'any', call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (error instanceof AxfsError && (codes === 'any' || codes.includes(error.code)))
      throw new UsageError(error.message);
    throw error;
  }
}
