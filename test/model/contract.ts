/**
 * What two models of the same kernel have to agree on: the worlds that tests build, the operations they
 * perform there, and what can be seen after each. One model is src/mm behind an adapter; the other is
 * written from the rules alone, with plain objects, and shares nothing but this file.
 *
 * Frames are compared by what they hold, never by number: see {@link Snapshot}. Page tables take no RAM in
 * these worlds, per-CPU LRU batches are drained after every operation, and nothing runs concurrently.
 *
 * Where the rules are silent, both do this:
 *
 * 1. `6.1-x86` and `6.12-x86` are the column K612, `4.9-arm` is K49; 2.6.23 and 2.6.24 are K24 with the
 *    differences that the rules name (S4, B4: 2.6.23 refcounts and mapcounts the zero page for a read fault in
 *    anonymous memory, and counts it in F (page_add_file_rmap; `file N` in a snapshot); 2.6.24 does not use it); everything else of K24 is K28 ARM.
 * 2. A vma merges with a neighbour after mmap, mprotect, madvise DONTFORK/DOFORK, mlock, munlock and mremap, when
 *    flags, file and the run of pgoff agree, neither is VM_SPECIAL of its kernel (B1), and their anon_vmas are
 *    the same or one has none; the merged vma has the one there is. A split gives both parts the anon_vma.
 *    Anonymous memory has pgoff = address / 4096 at mmap. A child's vma has an anon_vma when its parent's has:
 *    the same one, as far as merging asks.
 * 3. The order of checks in mprotect, munmap, mremap, madvise, mlock is the kernel's: a hole in the range is
 *    ENOMEM for mprotect, madvise, mlock (what lies before it is done; madvise goes on behind it, too); EFAULT for mremap of
 *    a range that is not in one vma. mprotect beyond the MAY bits: EACCES, what lies before is done.
 *    mremap with `to` first unmaps the target; overlapping source and target: EINVAL. In-place growth needs room: ENOMEM.
 *    Before 6.1 a range that stays where it is and does not grow is not looked up (0); from 6.1 on its first page has to be mapped.
 *    Moving and growing a vma of page-less kind follows B16. Growth of a moved range shows fresh pages.
 * 4. RAM: each page of a frame counts; a page is allocated only if a frame is free, else reclaim is NOT tried
 *    and the operation ends OOM (`OOM` for an access, after which nothing is mapped; ENOMEM for the insert functions
 *    cannot happen). Page-cache fill that finds no frame: OOM.
 * 5. New page-cache and anonymous pages come onto the LRU at once: file pages inactive, anonymous pages active.
 *    read(2) of a cached page: PG_referenced is set when clear; when set already and the page is
 *    inactive, it becomes active and PG_referenced is cleared. A fault does not call mark_page_accessed.
 * 6. reclaimFilePage / reclaimAnonPage: `no page` when there is none, or (anon) when the entry is not an anonymous page. An active
 *    page loses PG_active first. A page got by gup is tried like any other. Result is one of `freed`, `kept`,
 *    `activated`, `mlocked` (page stays as it is). References are gathered over all entries that map
 *    the page, clearing young in each. Up to 2.6.28: any young entry, or PG_referenced (which is cleared), and the page is mapped, or in the
 *    swap cache, or its file is mapped by any vma: `activated`. 4.9 and later: with young
 *    entries: 4.9 only: an anonymous page is `activated`; otherwise PG_referenced is set; and if it was set before, or more than one
 *    entry was young, or a file page was young in a VM_EXEC vma: `activated` (PG_referenced stays set); else
 *    `kept`. Without young entries PG_referenced is cleared and reclaim goes on. A page mapped in a VM_LOCKED vma: `mlocked`, before anything
 *    is unmapped, whatever references said (but they have been gathered). Then, for an anonymous page not in the swap cache: a free slot
 *    is taken or, without one, `activated` (no swap, or full); the page becomes swap cache (C+1, dirty). All entries are
 *    unmapped (dirty ones make the page dirty). A dirty page is written (clean after it), at once.
 *    If the reference count is then exactly 2 (cache and isolation) it leaves the cache and is `freed`; else
 *    `kept`, still in its cache, inactive. Swap cache pages of slots whose use count is 0 leave the swap cache as soon as nothing else uses them.
 * 7. Swap-in takes the page of the swap cache (minor) or reads the slot into a new page in the swap cache (major). The entry's use
 *    of the slot ends. For a write access, and when it is the page's only user (no other entry of the slot, no
 *    gup): the entry is writable and dirty and the page leaves the swap cache (slot freed); a write by one of several users goes on to copy in the same
 *    fault. For a read: the entry is read-only; the page leaves the swap cache when the slot has no other user, stays (C+1) otherwise.
 *    From 6.1 on the page of an only user is exclusive, also after a read; and the exclusive flag survives in the swap entry (set when the page was exclusive and fork clears it).
 *    In every case the page leaves the swap cache when the slot has no other user, and also when do_wp_page reuses it;
 *    from 6.1 on it stays there when do_wp_page finds references beside the entry's and the cache's, and copies.
 * 8. mlock of ordinary vmas faults every page in (a write fault where VM_WRITE is set and the vma is not shared, else a
 *    read fault), sets VM_LOCKED, counts locked pages, and sets PG_mlocked on pages with struct page that it finds (cleared by
 *    munlock, munmap and when unmapped); a page that faults in later in a VM_LOCKED vma gets it as well. Prot none: the flag is set, nothing
 *    is faulted in, result ENOMEM; errors at faulting in: ENOMEM as well (B16 for raw entries).
 * 9. gup in a vma without the right: EFAULT (write without VM_WRITE and without force; read without VM_READ and without
 *    force); force needs VM_MAYREAD / VM_MAYWRITE with a COW mapping. Outside any vma: EFAULT.
 * 10. Any right (VM_READ, VM_WRITE or VM_EXEC) lets the CPU read; a store needs VM_WRITE, execution VM_EXEC. No
 *    dirty accounting: shared writable mappings of cached files are not write-protected for it.
 *
 * @module
 */

