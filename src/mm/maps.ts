/**
 * `/proc/<pid>/maps` and `smaps` of a process, as text (fs/proc/task_mmu.c).
 *
 * @module
 */
import { PAGE_SIZE, type Pfn, type VirtAddr } from '../base/units.ts';
import type { SmapsLine } from './kernel.ts';
import type { MmStruct } from './mm.ts';
import { vmNormalPage } from './normal-page.ts';
import { LEAF_SPAN, PTE_DIRTY, PTE_YOUNG, pteIndex } from './pagetable.ts';
import type { VmArea } from './vma.ts';
import { hasAny, smapsVmFlags, VM_EXEC, VM_MAYSHARE, VM_READ, VM_WRITE } from './vmflags.ts';

/** Sums of one vma, in bytes, as the lines of smaps show them in kB. */
export type SmapsSums = Record<Exclude<SmapsLine, 'VmFlags'>, number>;

/**
 * Text of `/proc/<pid>/maps`: one line a vma. For a file the third column is the offset of its first
 * page; in a private PFNMAP mapping that is a physical address.
 */
export function formatMaps(mm: MmStruct): string {
  let text = '';
  for (const vma of mm.vmas) text += `${mapsLine(vma)}\n`;
  return text;
}

/** Text of `/proc/<pid>/smaps`, with the lines that the kernel's row `smapsLines` names. */
export function formatSmaps(mm: MmStruct): string {
  let text = '';
  for (const vma of mm.vmas) {
    text += `${mapsLine(vma)}\n`;
    const sums = smapsSums(vma);
    for (const line of mm.memory.kernel.smapsLines)
      text +=
        line === 'VmFlags'
          ? `VmFlags: ${smapsVmFlags(vma.vmFlags)}\n`
          : `${`${line}:`.padEnd(16)}${String(Math.floor(sums[line] / 1024)).padStart(8)} kB\n`;
  }
  return text;
}

/**
 * What one vma has in RAM. Raw PTEs count in Size only, and in Rss with the kernel's row
 * `smapsCountsRaw`. A page mapped by n PTEs of all processes counts 1/n in Pss. Mirrors `smap_gather_stats`
 * and `smaps_pte_range`.
 */
export function smapsSums(vma: VmArea): SmapsSums {
  const sums: SmapsSums = {
    Size: vma.vmEnd - vma.vmStart,
    KernelPageSize: PAGE_SIZE,
    MMUPageSize: PAGE_SIZE,
    Rss: 0,
    Pss: 0,
    Shared_Clean: 0,
    Shared_Dirty: 0,
    Private_Clean: 0,
    Private_Dirty: 0,
    Referenced: 0,
    Anonymous: 0,
  };
  const { pageTable } = vma.mm;
  for (let address: number = vma.vmStart; address < vma.vmEnd;) {
    const leaf = pageTable.leaf(address as VirtAddr);
    if (leaf === undefined) {
      address = leafStartAfter(address);
      continue;
    }
    const index = pteIndex(address as VirtAddr);
    if (leaf.bitsAt(index) !== 0)
      addPte(sums, vma, address as VirtAddr, leaf.pfnAt(index), leaf.bitsAt(index));
    address += PAGE_SIZE;
  }
  return sums;
}

const leafStartAfter = (address: number): number =>
  Math.floor(address / LEAF_SPAN) * LEAF_SPAN + LEAF_SPAN;

/** Fraction in which the kernel adds up shares of pages (PSS_SHIFT 12). */
const PSS_UNIT = 4096;

/** Mirrors `smaps_pte_entry`. */
function addPte(sums: SmapsSums, vma: VmArea, address: VirtAddr, pfn: Pfn, bits: number): void {
  const { frames, kernel } = vma.mm.memory;
  const page = vmNormalPage(vma, address, pfn, bits);
  if (page === undefined) {
    if (kernel.smapsCountsRaw) sums.Rss += PAGE_SIZE;
    return;
  }
  const mapcount = frames.mapcount(page);
  const dirty = hasAny(bits, PTE_DIRTY) || frames.testFlag(page, 'dirty');
  const owners = mapcount >= 2 ? 'Shared' : 'Private';
  sums.Rss += PAGE_SIZE;
  sums.Pss += Math.floor((PAGE_SIZE * PSS_UNIT) / mapcount) / PSS_UNIT;
  sums[`${owners}_${dirty ? 'Dirty' : 'Clean'}` as const] += PAGE_SIZE;
  if (hasAny(bits, PTE_YOUNG) || frames.testFlag(page, 'referenced')) sums.Referenced += PAGE_SIZE;
  if (frames.testFlag(page, 'anon')) sums.Anonymous += PAGE_SIZE;
}

/** Mirrors `show_map_vma`. */
function mapsLine(vma: VmArea): string {
  const { file } = vma;
  const hex = (value: number): string => value.toString(16).padStart(8, '0');
  const right = (flag: number, letter: string): string =>
    hasAny(vma.vmFlags, flag) ? letter : '-';
  const rights =
    right(VM_READ, 'r') +
    right(VM_WRITE, 'w') +
    right(VM_EXEC, 'x') +
    (hasAny(vma.vmFlags, VM_MAYSHARE) ? 's' : 'p');
  const offset = file === undefined ? 0 : vma.vmPgoff * PAGE_SIZE;
  const place = file === undefined ? '00:00 0' : `${file.device} ${String(file.ino)}`;
  const head = `${hex(vma.vmStart)}-${hex(vma.vmEnd)} ${rights} ${hex(offset)} ${place} `;
  if (file === undefined) return head;
  const column = 25 + vma.mm.memory.kernel.pointerBytes * 6;
  return head.padEnd(column) + file.name.replaceAll('\n', '\\012');
}
