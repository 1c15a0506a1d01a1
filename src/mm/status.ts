/**
 * The lines of `/proc/<pid>/status` about memory, as text and as sums (fs/proc/task_mmu.c).
 *
 * @module
 */
import { PAGE_SIZE } from '../base/units.ts';
import type { MmStruct } from './mm.ts';
import { PTES_PER_LEAF } from './pagetable.ts';
import type { StatusLine } from './proc-lines.ts';
import { hasAny } from './vmflags.ts';

/**
 * Text of the lines about memory that the kernel's row `statusLines` names. Left out, because nothing here
 * says what of a program is its code, its data and its stack: VmPin, VmData, VmStk, VmExe, VmLib, VmPMD.
 */
export function formatStatus(mm: MmStruct): string {
  return mm.memory.kernel.statusLines
    .map((line) => `${line}:\t${String(Math.floor(statusSum(mm, line) / 1024)).padStart(8)} kB\n`)
    .join('');
}

/** The number of one line, in bytes; the line shows kB. Raw PTEs count in VmSize only. Mirrors `task_mem`. */
export const statusSum = (mm: MmStruct, line: StatusLine): number => SUM[line](mm);

const SUM: Readonly<Record<StatusLine, (mm: MmStruct) => number>> = {
  VmPeak: (mm) => Math.max(mm.hiwaterVm, mm.totalVm) * PAGE_SIZE,
  VmSize: (mm) => {
    const leftOut = mm.memory.kernel.vmSizeLeavesOut;
    let bytes = 0;
    for (const { vmStart, vmEnd, vmFlags } of mm.vmas)
      if (!hasAny(vmFlags, leftOut)) bytes += vmEnd - vmStart;
    return bytes;
  },
  VmLck: (mm) => mm.lockedVm * PAGE_SIZE,
  VmHWM: (mm) => (mm.peakRss.file + mm.peakRss.anon) * PAGE_SIZE,
  VmRSS: (mm) => (mm.fileRss + mm.anonRss) * PAGE_SIZE,
  RssAnon: (mm) => mm.anonRss * PAGE_SIZE,
  RssFile: (mm) => mm.fileRss * PAGE_SIZE,
  // No file system here is shmem; its pages would count in RssFile.
  RssShmem: () => 0,
  // The kernel counts entries, not the frame a table takes: 512 of 4 bytes are 2 KiB on ARM.
  VmPTE: (mm) => tablesOf(mm) * PTES_PER_LEAF * mm.memory.kernel.pointerBytes,
  VmSwap: (mm) => mm.swapRss * PAGE_SIZE,
};

/** Page tables below the top level, as the kernel counts them; a middle one lives as long as one below it. */
function tablesOf({ pageTable, memory }: MmStruct): number {
  if (!memory.kernel.vmPteCountsMiddle) return pageTable.leaves;
  const middle = [new Set<number>(), new Set<number>()] as const;
  for (const { block } of pageTable.allLeaves()) {
    middle[0].add(Math.floor(block / PTES_PER_LEAF));
    middle[1].add(Math.floor(block / PTES_PER_LEAF ** 2));
  }
  return pageTable.leaves + middle[0].size + middle[1].size;
}
