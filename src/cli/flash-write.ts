/**
 * `axfs flash write`: flashes an image onto a simulated device, through bad blocks and power losses, and says
 * what that took.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import type { BusWork } from '../base/events.ts';
import type { WriteReport } from '../flash/report.ts';
import { newTally } from '../flash/report.ts';
import { writeImage } from '../flash/write-image.ts';
import type { FlashContents } from '../mtd/contents.ts';
import { createDevice, mtdInfoOf } from '../mtd/create-device.ts';
import type { EccShape } from '../mtd/create-device.ts';
import type { EccStats, MtdInfo } from '../mtd/device.ts';
import { FaultyCells } from '../mtd/faults/faulty-cells.ts';
import { blockOf } from '../mtd/faults/geometry.ts';
import type { FaultPlan, FlashFault, FlashFaultKind } from '../mtd/faults/kinds.ts';
import { PowerLoss } from '../mtd/faults/power-loss.ts';
import { ERASED_CONTENTS, MemoryCells } from '../mtd/memory-cells.ts';
import type { MtdPart } from '../mtd/part.ts';
import { smallestDeviceSize } from '../mtd/parts.ts';
import { collectWork, priceWork } from './flash-price.ts';
import type { FlashPrice } from './flash-price.ts';

/** What to flash, and onto what. */
export interface FlashJob {
  readonly part: MtdPart;
  readonly image: FlashContents;
  /** Bytes of the device; default: the smallest of the part that holds image, bad blocks and old contents. */
  readonly size?: number;
  /** What the device holds before; default: nothing. */
  readonly held?: FlashContents;
  readonly plan: FaultPlan;
  readonly ecc?: EccShape;
  readonly force: boolean;
}

/** What came of it. */
export interface FlashedDevice {
  readonly info: MtdInfo;
  readonly report: WriteReport;
  /** What each power loss was. */
  readonly restarts: readonly string[];
  readonly injected: Readonly<Record<FlashFaultKind, number>>;
  readonly eccStats: EccStats;
  readonly bus: Readonly<BusWork>;
  readonly bytesRead: number;
  readonly price: FlashPrice;
  /** What stands in the cells now. */
  readonly view: (offset: number, length: number) => Uint8Array;
}

/** Sizes of the part's erase commands. */
const eraseSizesOf = ({ figures }: MtdPart): number[] =>
  Object.keys(figures).flatMap((name) => {
    const bytes = /^erase\.([0-9]+)$/.exec(name)?.[1];
    return bytes === undefined ? [] : [Number(bytes)];
  });

/** Marked bad before anything starts. @throws AxfsError EINVAL on a part without bad blocks, or for none of its blocks. */
function checkBadBlocks(info: MtdInfo, faults: readonly FlashFault[]): void {
  for (const fault of faults) {
    if (fault.kind !== 'bad_block' || fault.origin !== 'factory') continue;
    if (info.oobsize === 0)
      throw new AxfsError(
        'EINVAL',
        `${info.name}: block ${String(fault.block)} cannot be marked bad: the part has no spare areas`,
      );
    blockOf(info, fault.block);
  }
}

/** The size that holds everything. */
function sizeOf({ part, image, size, held, plan }: FlashJob): number {
  if (size !== undefined) return size;
  const bad = plan.faults.filter(({ kind }) => kind === 'bad_block').length;
  const needed = image.size + bad * part.erasesize.value;
  return smallestDeviceSize(part, Math.max(needed, held?.size ?? 0));
}

/** Flashes, starting anew after every power loss. @throws AxfsError what `writeImage` throws. */
export function flashImage(job: FlashJob): FlashedDevice {
  const { part, image, plan, ecc } = job;
  const size = sizeOf(job);
  const info = ecc === undefined ? mtdInfoOf(part, size) : mtdInfoOf(part, size, ecc);
  checkBadBlocks(info, plan.faults);
  const base = new MemoryCells(job.held ?? ERASED_CONTENTS, size, part.name);
  const cells = new FaultyCells(base, plan, info);
  const spareBytes = (size / info.writesize) * info.oobsize;
  const oob = cells.spare(new MemoryCells(ERASED_CONTENTS, spareBytes), info);
  const { work, sink } = collectWork();
  const tally = newTally();
  const restarts: string[] = [];
  const ecced = { corrected: 0, failed: 0 };
  for (;;) {
    const device = createDevice(part, {
      size,
      cells,
      sink,
      ...(info.oobsize === 0 ? {} : { oob }),
      ...(ecc === undefined ? {} : { ecc }),
    });
    try {
      const report = writeImage(device, image, {
        tally,
        force: job.force,
        afterPowerLoss: restarts.length > 0,
        eraseSizes: eraseSizesOf(part),
      });
      const { corrected, failed, badblocks } = device.eccStats;
      // Erases go by command: one may take several blocks of the device.
      const price = priceWork(part, { ...work, erases: tally.erases });
      return {
        info: device.info,
        report,
        restarts,
        injected: cells.injected,
        eccStats: {
          corrected: ecced.corrected + corrected,
          failed: ecced.failed + failed,
          badblocks,
        },
        bus: work.bus,
        bytesRead: work.bytesRead,
        price,
        view: (offset, length) => cells.view(offset, length),
      };
    } catch (error) {
      if (!(error instanceof PowerLoss)) throw error;
      restarts.push(error.message);
      ecced.corrected += device.eccStats.corrected;
      ecced.failed += device.eccStats.failed;
      cells.restore();
    }
  }
}
