/**
 * Defects in the files of src/mm from madvise.ts on. See defects.ts.
 *
 * @module
 */
import type { Defect } from './defects.ts';

export const DEFECTS_M_TO_Z: readonly Defect[] = [
  {
    name: 'DONTNEED of locked memory',
    file: 'madvise.ts',
    find: `    if (hasAny(vma.vmFlags, VM_LOCKED + VM_PFNMAP)) return 'EINVAL';
    zapPageRange`,
    replace: `    if (hasAny(vma.vmFlags, VM_PFNMAP)) return 'EINVAL';
    zapPageRange`,
  },
  {
    name: 'PAGEOUT of shared pages',
    file: 'madvise.ts',
    find: ' || frames.mapcount(page) !== 1',
    replace: '',
    preset: '6.1-x86',
  },
  {
    name: 'advice ignores holes',
    file: 'madvise.ts',
    find: `      if (start > at) result = 'ENOMEM';
`,
    replace: '',
  },
  {
    name: 'mincore forgets pgoff',
    file: 'mincore.ts',
    find: 'peek(linearPageIndex(vma, address))',
    replace: 'peek(linearPageIndex(vma, address) - vma.vmPgoff)',
  },
  {
    name: 'mlock counts the wrong vma',
    file: 'mlock.ts',
    find: '(end - start)) / PAGE_SIZE',
    replace: '(vma.vmEnd - vma.vmStart)) / PAGE_SIZE',
  },
  {
    name: 'mlock only reads',
    file: 'mlock.ts',
    find: 'hasAny(vmFlags, VM_WRITE) && !hasAny(vmFlags, VM_SHARED);',
    replace: '!hasAny(vmFlags, VM_WRITE) && !hasAny(vmFlags, VM_SHARED) && vma === undefined;',
  },
  {
    name: 'munlock leaves pages mlocked',
    file: 'mlock.ts',
    find: `  if (!on) unmarkPages(part);
`,
    replace: '',
  },
  {
    name: 'anonymous memory has no place',
    file: 'mm.ts',
    find: 'file === undefined ? start / PAGE_SIZE : 0',
    replace: '0',
  },
  {
    name: 'execution needs no right',
    file: 'mm.ts',
    find: 'exec: VM_EXEC }',
    replace: 'exec: VM_EXEC + VM_READ }',
  },
  {
    name: 'minor faults are major',
    file: 'mm.ts',
    find: `if (hasAny(result, VM_FAULT_MAJOR)) this.majflt += 1;
    else this.minflt`,
    replace: `if (hasAny(result, VM_FAULT_MAJOR)) this.minflt += 1;
    else this.minflt`,
  },
  {
    name: 'munmap counts locked pages twice',
    file: 'mm.ts',
    find: 'this.lockedVm -= (vma.vmEnd - vma.vmStart) / PAGE_SIZE',
    replace: 'this.lockedVm -= (end - start) / PAGE_SIZE',
  },
  {
    name: 'mprotect charges shared memory',
    file: 'mprotect.ts',
    find: 'VM_ACCOUNT + VM_WRITE + VM_SHARED',
    replace: 'VM_ACCOUNT + VM_WRITE',
  },
  {
    name: 'mprotect forgets EXEC',
    file: 'mprotect.ts',
    find: 'PTE_USER + PTE_EXEC + PTE_WRITE',
    replace: 'PTE_USER + PTE_WRITE',
  },
  {
    name: 'mprotect forgets USER',
    file: 'mprotect.ts',
    find: 'PTE_USER + PTE_EXEC + PTE_WRITE',
    replace: 'PTE_EXEC + PTE_WRITE',
  },
  {
    name: 'mprotect makes any anonymous page writable',
    file: 'mprotect.ts',
    find: `frames.testFlag(page, 'anon_exclusive')`,
    replace: `frames.testFlag(page, 'anon')`,
    preset: '6.1-x86',
  },
  {
    name: 'mremap grows PFNMAP',
    file: 'mremap.ts',
    find: 'VM_DONTEXPAND + VM_PFNMAP',
    replace: 'VM_DONTEXPAND',
    preset: '2.6.28-arm',
  },
  {
    name: 'mremap leaves the old entries',
    file: 'mremap.ts',
    find: `    leaf.clear(index);
`,
    replace: '',
  },
  {
    name: 'mremap loses pgoff',
    file: 'mremap.ts',
    find: 'Number(linearPageIndex(vma, address)) as Pgoff',
    replace: 'vma.vmPgoff as Pgoff',
  },
  {
    name: 'mremap loses the family',
    file: 'mremap.ts',
    find: `  if (vma.anonVma !== undefined) anonVmaLink(moved, vma.anonVma);
`,
    replace: '',
  },
  {
    name: 'the COW rule is forgotten',
    file: 'normal-page.ts',
    find: `    if (!isCowMapping(vma.vmFlags)) return undefined;
`,
    replace: '',
    preset: '2.6.28-arm',
  },
  {
    name: 'MIXEDMAP: every entry is raw',
    file: 'normal-page.ts',
    find: '    return memory.physical.pfnValid(pfn) ? memory.physical.pfnToPage(pfn) : undefined;',
    replace: '    return undefined;',
    preset: '2.6.28-arm',
  },
  {
    name: 'PROT_NONE is for users',
    file: 'pagetable.ts',
    find: '((vmFlags & (VM_READ | VM_WRITE | VM_EXEC)) !== 0 ? PTE_USER : 0)',
    replace: 'PTE_USER',
  },
  {
    name: 'a forced copy is writable',
    file: 'pagetable.ts',
    find: 'bits | PTE_DIRTY | ((vmFlags & VM_WRITE) !== 0 ? PTE_WRITE : 0)',
    replace: 'bits | PTE_DIRTY | PTE_WRITE',
  },
  {
    name: 'a store does not make dirty',
    file: 'pagetable.ts',
    find: 'PTE_YOUNG | PTE_DIRTY);',
    replace: 'PTE_YOUNG);',
  },
  {
    name: 'a page is freed too early',
    file: 'put-page.ts',
    find: 'frames.refcount(page) > 1 || frames.mayBeFreed(page)',
    replace: 'frames.refcount(page) > 2 || frames.mayBeFreed(page)',
  },
  {
    name: 'reclaim frees a page in use',
    file: 'reclaim.ts',
    find: 'frames.refcount(page) !== 2',
    replace: 'frames.refcount(page) > 3',
  },
  {
    name: 'reclaim ignores VM_LOCKED',
    file: 'reclaim.ts',
    find: `  if (entries.some(({ vma }) => hasAny(vma.vmFlags, VM_LOCKED))) return 'mlocked';
`,
    replace: '',
  },
  {
    name: 'reclaim leaves entries young',
    file: 'reclaim.ts',
    find: `    leaf.set(index, leaf.pfnAt(index), withoutFlags(leaf.bitsAt(index), PTE_YOUNG));
`,
    replace: '    ;',
  },
  {
    name: 'swap entries are never exclusive',
    file: 'reclaim.ts',
    find: `frames.testFlag(page, 'anon_exclusive') ? PTE_SWAP_EXCLUSIVE : 0`,
    replace: '0',
    preset: '6.1-x86',
  },
  {
    name: 'remap does not remember the first pfn',
    file: 'remap.ts',
    find: `    vma.vmPgoff = Number(pfn) as Pgoff;
`,
    replace: '',
  },
  {
    name: 'remap maps one frame',
    file: 'remap.ts',
    find: '(pfn + (at - address) / PAGE_SIZE) as Pfn',
    replace: 'pfn',
  },
  {
    name: 'rmap forgets pgoff',
    file: 'rmap.ts',
    find: '(index - vma.vmPgoff) * PAGE_SIZE',
    replace: 'index * PAGE_SIZE',
  },
  {
    name: 'rmap takes any entry',
    file: 'rmap.ts',
    find: 'leaf === undefined || leaf.pfnAt(index) !== frame',
    replace: 'leaf === undefined',
  },
  {
    name: 'a page put in the swap cache is not referenced',
    file: 'swap.ts',
    find: `    this.#frames.getPage(page);
    this.#frames.setFlag(page, 'swapcache'`,
    replace: `    this.#frames.setFlag(page, 'swapcache'`,
  },
  {
    name: 'swap shares bytes',
    file: 'swap.ts',
    find: '.bytes(page).slice()',
    replace: '.bytes(page)',
  },
  {
    name: 'swap-in forgets RSS',
    file: 'swap-fault.ts',
    find: `  mm.addRss('anon', 1);
`,
    replace: '',
  },
  {
    name: 'swap-in keeps the slot',
    file: 'swap-fault.ts',
    find: `  swap.free(slot);
`,
    replace: '',
  },
  {
    name: 'swap-in forgets that the page was exclusive',
    file: 'swap-fault.ts',
    find: '(wasExclusive || isOnlyUser)',
    replace: 'isOnlyUser',
    preset: '6.1-x86',
  },
  {
    name: 'an assertion does not stop the task',
    file: 'task.ts',
    find: `    mm.die();
`,
    replace: '',
  },
  {
    name: 'invalidation forgets pgoff',
    file: 'truncate.ts',
    find: 'const inVma = first - vma.vmPgoff;',
    replace: 'const inVma = first;',
  },
  {
    name: 'invalidation misses the last page',
    file: 'truncate.ts',
    find: '(inVma + pages) * PAGE_SIZE',
    replace: '(inVma + pages - 1) * PAGE_SIZE',
  },
  {
    name: 'truncate leaves cache pages',
    file: 'truncate.ts',
    find: `  mapping.truncate(pages);
`,
    replace: '',
  },
  {
    name: 'a split does not shift pgoff',
    file: 'vma.ts',
    find: 'pgoff: pgoff(linearPageIndex(vma, address))',
    replace: 'pgoff: pgoff(vma.vmPgoff)',
  },
  {
    name: 'a split loses the family',
    file: 'vma.ts',
    find: `    if (vma.anonVma !== undefined) anonVmaLink(upper, vma.anonVma);
`,
    replace: '',
  },
  {
    name: 'a vma found last is remembered for too long',
    file: 'vma.ts',
    find: `    this.#cache = undefined;
    anon`,
    replace: '    anon',
  },
  {
    name: 'vmas merge whatever pgoff',
    file: 'vma.ts',
    find: `    Number(linearPageIndex(lower, upper.vmStart)) === Number(upper.vmPgoff) &&
`,
    replace: '',
  },
  {
    name: 'a read-only file may be written',
    file: 'vmflags.ts',
    find: 'vmFlags &= ~(VM_MAYWRITE | VM_SHARED)',
    replace: 'vmFlags &= ~VM_SHARED',
  },
  {
    name: 'invalidation keeps no swapped copies',
    file: 'zap.ts',
    find: '(memory.kernel.unmapKeepsSwap || !details.evenCows)',
    replace: 'memory.kernel.unmapKeepsSwap',
    preset: '6.1-x86',
  },
  {
    name: 'munmap leaves a page mlocked',
    file: 'zap.ts',
    find: `  if (hasAny(vma.vmFlags, VM_LOCKED)) frames.setFlag(page, 'mlocked', false);
`,
    replace: '',
  },
  {
    name: 'zap drops no reference',
    file: 'zap.ts',
    find: `  putPage(mm.memory, page);
}`,
    replace: '}',
  },
  {
    name: 'zap forgets RSS',
    file: 'zap.ts',
    find: `  mm.addRss(isAnon ? 'anon' : 'file', -1);
`,
    replace: '',
  },
  {
    name: 'zap ignores evenCows',
    file: 'zap.ts',
    find: '  if (evenCows) return false;',
    replace: '',
  },
  {
    name: 'zap loses dirty',
    file: 'zap.ts',
    find: `    if (hasAny(bits, PTE_DIRTY)) frames.setFlag(page, 'dirty', true);
`,
    replace: '',
  },
  {
    name: 'zap misses a range that ends with its leaf',
    file: 'zap.ts',
    find: 'end >= leafEnd',
    replace: 'end > leafEnd',
  },
];
