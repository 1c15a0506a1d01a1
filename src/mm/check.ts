/**
 * The invariants of mm over the whole state of a machine, recounted from the page tables. Tests call
 * {@link assertMm} after every operation.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import { PAGE_SIZE, type VirtAddr } from '../base/units.ts';
import { assertLru, assertPages, assertSwap } from './check-pages.ts';
import { assertOwners } from './check-owners.ts';
import type { Page } from './frames.ts';
import type { Memory } from './memory.ts';
import type { MmStruct } from './mm.ts';
import { isZeroPfn, vmNormalPage } from './normal-page.ts';
import {
  pageProtOf,
  PTE_EXEC,
  PTE_PRESENT,
  PTE_SWAP,
  PTE_USER,
  PTE_WRITE,
  type PteLeaf,
} from './pagetable.ts';
import { vmaAddress } from './rmap.ts';
import type { SwapSlot } from './swap.ts';
import { describeVma, linearPageIndex, type VmArea } from './vma.ts';
import {
  hasAll,
  hasAny,
  isCowMapping,
  VM_LOCKED,
  VM_MIXEDMAP,
  VM_PFNMAP,
  VM_WRITE,
  withoutFlags,
} from './vmflags.ts';

/**
 * References to a page that mm does not know of: of page caches, of drivers, of whoever has it by
 * get_user_pages.
 */
export type ExtraReferences = (page: Page) => number;

/** What was found on the way through all page tables. */
export interface Recount {
  /** PTEs that map a page, counted. */
  readonly mapped: Map<Page, number>;
  /** References of page tables to their frames, and of the machine to its zero page. */
  readonly owned: Map<Page, number>;
  /** Swap entries that name a slot. */
  readonly swapped: Map<SwapSlot, number>;
  /** A task died in the kernel: what it had in hand is never put. */
  readonly hasDead: boolean;
}

/** What a PTE counts as in the RSS counters. */
type PteKind = 'raw' | 'file' | 'anon' | 'swap';

/**
 * Checks, for all processes that share `memory`, those included that an assertion of the kernel stopped:
 * - I1 a page's C is the PTEs that map it, plus its page table or zero page, its place in the swap cache,
 *   the batch before the LRU lists, and `extraReferences`; with a dead task it may be more;
 * - I2 M is the number of PTEs that vm_normal_page gives this page for, at most one if it is exclusive;
 * - I3 the counters of each process are its PTEs of file and of anonymous pages, its swap entries, and the
 *   pages of its locked vmas; the count of a swap slot is the entries that name it;
 * - I4 no raw PTE changed a count (follows from I1 and I2 for every page);
 * - I5 what is raw follows the rules of MIXEDMAP and PFNMAP;
 * - I6 no counted PTE maps a free page, no list of pages has one;
 * - I7 a PTE has no right that its vma has not; a writable one in a private mapping maps an anonymous page;
 * - I8 no vma is both PFNMAP and MIXEDMAP;
 *
 * and that vmas are ordered and found from their files and families and nothing else is, every PTE lies in a
 * vma, an anonymous page at its place there, pages are on the LRU list that their flags name, caches hold what
 * is theirs, and RAM in use is the sum over its uses.
 *
 * @throws InvariantError naming the first rule that does not hold.
 */
export function assertMm(
  memory: Memory,
  mms: Iterable<MmStruct>,
  extraReferences: ExtraReferences,
): void {
  const all = [...mms];
  const recount: Recount = {
    mapped: new Map(),
    owned: new Map([[memory.zeroPage, 1]]),
    swapped: new Map(),
    hasDead: all.some((mm) => mm.dead),
  };
  for (const mm of all) {
    assertVmas(mm);
    for (const frame of mm.pageTable.frames()) add(recount.owned, frame);
    assertPtes(mm, recount);
  }
  assertOwners(memory, all);
  assertSwap(memory, recount);
  assertLru(memory);
  assertPages(memory, recount, extraReferences);
}

function add<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function assertVmas(mm: MmStruct): void {
  let end = 0;
  let locked = 0;
  for (const vma of mm.vmas) {
    assert(
      vma.vmStart >= end && vma.vmEnd > vma.vmStart && vma.vmStart % PAGE_SIZE === 0,
      () => `vmas are ordered and not empty: ${describeVma(vma)}`,
    );
    assert(
      !hasAll(vma.vmFlags, VM_PFNMAP + VM_MIXEDMAP),
      () => `I8 a vma is not both PFNMAP and MIXEDMAP: ${describeVma(vma)}`,
    );
    end = vma.vmEnd;
    if (hasAny(vma.vmFlags, VM_LOCKED)) locked += (vma.vmEnd - vma.vmStart) / PAGE_SIZE;
  }
  assert(
    mm.lockedVm === locked,
    () => `I3 locked_vm is the pages of locked vmas: ${String(mm.lockedVm)} is ${String(locked)}`,
  );
}