/** Kernels. `2.6.23` and `2.6.24` run on ARM; `6.12-x86` differs from `6.1-x86` in rows that say so. */
export const PRESETS = [
  '2.6.23',
  '2.6.24',
  '2.6.28-arm',
  '2.6.28-x86',
  '4.9-arm',
  '6.1-x86',
  '6.12-x86',
] as const;
export type Preset = (typeof PRESETS)[number];

/** First flash pfn, and one past the last; RAM is pfn 0 up to `ramFrames`. Flash has no struct page. */
export const FLASH_FIRST = 0x34000;
export const FLASH_END = 0x38000;

/** Byte 0 of a flash page, of page `index` of file number `file`, before anyone writes there. */
export const flashByte = (pfn: number): number => (pfn * 7 + 1) % 251;
export const fileByte = (file: number, index: number): number => (file * 31 + index * 5 + 2) % 251;

/**
 * A file of the world.
 *
 * - `axfs`: read-only file system, O_RDONLY. Page i is `xip` (flash pfn `xipFirst` + number of xip pages
 *   before i) or `ram` (compressed: filled into the page cache by a major fault, `fileByte`). mmap adds
 *   what AXFS adds on that kernel (rules, C1.0; on 2.6.23 and 2.6.24 it is refused: see {@link Outcome}).
 *   Its handler is that of C1.1 to C1.3; profiling is off; a pgoff at or behind `pages.length` is SIGBUS.
 *   `read` of an xip page goes past the page cache up to 3.15, into it from 3.16 (C1.4).
 * - `cached`: an ordinary read-write file of a disk file system, all pages clean on disk, opened O_RDWR;
 *   no page_mkwrite; filled like `ram` pages. No fault-around. Writing dirty pages back always succeeds,
 *   costs nothing and is done by reclaim before it drops such a page; `fileByte` is then what was written.
 * - `driver`: a character device, opened O_RDWR when `writable`, else O_RDONLY. Its mmap sets the vm_flags
 *   named by `flags` and installs nothing. Its fault handler answers by `fault`: `sigbus`; `pfn` inserts
 *   flash pfn FLASH_FIRST + (7 * pgoff + 3) % 64 with vm_insert_pfn, `mixed` the same with
 *   vm_insert_mixed (EBUSY counts as done; ENOMEM is OOM; other errors SIGBUS; success NOPAGE);
 *   `page` returns, with one reference more, the driver's page `pages[pgoff]`, SIGBUS behind the end: these
 *   pages exist from the start with C=1, byte `fileByte`, no mapping, on no LRU list. No mapping means: vma
 *   lists are still kept for the file, for `unmapMapping`.
 */
export type FileSpec =
  | { readonly kind: 'axfs'; readonly pages: readonly ('xip' | 'ram')[]; readonly xipFirst: number }
  | { readonly kind: 'cached'; readonly pages: number }
  | {
      readonly kind: 'driver';
      readonly flags: 'none' | 'pfnmap' | 'mixedmap';
      readonly writable: boolean;
      readonly fault: 'sigbus' | 'pfn' | 'mixed' | 'page';
      readonly pages: number;
    };

