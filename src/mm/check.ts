/**
 * The invariants of mm over the whole state of a machine, recounted from the page tables. Tests call
 * {@link assertMm} after every operation.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import { PAGE_SIZE, type VirtAddr } from '../base/units.ts';
import { FRAME_USES, type Page } from './frames.ts';
import type { Memory } from './memory.ts';
import type { MmStruct } from './mm.ts';
import { vmNormalPage } from './normal-page.ts';
import { PTE_PRESENT, PTE_WRITE, type PteLeaf } from './pagetable.ts';
import { linearPageIndex, type VmArea } from './vma.ts';
import { hasAll, hasAny, isCowMapping, VM_MIXEDMAP, VM_PFNMAP, VM_WRITE } from './vmflags.ts';

/** References to a page that no PTE and no page table holds: page cache, drivers. */
export type ExtraReferences = (page: Page) => number;

/** PTEs and page tables found that refer to a page. */
interface Recount {
  readonly mapped: Map<Page, number>;
  readonly owned: Map<Page, number>;
}

/**
 * Checks, for all processes that share `memory`:
 * - I1 a page's C is the PTEs that map it, plus its page table or zero page, plus `extraReferences`;
 * - I2 M is the number of PTEs that vm_normal_page gives this page for;
 * - I3 the RSS counters of each process are its PTEs of file and of anonymous pages;
 * - I4 no raw PTE changed a count (follows from I1 and I2 for every page);
 * - I5 what is raw follows the rules of MIXEDMAP and PFNMAP;
 * - I6 no counted PTE maps a free page;
 * - I7 a PTE is writable only where VM_WRITE allows it, and in a private mapping only an anonymous page;
 * - I8 no vma is both PFNMAP and MIXEDMAP;
 * and that vmas are ordered, every PTE lies in one, and RAM in use is the sum over its uses.
 *
 * @throws InvariantError naming the first rule that does not hold.
 */
export function assertMm(
  memory: Memory,
  mms: Iterable<MmStruct>,
  extraReferences: ExtraReferences,
): void {
  const recount: Recount = { mapped: new Map(), owned: new Map() };
  if (memory.zeroPage !== undefined) add(recount.owned, memory.zeroPage);
  for (const mm of mms) {
    assertVmas(mm);
    for (const frame of mm.pageTable.frames()) add(recount.owned, frame);
    assertPtes(mm, recount);
  }
  assertPages(memory, recount, extraReferences);
}

function add(counts: Map<Page, number>, page: Page): void {
  counts.set(page, (counts.get(page) ?? 0) + 1);
}

function assertVmas(mm: MmStruct): void {
  let end = 0;
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
  }
}

function assertPtes(mm: MmStruct, recount: Recount): void {
  const rss = { file: 0, anon: 0 };
  for (const leaf of mm.pageTable.allLeaves())
    for (let index = 0; index < leaf.bits.length; index += 1)
      if (leaf.bitsAt(index) !== 0) {
        const kind = assertPte(mm, leaf, index, recount);
        if (kind !== 'raw') rss[kind] += 1;
      }
  assert(
    mm.fileRss === rss.file && mm.anonRss === rss.anon,
    () =>
      `I3 RSS counters are the PTEs: file ${String(mm.fileRss)} is ${String(rss.file)}, anon ${String(mm.anonRss)} is ${String(rss.anon)}`,
  );
}

function assertPte(
  mm: MmStruct,
  leaf: PteLeaf,
  index: number,
  recount: Recount,
): 'raw' | 'file' | 'anon' {
  const address = (leaf.start + index * PAGE_SIZE) as VirtAddr;
  const bits = leaf.bitsAt(index);
  const pfn = leaf.pfnAt(index);
  const vma = mm.vmas.find(address);
  const where = (): string =>
    `PTE of 0x${address.toString(16)} pfn 0x${pfn.toString(16)} bits 0x${bits.toString(16)}`;
  assert(
    vma?.contains(address) === true && hasAny(bits, PTE_PRESENT),
    () => `a PTE is present and lies in a vma: ${where()}`,
  );
  const { frames } = mm.memory;
  const page = vmNormalPage(vma, address, pfn, bits);
  const anon = page !== undefined && frames.testFlag(page, 'anon');
  assertRawness(vma, address, page, anon);
  assert(
    !hasAny(bits, PTE_WRITE) ||
      (hasAny(vma.vmFlags, VM_WRITE) && (!isCowMapping(vma.vmFlags) || anon)),
    () => `I7 a writable PTE is in a writable vma, and anonymous if private: ${where()}`,
  );
  if (page === undefined) return 'raw';
  assert(
    frames.refcount(page) > 0,
    () => `I6 a counted PTE maps an allocated page: ${where()} ${frames.describe(page)}`,
  );
  add(recount.mapped, page);
  return anon ? 'anon' : 'file';
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
  if (pfn === undefined) return;
  if (hasAny(vma.vmFlags, VM_MIXEDMAP) && !kernel.pteSpecial)
    assert(
      (page !== undefined) === physical.pfnValid(pfn),
      () => `I5 in a MIXEDMAP vma a pfn is raw when it has no struct page: 0x${pfn.toString(16)}`,
    );
  if (hasAny(vma.vmFlags, VM_PFNMAP))
    assert(
      page === undefined ||
        (isCowMapping(vma.vmFlags) && anon && pfn !== Number(linearPageIndex(vma, address))),
      () =>
        `I5 a PFNMAP vma has raw PTEs, and copies if it is COW: ${describeVma(vma)} pfn 0x${pfn.toString(16)}`,
    );
}

function assertPages(memory: Memory, recount: Recount, extraReferences: ExtraReferences): void {
  const { frames } = memory;
  const uses = new Map(FRAME_USES.map((use) => [use, 0]));
  let total = 0;
  for (const page of frames.allocated()) {
    const mapped = recount.mapped.get(page) ?? 0;
    const owned = recount.owned.get(page) ?? 0;
    const extra = extraReferences(page);
    assert(
      frames.refcount(page) === mapped + owned + extra,
      () =>
        `I1 count is ${String(mapped)} PTEs + ${String(owned)} page tables + ${String(extra)} others: ${frames.describe(page)}`,
    );
    assert(
      frames.mapcount(page) === mapped,
      () => `I2 mapcount is ${String(mapped)} PTEs: ${frames.describe(page)}`,
    );
    uses.set(frames.useOf(page), (uses.get(frames.useOf(page)) ?? 0) + 1);
    total += 1;
  }
  const { usage } = frames;
  assert(
    usage.total === total && FRAME_USES.every((use) => usage.byUse[use] === uses.get(use)),
    () => `RAM in use is the sum of its uses: ${JSON.stringify(usage)} is ${String(total)}`,
  );
}

const describeVma = (vma: VmArea): string =>
  `${vma.vmStart.toString(16)}-${vma.vmEnd.toString(16)} flags 0x${vma.vmFlags.toString(16)}`;
