/**
 * Rows of kernel presets with the value of another kernel. See defects.ts.
 *
 * @module
 */
import type { Defect } from './defects.ts';

export const DEFECTS_OF_PRESETS: readonly Defect[] = [
  {
    name: '2.6.23: the zero page is not counted',
    file: 'kernel.ts',
    find: `  anonReadFault: 'counted_zero_page',`,
    replace: `  anonReadFault: 'zero_page',`,
    preset: '2.6.23',
  },
  {
    name: '2.6.24: the zero page is mapped',
    file: 'kernel.ts',
    find: `  anonReadFault: 'new_page',`,
    replace: `  anonReadFault: 'zero_page',`,
    preset: '2.6.24',
  },
  {
    name: '2.6: fork copies no INSERTPAGE',
    file: 'kernel.ts',
    find: '  forkCopies: VM_PFNMAP + VM_INSERTPAGE,',
    replace: '  forkCopies: VM_PFNMAP,',
    preset: '2.6.28-arm',
  },
  {
    name: '2.6.28: MIXEDMAP follows the linear rule',
    file: 'kernel.ts',
    find: '  rawUnlessPfnValid: VM_MIXEDMAP,',
    replace: '  rawUnlessPfnValid: 0,',
    preset: '2.6.28-arm',
  },
  {
    name: '2.6.28: PFNMAP may not fault',
    file: 'kernel.ts',
    find: '  pfnmapMayFault: true,',
    replace: '  pfnmapMayFault: false,',
    preset: '2.6.28-arm',
  },
  {
    name: '4.9: MIXEDMAP is not special',
    file: 'kernel.ts',
    find: 'VM_IO + VM_DONTEXPAND + VM_PFNMAP + VM_MIXEDMAP,',
    replace: 'VM_IO + VM_DONTEXPAND + VM_PFNMAP,',
    preset: '4.9-arm',
  },
  {
    name: '4.9: copy after the fault',
    file: 'kernel.ts',
    find: `  cowPageAllocated: 'before_fault',`,
    replace: `  cowPageAllocated: 'after_fault',`,
    preset: '4.9-arm',
  },
  {
    name: '4.9: fork copies no MIXEDMAP',
    file: 'kernel.ts',
    find: '  forkCopies: VM_PFNMAP + VM_MIXEDMAP,',
    replace: '  forkCopies: VM_PFNMAP,',
    preset: '4.9-arm',
  },
  {
    name: '4.9: mlock looks once',
    file: 'kernel.ts',
    find: '  mlockFaultsInAgain: true,',
    replace: '  mlockFaultsInAgain: false,',
    preset: '4.9-arm',
  },
  {
    name: '4.9: read goes past the page cache',
    file: 'kernel.ts',
    find: `  readOfXip: 'page_cache',`,
    replace: `  readOfXip: 'direct',`,
    preset: '4.9-arm',
  },
  {
    name: '4.9: reclaim as 6.1',
    file: 'kernel.ts',
    find: `  reclaimReferenced: 'second_chance_file',`,
    replace: `  reclaimReferenced: 'second_chance',`,
    preset: '4.9-arm',
  },
  {
    name: '4.9: remap leaves it in dumps',
    file: 'kernel.ts',
    find: 'VM_IO + VM_PFNMAP + VM_DONTEXPAND + VM_DONTDUMP',
    replace: 'VM_IO + VM_PFNMAP + VM_DONTEXPAND',
    preset: '4.9-arm',
  },
  {
    name: '6.1: evenCows as before',
    file: 'kernel.ts',
    find: `  evenCowsKeeps: 'anon',`,
    replace: `  evenCowsKeeps: 'other_mappings',`,
    preset: '6.1-x86',
  },
  {
    name: '6.1: insert_mixed stops',
    file: 'kernel.ts',
    find: `  insertMixedUnmarked: 'sigbus',`,
    replace: `  insertMixedUnmarked: 'bug',`,
    preset: '6.1-x86',
  },
  {
    name: '6.1: invalidation keeps swap',
    file: 'kernel.ts',
    find: '  unmapKeepsSwap: false,',
    replace: '  unmapKeepsSwap: true,',
    preset: '6.1-x86',
  },
  {
    name: '6.1: mprotect leaves exclusive pages',
    file: 'kernel.ts',
    find: '  mprotectMakesExclusiveWritable: true,',
    replace: '  mprotectMakesExclusiveWritable: false,',
    preset: '6.1-x86',
  },
  {
    name: '6.1: mremap looks later',
    file: 'kernel.ts',
    find: '  mremapLooksFirst: true,',
    replace: '  mremapLooksFirst: false,',
    preset: '6.1-x86',
  },
  {
    name: '6.1: reuse by mapcount',
    file: 'kernel.ts',
    find: `  anonReuse: 'exclusive',`,
    replace: `  anonReuse: 'mapcount',`,
    preset: '6.1-x86',
  },
];
