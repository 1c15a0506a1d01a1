/**
 * Looking at page tables from outside: what the kernel would say of an entry, without its reports and stops.
 *
 * @module
 */
import type { Pfn, VirtAddr } from '../base/units.ts';
import type { Page } from '../mm/frames.ts';
import { KernelBug } from '../mm/kernel-bug.ts';
import { vmNormalPage } from '../mm/normal-page.ts';
import type { VmArea } from '../mm/vma.ts';

/**
 * What vm_normal_page says of a present entry: its page; undefined for a raw one; `bogus` where the kernel would
 * stop, or go on with a struct page that is none.
 */
export function lookAt(
  vma: VmArea,
  address: VirtAddr,
  pfn: Pfn,
  bits: number,
): Page | undefined | 'bogus' {
  const { memory } = vma.mm;
  const { onReport, badPteCount } = memory;
  const kept = memory.badPtes.length;
  memory.onReport = undefined;
  try {
    return vmNormalPage(vma, address, pfn, bits);
  } catch (error) {
    if (error instanceof KernelBug) return 'bogus';
    throw error;
  } finally {
    memory.onReport = onReport;
    memory.badPteCount = badPteCount;
    memory.badPtes.length = kept;
  }
}