function assertPtes(mm: MmStruct, recount: Recount): void {
  const found = { raw: 0, file: 0, anon: 0, swap: 0 };
  for (const leaf of mm.pageTable.allLeaves())
    for (let index = 0; index < leaf.bits.length; index += 1)
      if (leaf.bitsAt(index) !== 0) found[assertPte(mm, leaf, index, recount)] += 1;
  for (const [kind, counter] of [
    ['file', mm.fileRss],
    ['anon', mm.anonRss],
    ['swap', mm.swapRss],
  ] as const)
    assert(
      counter === found[kind],
      () => `I3 RSS counters are the PTEs: ${kind} ${String(counter)} is ${String(found[kind])}`,
    );
}

function assertPte(mm: MmStruct, leaf: PteLeaf, index: number, recount: Recount): PteKind {
  const address = (leaf.start + index * PAGE_SIZE) as VirtAddr;
  const bits = leaf.bitsAt(index);
  const pfn = leaf.pfnAt(index);
  const vma = mm.vmas.find(address);
  const where = (): string =>
    `PTE of 0x${address.toString(16)} pfn 0x${pfn.toString(16)} bits 0x${bits.toString(16)}`;
  assert(
    vma?.contains(address) === true && hasAny(bits, PTE_PRESENT) !== hasAny(bits, PTE_SWAP),
    () => `a PTE is present or a swap entry, and lies in a vma: ${where()}`,
  );
  if (hasAny(bits, PTE_SWAP)) {
    add(recount.swapped, Number(pfn) as SwapSlot);
    return 'swap';
  }
  const { frames } = mm.memory;
  const page = vmNormalPage(vma, address, pfn, bits);
  const anon = page !== undefined && frames.testFlag(page, 'anon');
  assertRawness(vma, address, page, anon);
  assertRights(vma, bits, anon, where);
  if (page === undefined) return 'raw';
  assert(
    frames.refcount(page) > 0,
    () => `I6 a counted PTE maps an allocated page: ${where()} ${frames.describe(page)}`,
  );
  add(recount.mapped, page);
  if (!anon) return 'file';
  assert(
    // A task may have died in remap_pfn_range, which moves the vma's first page before it looks at entries.
    mm.dead ||
      (frames.mappingOf(page) === vma.anonVma?.owner &&
        vmaAddress(vma, frames.indexOf(page)) === address),
    () =>
      `an anonymous page is mapped at its place in a vma of its family: ${where()} ${frames.describe(page)}`,
  );
  return 'anon';
}

/** Rights of a PTE that a vma has to have; PTE_WRITE needs VM_WRITE in a private vma as well. */
const VMA_RIGHTS = PTE_USER + PTE_EXEC;

/** I7. */
function assertRights(vma: VmArea, bits: number, anon: boolean, where: () => string): void {
  assert(
    !hasAny(bits, PTE_WRITE) ||
      (hasAny(vma.vmFlags, VM_WRITE) && (!isCowMapping(vma.vmFlags) || anon)),
    () => `I7 a writable PTE is in a writable vma, and anonymous if private: ${where()}`,
  );
  assert(
    !hasAny(withoutFlags(bits, pageProtOf(vma.vmFlags)), VMA_RIGHTS),
    () => `I7 a PTE has no right that its vma has not: ${where()} ${describeVma(vma)}`,
  );
}

/** I5. */
function assertRawness(
  vma: VmArea,
  address: VirtAddr,
  page: Page | undefined,
  anon: boolean,
): void {
  const { kernel, physical } = vma.mm.memory;
  const leaf = vma.mm.pageTable.leaf(address);
  const pfn = leaf?.pfnAt(((address - leaf.start) / PAGE_SIZE) % leaf.bits.length);
  if (pfn === undefined || isZeroPfn(vma.mm.memory, pfn)) return;
  const unlessValid = hasAny(vma.vmFlags, kernel.rawUnlessPfnValid) && !kernel.pteSpecial;
  if (unlessValid)
    assert(
      (page !== undefined) === physical.pfnValid(pfn),
      () => `I5 in a MIXEDMAP vma a pfn is raw when it has no struct page: 0x${pfn.toString(16)}`,
    );
  else if (hasAny(vma.vmFlags, VM_PFNMAP))
    assert(
      page === undefined ||
        (isCowMapping(vma.vmFlags) && anon && pfn !== Number(linearPageIndex(vma, address))),
      () =>
        `I5 a PFNMAP vma has raw PTEs, and copies if it is COW: ${describeVma(vma)} pfn 0x${pfn.toString(16)}`,
    );
}
