/**
 * What differs between the kernels modelled here, as rows. Code asks for a row, never for a version, so a
 * new kernel is a new entry. A row exists only when code acts on it and a test shows the difference.
 *
 * Sources: the rules of section B with their preset matrix (B24), and the kernels' own mm/.
 *
 * @module
 */
import { SMAPS_LINES_OF, STATUS_LINES_OF } from './proc-lines.ts';
import type { SmapsLine, StatusLine } from './proc-lines.ts';
import {
  VM_DONTDUMP,
  VM_DONTEXPAND,
  VM_INSERTPAGE,
  VM_IO,
  VM_MIXEDMAP,
  VM_PFNMAP,
  VM_RESERVED,
} from './vmflags.ts';

/** Advice of madvise(2) that some kernel here knows. */
export const ADVICE = [
  'normal',
  'willneed',
  'dontneed',
  'dontfork',
  'dofork',
  'dontdump',
  'dodump',
  'hugepage',
  'cold',
  'pageout',
] as const;

/** One of {@link ADVICE}. */
export type Advice = (typeof ADVICE)[number];

/** Assertions (`BUG_ON`) about what a mapping may hold. A proposal may take some out; no released kernel does. */
export const ASSERTIONS = [
  /** vm_insert_pfn: the vma is marked as one that takes raw pfns. */
  'insert_pfn_marked',
  /** vm_insert_pfn: not with two marks. */
  'insert_pfn_one_mark',
  /** vm_insert_pfn: a PFNMAP vma is not COW. */
  'insert_pfn_cow',
  /** vm_insert_pfn: a pfn that is raw because it has no struct page has none. */
  'insert_pfn_valid',
  /** vm_insert_mixed: the vma is MIXEDMAP. */
  'insert_mixed_marked',
  /** vm_insert_page (≥ 3.7): the mmap lock is held for writing when a vma is marked; it is not PFNMAP. */
  'insert_page_locked',
  'insert_page_pfnmap',
  /** remap_pfn_range: an entry that is filled is none. */
  'remap_pte_none',
] as const;

/** One of {@link ASSERTIONS}. */
export type Assertion = (typeof ASSERTIONS)[number];

/** One kernel: a version on an architecture. */
export interface KernelPreset {
  readonly name: string;

  /** VM_MIXEDMAP and vm_insert_mixed are there (≥ 2.6.26). */
  readonly mixedMap: boolean;
  /** A PTE can carry the special bit: raw or not is told by the entry itself, not by its pfn. */
  readonly pteSpecial: boolean;
  /** A PTE can carry a second bit: raw, though the device's frame has a struct page (≤ 6.14, with pteSpecial). */
  readonly pteDevmap: boolean;
  /**
   * Without the special bit: flags of vmas in which a pfn is raw exactly when it has no struct page. Vmas that
   * are PFNMAP follow the linear rule else.
   */
  readonly rawUnlessPfnValid: number;
  /** Assertions that are not there: none but in proposals. */
  readonly skips: readonly Assertion[];
  /**
   * The CPU sets neither young nor dirty: an old entry, and a clean one on a store, take a fault that sets
   * the bit (classic ARM).
   */
  readonly softwareYoung: boolean;
  /**
   * A PTE that must have a struct page, and has none:
   * - `report`: print_bad_pte, raw (≤ 2.6.23);
   * - `report_if_debug`: the same with CONFIG_DEBUG_VM, else a bogus struct page is used (2.6.24, 25);
   * - `bug_if_debug`: VM_BUG_ON, else a bogus struct page is used (2.6.26 to 28);
   * - `report_above_memmap`: print_bad_pte, raw, for pfns above the last struct page (≥ 2.6.29).
   */
  readonly invalidPfn: 'report' | 'report_if_debug' | 'bug_if_debug' | 'report_above_memmap';