export interface WorldSpec {
  readonly preset: Preset;
  /** CONFIG_DEBUG_VM. */
  readonly debugVm: boolean;
  /** Frames of RAM, at most 0x8000; highest_memmap_pfn is `ramFrames` - 1. The zero page is not one of them. */
  readonly ramFrames: number;
  /** Slots of the swap device; 0 = no swap. */
  readonly swapSlots: number;
  readonly files: readonly FileSpec[];
}

export type Access = 'read' | 'write' | 'exec';

/** A frame that an operation names: a flash pfn, or the RAM page that `allocPage` called `id`. */
export type FrameName = { readonly flash: number } | { readonly page: number };

/**
 * Operations. `task` 0 exists from the start; addresses are bytes, page aligned unless said; `pages` is a
 * positive number of pages. User space ends at 0xb0000000 (operations stay below).
 */
export type Operation =
  /** MAP_FIXED: what is there is unmapped first. Without `file`: private anonymous memory. */
  | {
      readonly op: 'mmap';
      readonly task: number;
      readonly at: number;
      readonly pages: number;
      readonly prot: 'none' | 'r' | 'w' | 'rw' | 'rx' | 'rwx';
      readonly shared: boolean;
      readonly file?: number;
      readonly pgoff?: number;
    }
  | { readonly op: 'munmap'; readonly task: number; readonly at: number; readonly pages: number }
  /** Touches byte 0 of the page; a write stores `value` there. Repeats until it goes through or fails. */
  | {
      readonly op: 'access';
      readonly task: number;
      readonly at: number;
      readonly access: Access;
      readonly value?: number;
    }
  /** A driver's call under the mmap lock, `lock` says how it is held. The vma is the one at `vma`. */
  | {
      readonly op: 'insertPage';
      readonly task: number;
      readonly vma: number;
      readonly at: number;
      readonly page: number;
      readonly lock: 'read' | 'write';
    }
  | {
      readonly op: 'insertPfn';
      readonly task: number;
      readonly vma: number;
      readonly at: number;
      readonly frame: FrameName;
    }
  /** `mkwrite` (vmf_insert_mixed_mkwrite) only from 4.17 on. */
  | {
      readonly op: 'insertMixed';
      readonly task: number;
      readonly vma: number;
      readonly at: number;
      readonly frame: FrameName;
      readonly mkwrite: boolean;
    }
  /** `pages` may be 0. Consecutive pfns from `flash`. */
  | {
      readonly op: 'remap';
      readonly task: number;
      readonly vma: number;
      readonly at: number;
      readonly flash: number;
      readonly pages: number;
    }
  /** A driver's page named `id` (new, never used before): C=1, byte 0 is `value`; ENOMEM without a free frame. putPage drops that reference and the name. */
  | { readonly op: 'allocPage'; readonly id: number; readonly value: number }
  | { readonly op: 'putPage'; readonly id: number }
  | { readonly op: 'fork'; readonly task: number; readonly child: number }
  | { readonly op: 'exit'; readonly task: number }
  | {
      readonly op: 'mprotect';
      readonly task: number;
      readonly at: number;
      readonly pages: number;
      readonly prot: 'none' | 'r' | 'w' | 'rw' | 'rx' | 'rwx';
    }
  /** `to`: MREMAP_MAYMOVE | MREMAP_FIXED (always moves); without: in place. */
  | {
      readonly op: 'mremap';
      readonly task: number;
      readonly at: number;
      readonly pages: number;
      readonly newPages: number;
      readonly to?: number;
    }
  | {
      readonly op: 'madvise';
      readonly task: number;
      readonly at: number;
      readonly pages: number;
      readonly advice: 'dontneed' | 'dontfork' | 'dofork' | 'dodump' | 'pageout';
    }
  | { readonly op: 'mlock'; readonly task: number; readonly at: number; readonly pages: number }
  | { readonly op: 'munlock'; readonly task: number; readonly at: number; readonly pages: number }
  /** get_user_pages of one page by its own task; a page that is got is held under the name `id`. */
  | {
      readonly op: 'gup';
      readonly task: number;
      readonly at: number;
      readonly write: boolean;
      readonly force: boolean;
      readonly id: number;
    }
  | { readonly op: 'gupPut'; readonly id: number }
  /** unmap_mapping_range. */
  | {
      readonly op: 'unmapMapping';
      readonly file: number;
      readonly pgoff: number;
      readonly pages: number;
      readonly evenCows: boolean;
    }
  /** vmtruncate of a `cached` file to a whole number of pages, at most its present size. */
  | { readonly op: 'truncate'; readonly file: number; readonly pages: number }
  /** read(2) of a page, cached or axfs; the byte is the result. Past the end: result `EOF`. */
  | { readonly op: 'read'; readonly file: number; readonly pgoff: number }
  /** shrink_page_list of exactly this page-cache page, taken off its list for it. */
  | { readonly op: 'reclaimFilePage'; readonly file: number; readonly pgoff: number }
  /** The same for the anonymous page mapped at an address. */
  | { readonly op: 'reclaimAnonPage'; readonly task: number; readonly at: number }
  | { readonly op: 'mincore'; readonly task: number; readonly at: number };

