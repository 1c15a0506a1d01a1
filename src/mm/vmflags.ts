/**
 * Flag words of mm with the kernel's values: `vm_flags`, `PROT_*`, `MAP_*`, `VM_FAULT_*`, and the rules
 * that compute one from another. The bits of one word are disjoint, so callers join them with `+` and ask
 * with {@link hasAny} and {@link hasAll}.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';

/** PROT_* of mmap(2). */
export const PROT_NONE = 0;
export const PROT_READ = 1;
export const PROT_WRITE = 2;
export const PROT_EXEC = 4;

/** MAP_* of mmap(2). */
export const MAP_SHARED = 1;
export const MAP_PRIVATE = 2;
export const MAP_FIXED = 0x10;
export const MAP_ANONYMOUS = 0x20;
export const MAP_POPULATE = 0x8000;

/** Answers of a fault handler: a sum of these. Mirrors `VM_FAULT_*` (include/linux/mm.h). */
export const VM_FAULT_OOM = 0x1;
export const VM_FAULT_SIGBUS = 0x2;
/** The handler had to do I/O: the fault counts in majflt. */
export const VM_FAULT_MAJOR = 0x4;
/** do_wp_page made the PTE writable. */
export const VM_FAULT_WRITE = 0x8;
/** The handler installed the PTE itself. */
export const VM_FAULT_NOPAGE = 0x100;
/** The page returned is locked; mm unlocks it. */
export const VM_FAULT_LOCKED = 0x200;
/** Nothing was mapped. */
export const VM_FAULT_ERROR = VM_FAULT_OOM + VM_FAULT_SIGBUS;
/** The handler filled the copy itself (DAX, ≥ 4.10). */
export const VM_FAULT_DONE_COW = 0x1000;

/** A `vm_flags` bit: kernel name, value, and its two letters in the VmFlags line of smaps ('' = none). */
interface VmFlagRow {
  readonly name: string;
  readonly value: number;
  readonly smaps: string;
}

/**
 * The `vm_flags` bits used here, lowest first (include/linux/mm.h, fs/proc/task_mmu.c). Two bits had a
 * life before and after 3.7: 0x02000000 and 0x08000000 are listed with the name they had before; smaps
 * shows the latter as the soft-dirty bit that it became.
 */
export const VM_FLAGS = [
  { name: 'VM_READ', value: 0x1, smaps: 'rd' },
  { name: 'VM_WRITE', value: 0x2, smaps: 'wr' },
  { name: 'VM_EXEC', value: 0x4, smaps: 'ex' },
  { name: 'VM_SHARED', value: 0x8, smaps: 'sh' },
  { name: 'VM_MAYREAD', value: 0x10, smaps: 'mr' },
  { name: 'VM_MAYWRITE', value: 0x20, smaps: 'mw' },
  { name: 'VM_MAYEXEC', value: 0x40, smaps: 'me' },
  { name: 'VM_MAYSHARE', value: 0x80, smaps: 'ms' },
  { name: 'VM_PFNMAP', value: 0x400, smaps: 'pf' },
  { name: 'VM_LOCKED', value: 0x2000, smaps: 'lo' },
  { name: 'VM_IO', value: 0x4000, smaps: 'io' },
  { name: 'VM_DONTCOPY', value: 0x20000, smaps: 'dc' },
  { name: 'VM_DONTEXPAND', value: 0x40000, smaps: 'de' },
  { name: 'VM_RESERVED', value: 0x80000, smaps: '' },
  { name: 'VM_ACCOUNT', value: 0x100000, smaps: 'ac' },
  { name: 'VM_INSERTPAGE', value: 0x2000000, smaps: '' },
  { name: 'VM_DONTDUMP', value: 0x4000000, smaps: 'dd' },
  { name: 'VM_CAN_NONLINEAR', value: 0x8000000, smaps: 'sd' },
  { name: 'VM_MIXEDMAP', value: 0x10000000, smaps: 'mm' },
  { name: 'VM_HUGEPAGE', value: 0x20000000, smaps: 'hg' },
  { name: 'VM_INVALIDPFNMAP', value: 0x40000000, smaps: '' },
] as const satisfies readonly VmFlagRow[];

/** Kernel name of a `vm_flags` bit. */
export type VmFlagName = (typeof VM_FLAGS)[number]['name'];

/** Value of a `vm_flags` bit by name, from {@link VM_FLAGS}. */
function flag(name: VmFlagName): number {
  return VM_FLAGS.find((row) => row.name === name)?.value ?? 0;
}