  /** What vm_insert_pfn and vm_insert_mixed answer: an errno, or VM_FAULT_* (vmf_insert_*, ≥ 4.17). */
  readonly insertAnswers: 'errno' | 'vm_fault';
  /** Kernel function that has the assertions of vm_insert_pfn. */
  readonly insertPfnFunction: 'vm_insert_pfn' | 'vm_insert_pfn_prot' | 'vmf_insert_pfn_prot';
  /** vm_insert_pfn: only PFNMAP that is not COW, and no look at the address (2.6.24), or the later rules. */
  readonly insertPfnRules: 'pfnmap_only' | 'pfnmap_or_mixedmap';
  /** vm_insert_mixed into a vma that is not MIXEDMAP. */
  readonly insertMixedUnmarked: 'bug' | 'sigbus';
  /** Flag that vm_insert_page leaves on a vma; VM_MIXEDMAP (≥ 3.7) needs the mmap lock for writing. */
  readonly insertPageMarks: 'VM_INSERTPAGE' | 'VM_MIXEDMAP';
  /** vm_flags that remap_pfn_range sets. */
  readonly remapFlags: number;
  /** remap_pfn_range refuses an unaligned address (EINVAL). */
  readonly remapChecksAlignment: boolean;
  /** What a remap_pfn_range that fails on the way leaves mapped. */
  readonly remapFailureLeaves: 'what_was_mapped' | 'nothing';
  /** __do_fault stops in a PFNMAP vma (BUG_ON until 2.6.26-rc4). */
  readonly pfnmapMayFault: boolean;
  /** The `nopfn` operation is asked where there is no `fault` (2.6.19 to 2.6.26). */
  readonly nopfn: boolean;
  /** What mm/filemap_xip.c asks a file system for: a struct page, or an address and pfn; it went in 4.0. */
  readonly filemapXip: 'get_xip_page' | 'get_xip_mem' | 'none';
  /** A process that ends with RSS counters other than 0 is reported (`check_mm`, ≥ 3.4). */
  readonly checksRss: boolean;

  /** Early COW: the page for the copy is allocated before or after the handler is asked. */
  readonly cowPageAllocated: 'before_fault' | 'after_fault';
  /**
   * What a read of untouched anonymous memory maps: a page of its own, the zero page with counts as any
   * page (≤ 2.6.23), or the zero page raw (≥ 2.6.32).
   */
  readonly anonReadFault: 'new_page' | 'zero_page' | 'counted_zero_page';
  /** A write-protected anonymous page is reused when: nobody else maps it, also by swap; or it is exclusive. */
  readonly anonReuse: 'mapcount' | 'exclusive';
  /** A store to a raw page of a shared vma asks the handler's pfn_mkwrite, and needs no VM_WRITE test (≥ 4.1). */
  readonly pfnMkwrite: boolean;
  /** Pages mapped around a read fault of a file with map_pages, a power of two (1 = only the one). */
  readonly faultAroundPages: number;
  /** A vma with operations but without fault handler: anonymous memory, or SIGBUS. */
  readonly noFaultHandler: 'anonymous' | 'sigbus';
  /** The copy of an old raw PTE is zeros where young is set by fault (until 5.5). */
  readonly zeroFillBug: boolean;
  /** A raw page that cannot be read for its copy is reported, once (≥ 5.6); the copy is zeros all the same. */
  readonly rawCopyWarns: boolean;
  /** A store through another process's raw PTE copies the bytes of the running one. */
  readonly remoteCowBug: boolean;
  /** do_wp_page of a raw page in a VM_LOCKED vma follows a null pointer (2.6.28.0). */
  readonly lockedRawOops: boolean;

  /** Flags of a vma whose PTEs fork copies even when nothing in it was ever copied on write. */
  readonly forkCopies: number;
  /** Flags of vmas that are never merged and never locked. */
  readonly vmSpecial: number;
  /** mlock of what is locked already faults it in again (≥ 3.9), instead of doing nothing. */
  readonly mlockFaultsInAgain: boolean;
  /** mremap looks its first page up before anything else (≥ 5.15): a hole is EFAULT also where nothing is to be done. */
  readonly mremapLooksFirst: boolean;
  /** mprotect gives write permission back to exclusive anonymous pages at once (≥ 5.18). */
  readonly mprotectMakesExclusiveWritable: boolean;
  /** get_user_pages of a raw PTE. */
  readonly gupRaw: 'EFAULT' | 'EEXIST';
  /** gup of untouched anonymous memory gives the zero page without mapping anything (≤ 2.6.31). */
  readonly gupZeroPageUnmapped: boolean;
  /** Faulting memory in, for mlock and MAP_POPULATE, is content with raw entries (≥ 4.0). */
  readonly populateAcceptsRaw: boolean;
  /** Advice that madvise knows. */
  readonly advice: readonly Advice[];

  /** unmap_mapping_range without even_cows keeps pages of no or another mapping, or anonymous ones only. */
  readonly evenCowsKeeps: 'other_mappings' | 'anon';
  /** unmap_mapping_range leaves swap entries, with even_cows as well. */
  readonly unmapKeepsSwap: boolean;
  /** How reclaim treats a page that was referenced: see reclaim.ts. */
  readonly reclaimReferenced: 'activate' | 'second_chance_file' | 'second_chance';

