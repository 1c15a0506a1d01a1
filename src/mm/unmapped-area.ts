/**
 * Where mmap puts a mapping when the caller does not say: first fit, without randomisation and without
 * the kernel's search hint, so the same calls always give the same addresses.
 *
 * Top-down kernels take the highest hole below `mmapBase` and turn to the room above it when that is full;
 * bottom-up ones take the lowest hole from `mmapBase` on.
 *
 * @module
 */
import { alignUp, isAligned } from '../base/bits.ts';
import { AxfsError } from '../base/errno.ts';
import { PAGE_SIZE, virtAddr, type VirtAddr } from '../base/units.ts';
import type { KernelPreset } from './kernel.ts';
import type { VmaSet } from './vma.ts';

/**
 * Start of `bytes` bytes for a new mapping: the wish if it is free or fixed, else a hole. Mirrors
 * `get_unmapped_area` (mm/mmap.c).
 *
 * @throws AxfsError EINVAL for an unaligned fixed address; ENOMEM when there is no room.
 */
export function getUnmappedArea(
  vmas: VmaSet,
  kernel: KernelPreset,
  bytes: number,
  wish: VirtAddr | undefined,
  fixed: boolean,
): VirtAddr {
  const { taskSize, mmapBase, mmapTopDown } = kernel;
  if (fixed) {
    if (wish === undefined || !isAligned(wish, PAGE_SIZE))
      throw new AxfsError(
        'EINVAL',
        `MAP_FIXED address is ${wish === undefined ? 'absent' : `0x${wish.toString(16)}`}, expected a page boundary`,
      );
    if (wish + bytes > taskSize) throw noRoom(bytes);
    return wish;
  }
  if (wish !== undefined && wish > 0) {
    const start = alignUp(wish, PAGE_SIZE);
    if (start + bytes <= taskSize && isFree(vmas, start, start + bytes)) return virtAddr(start);
  }
  const found =
    (mmapTopDown ? highestHole(vmas, bytes, mmapBase) : undefined) ??
    lowestHole(vmas, bytes, mmapBase, taskSize);
  if (found === undefined) throw noRoom(bytes);
  return virtAddr(found);
}

const noRoom = (bytes: number): AxfsError =>
  new AxfsError('ENOMEM', `no room for a mapping of ${String(bytes)} bytes`);

function isFree(vmas: VmaSet, start: number, end: number): boolean {
  const next = vmas.find(virtAddr(start));
  return next === undefined || end <= next.vmStart;
}

/** Mirrors `arch_get_unmapped_area`. */
function lowestHole(
  vmas: VmaSet,
  bytes: number,
  from: number,
  taskSize: number,
): number | undefined {
  let start = from;
  for (let at = vmas.position(virtAddr(from)); start + bytes <= taskSize; at += 1) {
    const next = vmas.at(at);
    if (next === undefined || start + bytes <= next.vmStart) return start;
    start = next.vmEnd;
  }
  return undefined;
}

/** Mirrors `arch_get_unmapped_area_topdown`. The first page stays free, so that 0 is never mapped. */
function highestHole(vmas: VmaSet, bytes: number, below: number): number | undefined {
  let end = below;
  for (let at = vmas.position(virtAddr(below)); end - bytes >= PAGE_SIZE; at -= 1) {
    const previous = vmas.at(at);
    if (previous !== undefined && previous.vmStart < end) {
      if (previous.vmEnd <= end - bytes) return end - bytes;
      end = previous.vmStart;
    } else if (at < 0) return end - bytes;
  }
  return undefined;
}
