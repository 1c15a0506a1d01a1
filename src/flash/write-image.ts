/**
 * Flashes an image: compares, erases, programs and reads back, block by block.
 *
 * Power may go away at any operation. Whoever has the same cells again makes a new device on them and calls
 * {@link writeImage} anew: blocks that are torn are found by comparing, and redone. A block whose last program
 * or erase was torn may read right and yet be weak, which nobody sees by reading; with `afterPowerLoss` the
 * blocks where that can be are redone, too. (A block that was kept between the torn one and the first wrong
 * one hides it; `force` redoes everything.)
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import { bytesEqual } from '../base/bytes.ts';
import type { FlashContents } from '../mtd/contents.ts';
import type { MtdDevice } from '../mtd/device.ts';
import { bytesFor, isBlank, layOut, planSteps, stepsOfErase } from './plan.ts';
import type { Layout, Place, PlanOptions, Step } from './plan.ts';
import { countOne, newTally } from './report.ts';
import type { WriteReport, WriteTally } from './report.ts';

/** Further tries of a block whose bytes do not read back, and of all failures where no block can be marked bad. */
const RETRIES = 2;

/** How to write. */
export interface WriteOptions extends PlanOptions {
  /** Read everything back; default true. */
  readonly verify?: boolean;
  /** Sizes of the part's erase commands, bytes, beyond those of the device's blocks. */
  readonly eraseSizes?: readonly number[];
  /** Counts to go on with; those of an attempt that power ended. */
  readonly tally?: WriteTally;
}

/** How a job ended. */
type JobEnd = 'done' | 'bad';

class ImageWriter {
  readonly #device: MtdDevice;
  readonly #image: FlashContents;
  readonly #options: WriteOptions;
  readonly #tally: WriteTally;
  readonly #worn = new Set<number>();

  constructor(device: MtdDevice, image: FlashContents, options: WriteOptions) {
    this.#device = device;
    this.#image = image;
    this.#options = options;
    this.#tally = options.tally ?? newTally();
  }

