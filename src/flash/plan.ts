/**
 * What flashing an image comes down to, block by block: where each piece of it goes, and what has to be done
 * there. Bad blocks are passed over, as boot loaders and nandwrite(8) do: a piece goes into the next good one.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import { bytesEqual } from '../base/bytes.ts';
import { ERASED } from '../mtd/cell-bits.ts';
import type { FlashContents } from '../mtd/contents.ts';
import type { MtdDevice } from '../mtd/device.ts';
import { blocksIn } from '../mtd/faults/geometry.ts';

/** A piece of the image and the erase block it goes into. */
export interface Place {
  /** Byte of the image. */
  readonly imageOffset: number;
  /** Erase block of the device. */
  readonly offset: number;
  readonly erasesize: number;
}

/** `keep`: the block holds the right bytes; `program`: it is blank; `rewrite`: erase it first. */
export type Action = 'keep' | 'program' | 'rewrite';

/** A place and what to do there. */
export interface Step {
  readonly place: Place;
  readonly action: Action;
}

/** Where pieces go, and what was passed over. */
export interface Layout {
  readonly places: readonly Place[];
  readonly badBlocks: readonly number[];
}

/** All bits are set. */
export const isBlank = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === ERASED);

/**
 * The blocks for an image of `bytes` bytes, from the start of the device.
 *
 * @throws AxfsError ENOSPC when good blocks are missing.
 */
export function layOut(device: MtdDevice, bytes: number): Layout {
  const { info } = device;
  const places: Place[] = [];
  const badBlocks: number[] = [];
  let imageOffset = 0;
  let last = info.erasesize;
  for (const { offset, erasesize } of blocksIn(info, 0, info.size)) {
    if (imageOffset >= bytes) break;
    last = erasesize;
    if (device.blockIsBad(offset)) {
      badBlocks.push(offset);
      continue;
    }
    places.push({ imageOffset, offset, erasesize });
    imageOffset += erasesize;
  }
  if (imageOffset < bytes) {
    const missing = Math.ceil((bytes - imageOffset) / last);
    const bad = badBlocks.length === 0 ? '' : ` besides ${String(badBlocks.length)} bad ones`;
    throw new AxfsError(
      'ENOSPC',
      `${info.name}: an image of ${String(bytes)} bytes needs ${String(missing)} more good ${missing === 1 ? 'block' : 'blocks'} than the ${String(places.length)} that the device has (of ${String(last)} bytes each)${bad}`,
    );
  }
  return { places, badBlocks };
}

/** Bytes for a place: those of the image, ones behind its end. */
export function bytesFor(image: FlashContents, { imageOffset, erasesize }: Place): Uint8Array {
  const held = Math.min(erasesize, image.size - imageOffset);
  if (held === erasesize) return image.view(imageOffset, held);
  const bytes = new Uint8Array(erasesize).fill(ERASED);
  bytes.set(image.view(imageOffset, held));
  return bytes;
}

/** A block cannot be read, or ECC has much to do in it: whatever it holds, it is to be written anew. */
const UNSOUND = ['EIO', 'EBADMSG', 'EUCLEAN'] as const;

/** Looks at a block. */
export function actionFor(device: MtdDevice, image: FlashContents, place: Place): Action {
  const held = new Uint8Array(place.erasesize);
  try {
    if (device.read(place.offset, held) !== 'ok') return 'rewrite';
  } catch (error) {
    if (error instanceof AxfsError && UNSOUND.some((code) => code === error.code)) return 'rewrite';
    throw error;
  }
  if (bytesEqual(held, bytesFor(image, place))) return 'keep';
  if (device.info.flags.includes('no_erase') || isBlank(held)) return 'program';
  return 'rewrite';
}

/** How to plan. */
export interface PlanOptions {
  /** Write blocks that hold the right bytes already, too. */
  readonly force?: boolean;
  /**
   * Power was lost while this image was written. What was being programmed may read right and yet not last,
   * what was being erased may read blank and yet not be; so the first block that is not right is erased in any
   * case, and the one before it is written anew.
   */
  readonly afterPowerLoss?: boolean;
}

/** What to do at each of `places`. */
export function planSteps(
  device: MtdDevice,
  image: FlashContents,
  places: readonly Place[],
  { force = false, afterPowerLoss = false }: PlanOptions,
): Step[] {
  if (force) return places.map((place) => ({ place, action: 'rewrite' }));
  const actions = places.map((place) => actionFor(device, image, place));
  if (afterPowerLoss) {
    const first = actions.findIndex((action) => action !== 'keep');
    const suspects = first === -1 ? [actions.length - 1] : [first - 1, first];
    for (const index of suspects) if (index in actions) actions[index] = 'rewrite';
  }
  return places.map((place, index) => ({ place, action: actions[index] ?? 'rewrite' }));
}

/**
 * The steps at `index` and behind it that one erase command covers: as many as make an aligned range of the
 * largest of `eraseSizes` in which every block is to be erased; at least the one.
 */
export function stepsOfErase(
  steps: readonly Step[],
  index: number,
  eraseSizes: readonly number[],
): readonly Step[] {
  const one = steps.slice(index, index + 1);
  const [first] = one;
  if (first?.action !== 'rewrite') return one;
  const { offset, erasesize } = first.place;
  let best = one;
  for (const size of eraseSizes) {
    if (size <= erasesize * best.length || offset % size !== 0 || size % erasesize !== 0) continue;
    const run = steps.slice(index, index + size / erasesize);
    const isWhole =
      run.length * erasesize === size &&
      run.every(
        ({ place, action }, k) =>
          action === 'rewrite' &&
          place.erasesize === erasesize &&
          place.offset === offset + k * erasesize,
      );
    if (isWhole) best = run;
  }
  return best;
}
