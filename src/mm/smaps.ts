/**
 * `/proc/<pid>/smaps` of a process, as text and as sums (fs/proc/task_mmu.c).
 *
 * @module
 */
import { PAGE_SIZE, type Pfn, type VirtAddr } from '../base/units.ts';
import { zeros } from '../base/counts.ts';
import { mapsLine } from './maps.ts';
import type { MmStruct } from './mm.ts';
import { vmNormalPage } from './normal-page.ts';
import { LEAF_SPAN, PTE_DIRTY, PTE_SWAP, PTE_YOUNG, pteIndex } from './pagetable.ts';
import { SMAPS_LINES, type SmapsLine } from './proc-lines.ts';
import type { SwapSlot } from './swap.ts';
import type { VmArea } from './vma.ts';
import { hasAny, smapsVmFlags, VM_LOCKED, VM_PFNMAP } from './vmflags.ts';

type OtherLine = 'THPeligible' | 'ProtectionKey' | 'VmFlags';

/** Sums of one vma, in bytes, as the lines of smaps show them in kB. */
export type SmapsSums = Record<Exclude<SmapsLine, OtherLine>, number>;

/** Lines that are no sum. Huge pages and protection keys are not modelled: no vma has any. */
const OTHER_LINES: Readonly<Record<OtherLine, (vma: VmArea) => string>> = {
  THPeligible: ({ mm }) => `THPeligible:    ${'0'.padStart(mm.memory.kernel.thpEligibleWidth)}`,
  ProtectionKey: () => `ProtectionKey:  ${'0'.padStart(8)}`,
  VmFlags: ({ vmFlags }) => `VmFlags: ${smapsVmFlags(vmFlags)}`,
};

const isOther = (line: SmapsLine): line is OtherLine => Object.hasOwn(OTHER_LINES, line);
const isSum = (line: SmapsLine): line is keyof SmapsSums => !isOther(line);
const SMAPS_SUMS = SMAPS_LINES.filter(isSum);

/** Text of `/proc/<pid>/smaps`, with the lines that the kernel's row `smapsLines` names. */
export function formatSmaps(mm: MmStruct): string {
  let text = '';
  for (const vma of mm.vmas) {
    text += `${mapsLine(vma)}\n`;
    const sums = smapsSums(vma);
    for (const line of mm.memory.kernel.smapsLines)
      text += `${isOther(line) ? OTHER_LINES[line](vma) : sumLine(line, sums[line])}\n`;
  }
  return text;
}

const sumLine = (line: string, bytes: number): string =>
  `${`${line}:`.padEnd(16)}${String(Math.floor(bytes / 1024)).padStart(8)} kB`;

/**
 * What one vma has in RAM and in swap. Raw PTEs count in Size only, and in Rss with the kernel's row
 * `smapsCountsRaw`; of a PFNMAP vma nothing else is counted, private copies included, with the row
 * `walkSkipsPfnmap`. A page mapped by n PTEs of all processes counts 1/n in Pss, a slot of swap that n entries
 * name 1/n in SwapPss. Mirrors `smap_gather_stats` and `smaps_pte_range`.
 */
export function smapsSums(vma: VmArea): SmapsSums {
  const pageSizes = { KernelPageSize: PAGE_SIZE, MMUPageSize: PAGE_SIZE };
  const sums = { ...zeros(SMAPS_SUMS), ...pageSizes, Size: vma.vmEnd - vma.vmStart };
  const { pageTable, memory } = vma.mm;
  if (memory.kernel.walkSkipsPfnmap && hasAny(vma.vmFlags, VM_PFNMAP)) return sums;
  for (let address: number = vma.vmStart; address < vma.vmEnd;) {
    const leaf = pageTable.leaf(address as VirtAddr);
    if (leaf === undefined) {
      address = leafStartAfter(address);
      continue;
    }
    const index = pteIndex(address as VirtAddr);
    const bits = leaf.bitsAt(index);
    if (hasAny(bits, PTE_SWAP)) addSwapEntry(sums, vma, leaf.pfnAt(index));
    else if (bits !== 0) addPte(sums, vma, address as VirtAddr, leaf.pfnAt(index), bits);
    address += PAGE_SIZE;
  }
  if (hasAny(vma.vmFlags, VM_LOCKED)) sums.Locked = sums.Pss;
  return sums;
}

const leafStartAfter = (address: number): number =>
  Math.floor(address / LEAF_SPAN) * LEAF_SPAN + LEAF_SPAN;

/** Fraction in which the kernel adds up shares of pages (PSS_SHIFT 12). */
const PSS_UNIT = 4096;

/** Share of one of `users` in a page, bytes. */
const shareOf = (users: number): number => Math.floor((PAGE_SIZE * PSS_UNIT) / users) / PSS_UNIT;

/** Mirrors the swap half of `smaps_pte_entry`. */
function addSwapEntry(sums: SmapsSums, vma: VmArea, pfn: Pfn): void {
  sums.Swap += PAGE_SIZE;
  sums.SwapPss += shareOf(vma.mm.memory.swap.count(Number(pfn) as SwapSlot));
}

/** Mirrors `smaps_pte_entry` with `smaps_account`. */
function addPte(sums: SmapsSums, vma: VmArea, address: VirtAddr, pfn: Pfn, bits: number): void {
  const { frames, kernel } = vma.mm.memory;
  const page = vmNormalPage(vma, address, pfn, bits);
  if (page === undefined) {
    if (kernel.smapsCountsRaw) sums.Rss += PAGE_SIZE;
    return;
  }
  const mapcount = frames.mapcount(page);
  const share = shareOf(mapcount);
  const isDirty =
    hasAny(bits, PTE_DIRTY) || (kernel.smapsCountsDirtyPages && frames.testFlag(page, 'dirty'));
  const owners = mapcount >= 2 ? 'Shared' : 'Private';
  sums.Rss += PAGE_SIZE;
  sums.Pss += share;
  if (isDirty) sums.Pss_Dirty += share;
  sums[`${owners}_${isDirty ? 'Dirty' : 'Clean'}` as const] += PAGE_SIZE;
  if (hasAny(bits, PTE_YOUNG) || frames.testFlag(page, 'referenced')) sums.Referenced += PAGE_SIZE;
  if (frames.testFlag(page, 'anon')) sums.Anonymous += PAGE_SIZE;
}