  /** First address that user space cannot have. */
  readonly taskSize: number;
  /** Where the search for room starts, and in which direction it goes. */
  readonly mmapBase: number;
  readonly mmapTopDown: boolean;
  /** Frames of the top-level page directory, charged when a process starts (ARM: 16 KiB). */
  readonly pgdFrames: number;
  /** Bytes of a pointer: sets the column of file names in maps. */
  readonly pointerBytes: 4 | 8;

  /** Raw PTEs count in the Rss line of smaps (until 2.6.32). */
  readonly smapsCountsRaw: boolean;
  /** A page whose own dirty flag is set is dirty in smaps, or only one whose PTE says so (until 2.6.36). */
  readonly smapsCountsDirtyPages: boolean;
  /** Lines of smaps, in order. */
  readonly smapsLines: readonly SmapsLine[];
  /** Columns of the number in its THPeligible line. */
  readonly thpEligibleWidth: 1 | 8;
  /** Lines of status about memory, in order. */
  readonly statusLines: readonly StatusLine[];
  /** Flags of vmas that the VmSize line of status leaves out (until 3.6). */
  readonly vmSizeLeavesOut: number;
  /** The VmPTE line of status counts the middle levels of the tables as well (≥ 4.15). */
  readonly vmPteCountsMiddle: boolean;
  /** Entries of pagemap: there are none, with the page size in them (≥ 2.6.25), or with flags (≥ 4.2). */
  readonly pagemap: 'none' | 'page_shift' | 'flags';
  /** Every new vma is VM_SOFTDIRTY. */
  readonly softDirty: boolean;
  /** pagemap and mincore do not look into PFNMAP vmas (≥ 4.0). */
  readonly walkSkipsPfnmap: boolean;
  /** mincore tells the truth about the page cache only to who owns or may write the file. */
  readonly mincoreOwnerOnly: boolean;
  /** xip_file_fault finds the entry filled, as two threads racing make it: a BUG (until 3.3), or fine. */
  readonly xipFaultBusy: 'bug' | 'nopage';
  /** read(2) of a page that can be mapped from flash: from flash, or through the page cache (≥ 3.16). */
  readonly readOfXip: 'direct' | 'page_cache';
}

const ARM = {
  pteSpecial: false,
  softwareYoung: true,
  taskSize: 0xbf000000,
  pgdFrames: 4,
  pointerBytes: 4,
  softDirty: false,
} as const;

const ARM_BOTTOM_UP = { ...ARM, mmapBase: 0x40000000, mmapTopDown: false } as const;

const X86_64 = {
  pteSpecial: true,
  softwareYoung: false,
  taskSize: 0x7ffffffff000,
  mmapBase: 0x7ffff7fff000,
  mmapTopDown: true,
  pgdFrames: 1,
  pointerBytes: 8,
} as const;

const V2_6_23 = {
  mixedMap: false,
  pteDevmap: false,
  rawUnlessPfnValid: 0,
  skips: [],
  invalidPfn: 'report',
  insertAnswers: 'errno',
  insertPfnFunction: 'vm_insert_pfn',
  insertPfnRules: 'pfnmap_only',
  insertMixedUnmarked: 'bug',
  insertPageMarks: 'VM_INSERTPAGE',
  remapFlags: VM_IO + VM_RESERVED + VM_PFNMAP,
  remapChecksAlignment: false,
  remapFailureLeaves: 'what_was_mapped',
  pfnmapMayFault: false,
  nopfn: true,
  filemapXip: 'get_xip_page',
  checksRss: false,
  cowPageAllocated: 'after_fault',
  anonReadFault: 'counted_zero_page',
  anonReuse: 'mapcount',
  pfnMkwrite: false,
  faultAroundPages: 1,
  noFaultHandler: 'anonymous',
  zeroFillBug: true,
  rawCopyWarns: false,
  remoteCowBug: true,
  lockedRawOops: false,
  forkCopies: VM_PFNMAP + VM_INSERTPAGE,
  vmSpecial: VM_IO + VM_DONTEXPAND + VM_RESERVED + VM_PFNMAP,
  mprotectMakesExclusiveWritable: false,
  mremapLooksFirst: false,
  mlockFaultsInAgain: false,
  gupRaw: 'EFAULT',
  gupZeroPageUnmapped: true,
  populateAcceptsRaw: false,
  advice: ['normal', 'willneed', 'dontneed', 'dontfork', 'dofork'],
  evenCowsKeeps: 'other_mappings',
  unmapKeepsSwap: true,
  reclaimReferenced: 'activate',
  smapsCountsRaw: true,
  smapsCountsDirtyPages: false,
  smapsLines: SMAPS_LINES_OF['2.6.23'],
  thpEligibleWidth: 1,
  statusLines: STATUS_LINES_OF['2.6.23'],
  vmSizeLeavesOut: VM_RESERVED + VM_IO,
  vmPteCountsMiddle: false,
  pagemap: 'none',
  walkSkipsPfnmap: false,
  mincoreOwnerOnly: false,
  xipFaultBusy: 'nopage',
  readOfXip: 'direct',
} as const;