  write(): WriteReport {
    let layout = layOut(this.#device, this.#image.size);
    let steps = planSteps(this.#device, this.#image, layout.places, this.#options);
    for (let index = 0; index < steps.length;) {
      const job = stepsOfErase(steps, index, this.#options.eraseSizes ?? []);
      if (this.#play(job) === 'done') {
        index += job.length;
        continue;
      }
      // One block is bad now: all pieces from here on move by one.
      layout = layOut(this.#device, this.#image.size);
      const { force = false } = this.#options;
      const rest = layout.places.slice(index);
      const moved = planSteps(this.#device, this.#image, rest, { force });
      steps = [...steps.slice(0, index), ...moved];
    }
    return this.#report(layout);
  }

  #report({ places, badBlocks }: Layout): WriteReport {
    const last = places.at(-1);
    return {
      bytes: this.#image.size,
      blocks: places.length,
      badBlocks,
      end: last === undefined ? 0 : last.offset + last.erasesize,
      tally: this.#tally,
      verify: this.#options.verify === false ? 'off' : this.#worn.size > 0 ? 'worn' : 'right',
      wornBlocks: [...this.#worn],
    };
  }

  /** Does what one erase command covers. @throws AxfsError EIO when it cannot be done. */
  #play(job: readonly Step[]): JobEnd {
    const [first] = job;
    if (first === undefined) return 'done';
    if (first.action === 'keep') {
      this.#tally.blocksKept += 1;
      return 'done';
    }
    if (first.action === 'program') this.#tally.blocksBlank += 1;
    const places = job.map(({ place }) => place);
    let isFirst = true;
    for (let left = RETRIES; ; left -= 1) {
      const outcome = this.#try(places, first.action === 'rewrite' || !isFirst);
      if (outcome.result === 'right') return 'done';
      isFirst = false;
      if (outcome.result === 'worn' && left < RETRIES) {
        for (const { offset } of outcome.places) this.#worn.add(offset);
        return 'done';
      }
      if (outcome.result === 'worn') {
        this.#tally.refreshed += 1;
        continue;
      }
      if (left === 0 || outcome.isFinal) return this.#giveUp(outcome.place, outcome.error);
      this.#tally.retries += 1;
    }
  }

  /** Once through erase, program and verify. */
  #try(places: readonly Place[], isErased: boolean): Attempt {
    let [at] = places;
    let isChanging = true;
    try {
      if (isErased && at !== undefined) this.#erase(places, at);
      for (const place of places) {
        at = place;
        this.#program(place);
      }
      isChanging = false;
      const worn: Place[] = [];
      for (const place of this.#options.verify === false ? [] : places) {
        at = place;
        if (this.#verify(place) === 'EUCLEAN') worn.push(place);
      }
      if (worn.length > 0) return { result: 'worn', places: worn };
      return { result: 'right' };
    } catch (error) {
      if (!(error instanceof AxfsError) || at === undefined) throw error;
      // A block that ECC shows as blank may be none for the device: a flipped bit looks like a programmed page.
      const isRefusal = !isErased && error.code === 'EINVAL';
      if (!FAILURES.has(error.code) && !isRefusal) throw error;
      // A NAND block that fails to erase, or to program behind an erase, is not tried again: its maker says
      // that it is worn out. One that was taken for blank gets its erase first.
      const isFinal = isErased && isChanging && this.#hasBadBlocks;
      return { result: 'failed', place: at, error, isFinal };
    }
  }

  get #hasBadBlocks(): boolean {
    return this.#device.info.type === 'nand';
  }

  #giveUp(place: Place, error: AxfsError): JobEnd {
    if (!this.#hasBadBlocks)
      throw new AxfsError(
        'EIO',
        `${this.#device.info.name}: block at ${String(place.offset)} cannot be written after ${String(RETRIES + 1)} tries: ${error.message}`,
      );
    this.#device.blockMarkBad(place.offset);
    if (!this.#device.blockIsBad(place.offset))
      throw new AxfsError(
        'EIO',
        `${this.#device.info.name}: block at ${String(place.offset)} fails, and cannot be marked bad: ${error.message}`,
      );
    this.#tally.markedBad.push(place.offset);
    return 'bad';
  }

  #erase(places: readonly Place[], first: Place): void {
    if (this.#device.info.flags.includes('no_erase')) return;
    const length = places.reduce((sum, { erasesize }) => sum + erasesize, 0);
    countOne(this.#tally.erases, length);
    for (const { offset } of places) countOne(this.#tally.wear, offset);
    this.#device.erase(first.offset, length);
  }

  #program(place: Place): void {
    const { writesize, writebufsize } = this.#device.info;
    const unit = Math.min(Math.max(writesize, writebufsize), place.erasesize);
    const bytes = bytesFor(this.#image, place);
    this.#tally.blocksProgrammed += 1;
    const isWritten = (at: number): boolean =>
      this.#device.info.flags.includes('no_erase') || !isBlank(bytes.subarray(at, at + unit));
    for (let at = 0; at < bytes.length;) {
      if (!isWritten(at)) {
        this.#tally.blankUnits += 1;
        at += unit;
        continue;
      }
      // Units in a row are one write, which the device programs unit by unit.
      let end = at + unit;
      while (end < bytes.length && isWritten(end)) end += unit;
      this.#tally.programs += (end - at) / unit;
      this.#tally.programmedBytes += end - at;
      this.#device.write(place.offset + at, bytes.subarray(at, end));
      at = end;
    }
  }

  #verify(place: Place): 'ok' | 'EUCLEAN' {
    const held = new Uint8Array(place.erasesize);
    const status = this.#device.read(place.offset, held);
    if (!bytesEqual(held, bytesFor(this.#image, place)))
      throw new AxfsError(
        'EIO',
        `${this.#device.info.name}: block at ${String(place.offset)} reads back other bytes than were written`,
      );
    return status;
  }
}

/** What the device answers when a block is at fault. */
const FAILURES: ReadonlySet<string> = new Set(['EIO', 'EBADMSG']);

/** How one try of a job ended. */
type Attempt =
  | { readonly result: 'right' }
  | { readonly result: 'worn'; readonly places: readonly Place[] }
  | {
      readonly result: 'failed';
      readonly place: Place;
      readonly error: AxfsError;
      readonly isFinal: boolean;
    };

/**
 * Writes `image` from the start of `device`. Blocks that hold the right bytes are kept; blank ones are not
 * erased; units of all ones are not programmed. On NAND, bad blocks are passed over, and a block that fails is
 * marked bad and its piece goes into the next good one. Bytes behind the end of the image in its last block
 * become ones; blocks behind that are not touched.
 *
 * @throws AxfsError ENOSPC when good blocks are missing, EROFS for a device that is not writeable, EIO when a
 * block of a device without bad blocks cannot be written; PowerLoss.
 */
export function writeImage(
  device: MtdDevice,
  image: FlashContents,
  options: WriteOptions = {},
): WriteReport {
  if (!device.info.flags.includes('writeable'))
    throw new AxfsError(
      'EROFS',
      `${device.info.name}: the device is read-only, expected one that can be written`,
    );
  return new ImageWriter(device, image, options).write();
}