/** Current permissions, and whether stores are seen by others. */
export const VM_READ = flag('VM_READ');
export const VM_WRITE = flag('VM_WRITE');
export const VM_EXEC = flag('VM_EXEC');
export const VM_SHARED = flag('VM_SHARED');
/** What mprotect may grant; MAYSHARE: the user asked for MAP_SHARED. */
export const VM_MAYREAD = flag('VM_MAYREAD');
export const VM_MAYWRITE = flag('VM_MAYWRITE');
export const VM_MAYEXEC = flag('VM_MAYEXEC');
export const VM_MAYSHARE = flag('VM_MAYSHARE');
/** Raw pfns under the linear rule. */
export const VM_PFNMAP = flag('VM_PFNMAP');
export const VM_LOCKED = flag('VM_LOCKED');
/** Device-like: no GUP, no core dump, no mlock. */
export const VM_IO = flag('VM_IO');
/** Not copied by fork; not grown by mremap. */
export const VM_DONTCOPY = flag('VM_DONTCOPY');
export const VM_DONTEXPAND = flag('VM_DONTEXPAND');
/** "Do not touch" (before 3.7). */
export const VM_RESERVED = flag('VM_RESERVED');
/** Counts toward the commit limit. */
export const VM_ACCOUNT = flag('VM_ACCOUNT');
/** vm_insert_page was used here (before 3.7). */
export const VM_INSERTPAGE = flag('VM_INSERTPAGE');
export const VM_DONTDUMP = flag('VM_DONTDUMP');
/** remap_file_pages allowed (before 3.7). */
export const VM_CAN_NONLINEAR = flag('VM_CAN_NONLINEAR');
/** Watched by soft-dirty tracking: the meaning of VM_CAN_NONLINEAR's bit from 3.11 on. */
export const VM_SOFTDIRTY = VM_CAN_NONLINEAR;
/** Pages with and without struct page side by side. */
export const VM_MIXEDMAP = flag('VM_MIXEDMAP');
/** madvise(MADV_HUGEPAGE). */
export const VM_HUGEPAGE = flag('VM_HUGEPAGE');
/**
 * A name floated in November 2007 for what became VM_MIXEDMAP; only a proposal gives it a meaning. The bit was
 * free in 2.6.23 to 2.6.28 and is ours.
 */
export const VM_INVALIDPFNMAP = flag('VM_INVALIDPFNMAP');

/** True when `word` has at least one bit of `mask`. */
export const hasAny = (word: number, mask: number): boolean => (word & mask) !== 0;

/** True when `word` has every bit of `mask`. */
export const hasAll = (word: number, mask: number): boolean => (word & mask) === mask;

/** The bits of `mask` that `word` has. */
export const onlyFlags = (word: number, mask: number): number => word & mask;

/** `word` without the bits of `mask`. */
export const withoutFlags = (word: number, mask: number): number => word & ~mask;

/** `word` with the bits of `mask` set. */
export const withFlags = (word: number, mask: number): number => word | mask;

/** Rights that mprotect may give a vma: its MAY bits, which stand four bits above VM_READ, VM_WRITE, VM_EXEC. */
export const rightsAllowed = (vmFlags: number): number => vmFlags >> 4;

/**
 * A mapping whose writes, if they are ever allowed, go to private copies. Says nothing about VM_WRITE:
 * every private file mapping is one, program text included. Mirrors `is_cow_mapping` (mm/memory.c).
 */
export const isCowMapping = (vmFlags: number): boolean =>
  (vmFlags & (VM_SHARED | VM_MAYWRITE)) === VM_MAYWRITE;

/**
 * `vm_flags` of a new mapping. `readOnlyFile`: the file was opened without write permission. Mirrors
 * the flag arithmetic of `do_mmap_pgoff` (mm/mmap.c).
 *
 * @throws AxfsError EINVAL unless exactly one of MAP_SHARED and MAP_PRIVATE is given; EACCES for a shared
 * writable mapping of a read-only file.
 */
export function vmFlagsOf(prot: number, map: number, readOnlyFile: boolean): number {
  const sharing = map & (MAP_SHARED | MAP_PRIVATE);
  if (sharing !== MAP_SHARED && sharing !== MAP_PRIVATE)
    throw new AxfsError(
      'EINVAL',
      `mmap flags are 0x${map.toString(16)}, expected one of MAP_SHARED (1) and MAP_PRIVATE (2)`,
    );
  const access = prot & (PROT_READ | PROT_WRITE | PROT_EXEC);
  let vmFlags = access | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
  if (sharing === MAP_SHARED) {
    if (readOnlyFile && (prot & PROT_WRITE) !== 0)
      throw new AxfsError(
        'EACCES',
        'mmap asks for a shared writable mapping of a file opened read-only',
      );
    vmFlags |= VM_SHARED | VM_MAYSHARE;
    if (readOnlyFile) vmFlags &= ~(VM_MAYWRITE | VM_SHARED);
  }
  if ((vmFlags & (VM_WRITE | VM_SHARED)) === VM_WRITE) vmFlags |= VM_ACCOUNT;
  return vmFlags;
}

/** The VmFlags line of smaps: two letters a flag, lowest bit first, each followed by a space. */
export function smapsVmFlags(vmFlags: number): string {
  let text = '';
  for (const row of VM_FLAGS)
    if (row.smaps !== '' && (vmFlags & row.value) !== 0) text += `${row.smaps} `;
  return text;
}
