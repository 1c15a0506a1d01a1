/**
 * What differs between the kernels modelled here, as rows. Code asks for a row, never for a version, so a
 * new kernel is a new entry. A row exists only when code acts on it and a test shows the difference.
 *
 * @module
 */

/** Lines of smaps that some kernel prints. */
export const SMAPS_LINES = [
  'Size',
  'KernelPageSize',
  'MMUPageSize',
  'Rss',
  'Pss',
  'Shared_Clean',
  'Shared_Dirty',
  'Private_Clean',
  'Private_Dirty',
  'Referenced',
  'Anonymous',
  'VmFlags',
] as const;

/** One of {@link SMAPS_LINES}. */
export type SmapsLine = (typeof SMAPS_LINES)[number];

/** One kernel: a version on an architecture. */
export interface KernelPreset {
  readonly name: string;
  /** A PTE can carry the special bit: raw or not is told by the entry itself, not by its pfn. */
  readonly pteSpecial: boolean;
  /**
   * A PTE that must have a struct page has none: stop (VM_BUG_ON of CONFIG_DEBUG_VM, ≤ 2.6.28), or report
   * a bad pte and go on as if it were raw (≥ 2.6.29).
   */
  readonly invalidPfn: 'bug' | 'bad_pte';
  /** Flag that vm_insert_page leaves on a vma; VM_MIXEDMAP (≥ 3.7) needs the mmap lock for writing. */
  readonly insertPageMarks: 'VM_INSERTPAGE' | 'VM_MIXEDMAP';
  /** Early COW: the page for the copy is allocated before or after the handler is asked. */
  readonly cowPageAllocated: 'before_fault' | 'after_fault';
  /** What a read of untouched anonymous memory maps. */
  readonly anonReadFault: 'new_page' | 'zero_page';
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
  /** Lines of smaps, in the order of {@link SMAPS_LINES}. */
  readonly smapsLines: readonly SmapsLine[];
}

const ARM = { pteSpecial: false, taskSize: 0xbf000000, pgdFrames: 4, pointerBytes: 4 } as const;

const X86_64 = {
  pteSpecial: true,
  taskSize: 0x7ffffffff000,
  mmapBase: 0x7ffff7fff000,
  mmapTopDown: true,
  pgdFrames: 1,
  pointerBytes: 8,
} as const;

const V2_6_28 = {
  invalidPfn: 'bug',
  insertPageMarks: 'VM_INSERTPAGE',
  cowPageAllocated: 'after_fault',
  anonReadFault: 'new_page',
  smapsCountsRaw: true,
  smapsLines: SMAPS_LINES.filter(
    (line) => !['KernelPageSize', 'MMUPageSize', 'Anonymous', 'VmFlags'].includes(line),
  ),
} as const;

const V3_8_ON = {
  invalidPfn: 'bad_pte',
  insertPageMarks: 'VM_MIXEDMAP',
  cowPageAllocated: 'before_fault',
  anonReadFault: 'zero_page',
  smapsCountsRaw: false,
  smapsLines: SMAPS_LINES,
} as const;

/** The kernels, by name. */
export const KERNELS = {
  '2.6.28-arm': {
    name: '2.6.28-arm',
    ...V2_6_28,
    ...ARM,
    mmapBase: 0x40000000,
    mmapTopDown: false,
  },
  '2.6.28-x86': { name: '2.6.28-x86', ...V2_6_28, ...X86_64 },
  '4.9-arm': { name: '4.9-arm', ...V3_8_ON, ...ARM, mmapBase: 0xb7000000, mmapTopDown: true },
  '6.1-x86': { name: '6.1-x86', ...V3_8_ON, ...X86_64 },
} as const satisfies Record<string, KernelPreset>;

/** Name of a kernel in {@link KERNELS}. */
export type KernelName = keyof typeof KERNELS;
