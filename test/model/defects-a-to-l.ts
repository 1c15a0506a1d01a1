/**
 * Defects in the files of src/mm up to lru.ts. See defects.ts.
 *
 * @module
 */
import type { Defect } from './defects.ts';

export const DEFECTS_A_TO_L: readonly Defect[] = [
  {
    name: 'a page of no file keeps its mapping',
    file: 'address-space.ts',
    find: `    this.#memory.frames.setMapping(page, 0, 0);
`,
    replace: '',
  },
  {
    name: 'a vma that goes stays in its family',
    file: 'anon-vma.ts',
    find: `  anonVma.vmas.delete(vma);
`,
    replace: '',
  },
  {
    name: 'anonymous pages start inactive',
    file: 'anonymous.ts',
    find: `'active_anon'`,
    replace: `'inactive_anon'`,
  },
  {
    name: 'new memory is not cleared',
    file: 'anonymous.ts',
    find: `    clearPage(memory, page);
`,
    replace: '',
  },
  {
    name: 'the zero page is locked',
    file: 'anonymous.ts',
    find: ' && page !== zeroPage',
    replace: '',
    preset: '2.6.23',
  },
  {
    name: 'a page of two is reused',
    file: 'copy-on-write.ts',
    find: 'frames.mapcount(page) !== 1) return false;',
    replace: 'frames.mapcount(page) > 2) return false;',
  },
  {
    name: 'a store does not make young',
    file: 'copy-on-write.ts',
    find: 'withFlags(leaf.bitsAt(index), PTE_YOUNG), vma.vmFlags',
    replace: 'leaf.bitsAt(index), vma.vmFlags',
  },
  {
    name: 'copy-on-write copies nothing',
    file: 'copy-on-write.ts',
    find: `else copyPage(memory, memory.frames.bytes(page), copy, 'page');`,
    replace: 'else clearPage(memory, copy);',
  },
  {
    name: 'private memory is taken for shared',
    file: 'copy-on-write.ts',
    find: 'hasAll(vmFlags, VM_SHARED + VM_WRITE)',
    replace: 'hasAny(vmFlags, VM_SHARED + VM_WRITE)',
  },
  {
    name: 'reuse does not make exclusive',
    file: 'copy-on-write.ts',
    find: `    frames.setFlag(page, 'anon_exclusive', true);
`,
    replace: '',
    preset: '6.1-x86',
  },
  {
    name: 'the source of a copy keeps its counts',
    file: 'copy-on-write.ts',
    find: `  if (page !== undefined) unmapPage(vma, page, 0);
`,
    replace: '',
  },
  {
    name: 'a page for a copy that nobody needs is lost',
    file: 'fault.ts',
    find: `    if (copy !== undefined) frames.putPage(copy);
`,
    replace: '',
    preset: '4.9-arm',
  },
  {
    name: 'a store to a shared page leaves it clean',
    file: 'fault.ts',
    find: `    frames.setFlag(page, 'dirty', true);
`,
    replace: '',
  },
  {
    name: 'early copy-on-write forgets RSS',
    file: 'fault.ts',
    find: `  vma.mm.addRss('anon', 1);
`,
    replace: '',
  },
  {
    name: 'early copy-on-write keeps the source',
    file: 'fault.ts',
    find: `  if (page !== undefined) frames.putPage(page);
  memory.emitFault`,
    replace: '  memory.emitFault',
  },
  {
    name: 'fork copies only what flags say',
    file: 'fork.ts',
    find: 'hasAny(vma.vmFlags, forkCopies) || vma.anonVma !== undefined',
    replace: 'hasAny(vma.vmFlags, forkCopies)',
    preset: '2.6.28-arm',
  },
  {
    name: 'fork does not count swap slots',
    file: 'fork.ts',
    find: `    memory.swap.duplicate(Number(pfn) as SwapSlot);
`,
    replace: '',
  },
  {
    name: 'fork forgets RSS of the child',
    file: 'fork.ts',
    find: `  target.vma.mm.addRss(isAnon ? 'anon' : 'file', 1);
`,
    replace: '',
  },
  {
    name: 'fork ignores DONTCOPY',
    file: 'fork.ts',
    find: `    if (hasAny(vma.vmFlags, VM_DONTCOPY)) continue;
`,
    replace: '',
  },
  {
    name: 'fork leaves pages exclusive',
    file: 'fork.ts',
    find: `  memory.frames.setFlag(page, 'anon_exclusive', false);
`,
    replace: '',
    preset: '6.1-x86',
  },
  {
    name: 'fork leaves the entry of the child young',
    file: 'fork.ts',
    find: 'PTE_YOUNG + (isShared ? PTE_DIRTY : 0)',
    replace: 'isShared ? PTE_DIRTY : 0',
  },
  {
    name: 'fork leaves the parent writable',
    file: 'fork.ts',
    find: `    leaf.set(index, pfn, bits);
  }
  const isShared`,
    replace: `  }
  const isShared`,
  },
  {
    name: 'a freed frame keeps its flags',
    file: 'frames.ts',
    find: `    this.#flags[page] = 0;
`,
    replace: '',
  },
  {
    name: 'freed RAM stays in use',
    file: 'frames.ts',
    find: `    this.#total -= 1;
`,
    replace: '',
  },
  {
    name: 'gup of PFNMAP',
    file: 'gup.ts',
    find: 'hasAny(vmFlags, VM_IO + VM_PFNMAP)',
    replace: 'hasAny(vmFlags, VM_IO)',
    preset: '4.9-arm',
  },
  {
    name: 'gup reads the page that it should copy',
    file: 'gup.ts',
    find: 'if (write && !hasAny(bits, PTE_WRITE) && !isForcedCopy)',
    replace: 'if (write && hasAny(bits, PTE_DIRTY) && !hasAny(bits, PTE_WRITE) && !isForcedCopy)',
  },
  {
    name: 'gup takes no reference',
    file: 'gup.ts',
    find: `return getPage(vma.mm.memory, page) ? page : 'EFAULT';`,
    replace: 'return page;',
  },
  {
    name: 'insert_mixed counts by the wrong mark',
    file: 'insert.ts',
    find: '!kernel.pteSpecial && physical.pfnValid(pfn)',
    replace: 'kernel.pteSpecial && physical.pfnValid(pfn)',
    preset: '2.6.28-arm',
  },
  {
    name: 'insert_page forgets RSS',
    file: 'insert.ts',
    find: `  mm.addRss('file', 1);
`,
    replace: '',
  },
  {
    name: 'insert_page over an entry',
    file: 'insert.ts',
    find: `  if (leaf.bitsAt(index) !== 0) return 'EBUSY';
  frames.getPage(page);`,
    replace: '  frames.getPage(page);',
  },
  {
    name: 'insert_page under the lock for reading',
    file: 'insert.ts',
    find: '!vma.mm.mmapWriteLocked && !kernel',
    replace: 'vma.mm === undefined && !kernel',
    preset: '4.9-arm',
  },
  {
    name: 'insert_pfn in a COW vma',
    file: 'insert.ts',
    find: 'hasAny(vmFlags, VM_PFNMAP) && isCowMapping(vmFlags)',
    replace: 'hasAll(vmFlags, VM_PFNMAP + VM_SHARED) && isCowMapping(vmFlags)',
  },
  {
    name: 'insert_pfn of a page',
    file: 'insert.ts',
    find: '      vma.mm.memory.physical.pfnValid(pfn),',
    replace: '      !vma.mm.memory.physical.pfnValid(pfn),',
  },
  {
    name: 'a busy entry is a failure',
    file: 'insert.ts',
    find: `    case 'EBUSY':
      return VM_FAULT_NOPAGE;`,
    replace: `      return VM_FAULT_NOPAGE;
    case 'EBUSY':`,
    preset: '6.1-x86',
  },
  {
    name: 'raw entries have no special bit',
    file: 'insert.ts',
    find: 'vma.mm.memory.kernel.pteSpecial ? PTE_SPECIAL : 0',
    replace: 'vma.mm.memory.kernel.pteSpecial ? 0 : 0',
    preset: '2.6.28-x86',
  },
  {
    name: 'a page put back is lost',
    file: 'lru.ts',
    find: '    this.#link(page, this.listOf(page));',
    replace: '    this.listOf(page);',
  },
  {
    name: 'activation leaves the flag',
    file: 'lru.ts',
    find: `    this.#frames.setFlag(page, 'active', active);
`,
    replace: '',
  },
];