const V2_6_24 = {
  ...V2_6_23,
  invalidPfn: 'report_if_debug',
  anonReadFault: 'new_page',
} as const;

const V2_6_28 = {
  ...V2_6_24,
  mixedMap: true,
  rawUnlessPfnValid: VM_MIXEDMAP,
  nopfn: false,
  filemapXip: 'get_xip_mem',
  invalidPfn: 'bug_if_debug',
  insertPfnRules: 'pfnmap_or_mixedmap',
  pfnmapMayFault: true,
  lockedRawOops: true,
  smapsLines: SMAPS_LINES_OF['2.6.28'],
  pagemap: 'page_shift',
  xipFaultBusy: 'bug',
} as const;

const V4_9 = {
  ...V2_6_28,
  insertPfnFunction: 'vm_insert_pfn_prot',
  filemapXip: 'none',
  checksRss: true,
  invalidPfn: 'report_above_memmap',
  insertPageMarks: 'VM_MIXEDMAP',
  remapFlags: VM_IO + VM_PFNMAP + VM_DONTEXPAND + VM_DONTDUMP,
  mlockFaultsInAgain: true,
  cowPageAllocated: 'before_fault',
  anonReadFault: 'zero_page',
  pfnMkwrite: true,
  faultAroundPages: 16,
  noFaultHandler: 'sigbus',
  lockedRawOops: false,
  forkCopies: VM_PFNMAP + VM_MIXEDMAP,
  vmSpecial: VM_IO + VM_DONTEXPAND + VM_PFNMAP + VM_MIXEDMAP,
  gupZeroPageUnmapped: false,
  populateAcceptsRaw: true,
  advice: [...V2_6_28.advice, 'dontdump', 'dodump'],
  reclaimReferenced: 'second_chance_file',
  smapsCountsRaw: false,
  smapsCountsDirtyPages: true,
  smapsLines: SMAPS_LINES_OF['4.9'],
  statusLines: STATUS_LINES_OF['4.9'],
  vmSizeLeavesOut: 0,
  pagemap: 'flags',
  walkSkipsPfnmap: true,
  xipFaultBusy: 'nopage',
  readOfXip: 'page_cache',
} as const;

const V6_1 = {
  ...V4_9,
  pteDevmap: true,
  insertAnswers: 'vm_fault',
  insertPfnFunction: 'vmf_insert_pfn_prot',
  insertMixedUnmarked: 'sigbus',
  remapChecksAlignment: true,
  remapFailureLeaves: 'nothing',
  anonReuse: 'exclusive',
  zeroFillBug: false,
  rawCopyWarns: true,
  mprotectMakesExclusiveWritable: true,
  mremapLooksFirst: true,
  gupRaw: 'EEXIST',
  advice: ADVICE,
  evenCowsKeeps: 'anon',
  unmapKeepsSwap: false,
  reclaimReferenced: 'second_chance',
  smapsLines: SMAPS_LINES_OF['6.1'],
  vmPteCountsMiddle: true,
  mincoreOwnerOnly: true,
  softDirty: true,
} as const;

/** The kernels, by name. */
export const KERNELS = {
  '2.6.23': { name: '2.6.23', ...V2_6_23, ...ARM_BOTTOM_UP },
  '2.6.24': { name: '2.6.24', ...V2_6_24, ...ARM_BOTTOM_UP },
  '2.6.28-arm': { name: '2.6.28-arm', ...V2_6_28, ...ARM_BOTTOM_UP },
  '2.6.28-x86': { name: '2.6.28-x86', ...V2_6_28, ...X86_64, zeroFillBug: false, softDirty: false },
  '4.9-arm': { name: '4.9-arm', ...V4_9, ...ARM, mmapBase: 0xb7000000, mmapTopDown: true },
  '6.1-x86': { name: '6.1-x86', ...V6_1, ...X86_64 },
  '6.12-x86': {
    name: '6.12-x86',
    ...V6_1,
    ...X86_64,
    smapsLines: SMAPS_LINES_OF['6.12'],
    thpEligibleWidth: 8,
  },
} as const satisfies Record<string, KernelPreset>;

/** Name of a kernel in {@link KERNELS}. */
export type KernelName = keyof typeof KERNELS;

/** True for the name of a kernel. */
export const isKernelName = (name: string): name is KernelName => Object.hasOwn(KERNELS, name);
