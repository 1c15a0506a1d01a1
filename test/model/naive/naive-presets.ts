/** What differs between the kernels: B24, completed, one row for each preset. */
import type { Preset } from '../contract.ts';
import { VM } from './naive-flags.ts';

export interface Rules {
  /** B3, B24.1. */
  readonly pteSpecial: boolean;
  /** B20: the MMU sets young and dirty; otherwise a fault does. */
  readonly hardwareYoung: boolean;
  /** S4: what a pfn without struct page does in vm_normal_page, where a page is expected. */
  readonly bogusPfn: 'bad_pte' | 'bad_pte with DEBUG_VM, else BUG' | 'BUG';
  /** B3 SP: what a special entry does in a vma with neither flag. */
  readonly strayedSpecial: 'BUG with DEBUG_VM, else raw' | 'bad_pte';
  /** B24.2. */
  readonly insertReturns: 'errno' | 'VM_FAULT';
  /** C1.0: mixed maps since 2.6.26. */
  readonly mixedMaps: boolean;
  /** B9: vmf_insert_mixed_mkwrite since 4.17. */
  readonly mkwrite: boolean;
  /** B24.3. */
  readonly insertMixedElsewhere: 'BUG' | 'SIGBUS';
  /** B24.4: the flag of vm_insert_page; MIXEDMAP goes with the checks of the lock and of PFNMAP. */
  readonly insertPageFlag: number;
  /** B8: asserts and checks of vm_insert_pfn are those of K24. */
  readonly insertPfnOfK24: boolean;
  /** S5: the function that has them. */
  readonly insertPfnName: string;
  /** B11.3. */
  readonly remapFlags: number;
  /** S34: __do_fault has BUG_ON(PFNMAP). */
  readonly faultRefusesPfnmap: boolean;
  /** B15, B24.5: vmas with one of these flags are copied without anon_vma. */
  readonly forkCopies: number;
  /** B1, B24.6. */
  readonly vmSpecial: number;
  /** B24.8, B4. */
  readonly anonRead: 'counted zero page' | 'new page' | 'zero page';
  /** B24.9. */
  readonly anonReuse: 'M + swap == 1' | 'M + swap <= 1' | 'exclusive';
  /** B24.10. */
  readonly cowPageFirst: boolean;
  /** B24.12. */
  readonly evenCowsKeeps: 'other mapping' | 'anon';
  /** B24.13. */
  readonly gupRaw: 'EFAULT' | 'EEXIST';
  /** B17: a gup read of untouched anonymous memory gets the zero page without an entry. */
  readonly gupZeroPage: boolean;
  /** B24.14 (of use without hardware young only). */
  readonly zeroFillBug: boolean;
  /** B24.16. */
  readonly lockedRawOops: boolean;
  /** C1.0, B24.18. */
  readonly axfsFlags: number;
  /** C1.2, C1.4: reads go through the page cache (3.16), faults take the copy away (4.0). */
  readonly axfsReadsCache: boolean;
  /** B24.20. */
  readonly mincoreSkipsPfnmap: boolean;
  /** B24.21. */
  readonly mprotectUpgrades: boolean;
  /** B24.23. */
  readonly swapSurvivesUnmapMapping: boolean;
  /** B16 mlock: up to 2.6.28 or since 3.14. */
  readonly mlock: 'old' | 'new';
  /** B16: madvise DODUMP (3.4), PAGEOUT (5.4). */
  readonly dodump: boolean;
  readonly pageout: boolean;
  /** Contract 3: mremap wants its first page mapped, whatever it is to do. */
  readonly mremapLooksFirst: boolean;
  /** Contract 6. */
  readonly references: 'any' | 'counted, anon activates' | 'counted';
}

const OLD_SPECIAL = VM.IO | VM.DONTEXPAND | VM.RESERVED | VM.PFNMAP;
const NEW_SPECIAL = VM.IO | VM.DONTEXPAND | VM.PFNMAP | VM.MIXEDMAP;

const K28_ARM: Rules = {
  pteSpecial: false,
  hardwareYoung: false,
  bogusPfn: 'BUG',
  strayedSpecial: 'BUG with DEBUG_VM, else raw',
  insertReturns: 'errno',
  mixedMaps: true,
  mkwrite: false,
  insertMixedElsewhere: 'BUG',
  insertPageFlag: VM.INSERTPAGE,
  insertPfnOfK24: false,
  insertPfnName: 'vm_insert_pfn',
  remapFlags: VM.IO | VM.RESERVED | VM.PFNMAP,
  faultRefusesPfnmap: false,
  forkCopies: VM.PFNMAP | VM.INSERTPAGE,
  vmSpecial: OLD_SPECIAL,
  anonRead: 'new page',
  anonReuse: 'M + swap == 1',
  cowPageFirst: false,
  evenCowsKeeps: 'other mapping',
  gupRaw: 'EFAULT',
  gupZeroPage: true,
  zeroFillBug: true,
  lockedRawOops: true,
  axfsFlags: VM.CAN_NONLINEAR | VM.MIXEDMAP,
  axfsReadsCache: false,
  mincoreSkipsPfnmap: false,
  mprotectUpgrades: false,
  swapSurvivesUnmapMapping: true,
  mlock: 'old',
  dodump: false,
  pageout: false,
  mremapLooksFirst: false,
  references: 'any',
};

const K24: Rules = {
  ...K28_ARM,
  bogusPfn: 'bad_pte with DEBUG_VM, else BUG',
  mixedMaps: false,
  insertPfnOfK24: true,
  faultRefusesPfnmap: true,
  lockedRawOops: false,
};

const K49_ARM: Rules = {
  ...K28_ARM,
  bogusPfn: 'bad_pte',
  strayedSpecial: 'bad_pte',
  insertPageFlag: VM.MIXEDMAP,
  insertPfnName: 'vm_insert_pfn_prot',
  remapFlags: VM.IO | VM.PFNMAP | VM.DONTEXPAND | VM.DONTDUMP,
  forkCopies: VM.PFNMAP | VM.MIXEDMAP,
  vmSpecial: NEW_SPECIAL,
  anonRead: 'zero page',
  anonReuse: 'M + swap <= 1',
  cowPageFirst: true,
  gupZeroPage: false,
  lockedRawOops: false,
  axfsFlags: VM.IO | VM.MIXEDMAP,
  axfsReadsCache: true,
  mincoreSkipsPfnmap: true,
  mlock: 'new',
  dodump: true,
  references: 'counted, anon activates',
};

const K612_X86: Rules = {
  ...K49_ARM,
  pteSpecial: true,
  hardwareYoung: true,
  insertReturns: 'VM_FAULT',
  mkwrite: true,
  insertMixedElsewhere: 'SIGBUS',
  insertPfnName: 'vmf_insert_pfn_prot',
  anonReuse: 'exclusive',
  evenCowsKeeps: 'anon',
  gupRaw: 'EEXIST',
  zeroFillBug: false,
  mprotectUpgrades: true,
  swapSurvivesUnmapMapping: false,
  pageout: true,
  mremapLooksFirst: true,
  references: 'counted',
};

export const RULES: Readonly<Record<Preset, Rules>> = {
  '2.6.23': { ...K24, bogusPfn: 'bad_pte', anonRead: 'counted zero page' },
  '2.6.24': K24,
  '2.6.28-arm': K28_ARM,
  '2.6.28-x86': { ...K28_ARM, pteSpecial: true, hardwareYoung: true, zeroFillBug: false },
  '4.9-arm': K49_ARM,
  '6.1-x86': K612_X86,
  '6.12-x86': K612_X86,
};