/**
 * How an operation ended. `result` is one of
 *
 * - `0`, or the decimal byte of `read`; the pfn-like result of an insert that answers VM_FAULT codes is
 *   their name: `VM_FAULT_NOPAGE`, `VM_FAULT_SIGBUS`, `VM_FAULT_OOM`; `mincore` gives `0` or `1`; gup gives
 *   `1` for a page got (a negative return is its errno's name);
 * - an errno's name, as in `EFAULT`; `mremap` and `mmap` give `0` for any address;
 * - a signal and its code: `SIGSEGV/MAPERR`, `SIGSEGV/ACCERR`, `SIGBUS`, or `OOM`;
 * - `BUG name_of_kernel_function`: the task is dead, as the kernel leaves it (its memory stays as it was at that line;
 *   operations on a dead task are not performed any more: result `dead`);
 * - `EOPNOTSUPP`: this kernel does not have it: mixed maps (a `mixedmap` driver, an `axfs` mmap,
 *   insertMixed) before 2.6.26; remap, insertPage and insertPfn exist everywhere;
 * - `no vma` where `vma` names none, `no page` where a page or name does not exist (any more).
 *
 * `minor` and `major` are the faults that the operation's user access took, those of a failed access
 * included only if they were counted (B12: a fault that ends in an error is not counted; one that ends in
 * retry is minor). Faults inside the kernel (gup, mlock) are not counted here. `events` are bad-pte and
 * bad-page reports, as `bad_pte` and `bad_page`, in order.
 */
export interface Outcome {
  readonly result: string;
  readonly minor: number;
  readonly major: number;
  readonly events: readonly string[];
}

/**
 * One page of a task's mappings. vmas are not compared, so merging and splitting cannot be seen except in
 * what the rules make of them.
 */
export interface PageState {
  readonly at: number;
  /** vm_flags of its vma, and the file page (or linear pfn) that the vma has here. */
  readonly flags: number;
  readonly pgoff: number;
  /**
   * `none`; `raw FLASHPFN` in hex (0x34001); `raw page N`, for a raw entry of a RAM frame; `file N`, `anon N`
   * with the canonical number of the page; `zero`; `swap N` with the canonical number of the slot.
   */
  readonly pte: string;
  /** Bits of a present entry, in this order, `w` writable `d` dirty `y` young; `-` for one that is clear. */
  readonly bits: string;
}

/** One struct page that is in use. */
export interface FrameState {
  /** Canonical number. */
  readonly page: number;
  readonly refcount: number;
  readonly mapcount: number;
  readonly anon: boolean;
  /** PG_dirty, PG_referenced, PG_active, PG_mlocked, PG_swapcache as `D R A M S`; `-` where clear. */
  readonly pageFlags: string;
  /** `file/index` of a page-cache page, else ``. */
  readonly cachedAs: string;
  readonly byte: number;
}

/**
 * Everything that can be seen. Canonical numbers of pages count from 0 in order of their first appearance
 * in this walk: tasks by number, addresses upwards, each normal, anonymous or raw RAM entry; swap cache pages
 * of swap entries right there, too; then page caches, files by number, index upwards; then driver pages, by file and pgoff, then allocPage
 * names, then gup names, upwards. Slots of swap are numbered by the same walk.
 */
export interface Snapshot {
  readonly tasks: readonly {
    readonly task: number;
    readonly state: 'alive' | 'dead';
    readonly file: number;
    readonly anon: number;
    /** Swap entries, counted in every preset (`VmSwap` since 2.6.34). */
    readonly swap: number;
    /** Pages; `VmLck`. */
    readonly locked: number;
    readonly pages: readonly PageState[];
  }[];
  readonly frames: readonly FrameState[];
  /** By canonical number: the slot's use count. */
  readonly swap: readonly number[];
  readonly freeFrames: number;
}

/** A world that operations change. */
export interface ModelWorld {
  apply(operation: Operation): Outcome;
  snapshot(): Snapshot;
}

/** Makes a world of a model. */
export type MakeWorld = (spec: WorldSpec) => ModelWorld;
