/**
 * A file on persistent memory by fs/dax.c, as of 4.19 to 6.14: frames of the device are mapped raw in vmas without
 * any mark, told by the second bit of their PTEs (devmap); the page cache holds entries in place of pages.
 *
 * @module
 */
import { PAGE_SIZE } from '../base/units.ts';
import { AddressSpace } from '../mm/address-space.ts';
import { clearPage } from '../mm/anonymous.ts';
import { copyPage } from '../mm/copy-on-write.ts';
import type { Page } from '../mm/frames.ts';
import { vmfInsertMixed, vmfInsertMixedMkwrite } from '../mm/insert.ts';
import type { VmFault, VmFaultResult, VmOperations } from '../mm/mappable.ts';
import type { Memory } from '../mm/memory.ts';
import { unmapMappingRange } from '../mm/truncate.ts';
import type { VmArea } from '../mm/vma.ts';
import { VM_FAULT_DONE_COW, VM_FAULT_MAJOR, VM_FAULT_SIGBUS, VM_HUGEPAGE } from '../mm/vmflags.ts';
import { genericFileReadonlyMmap } from './cached.ts';
import { action, driverKind } from './driver.ts';
import type { DriverName } from './driver.ts';
import { DriverFile, hex } from './driver-file.ts';
import { mediumAt, mediumByte, mediumOptions } from './medium.ts';
import type { Medium } from './medium.ts';
import { number, pageSet, yesOrNo } from './options.ts';
import type { OptionValues } from './options.ts';

const OPTIONS = {
  pages: number('size of the file', 'pages', 16, [1, 0x4000]),
  holes: pageSet('pages without block', 'none'),
  writable: yesOrNo('opened for writing as well', true),
  readonlyfs: yesOrNo('a file system that cannot be written to, as EROFS', false),
  base: mediumOptions(0x58000).base,
} as const;

/** An entry in place of a cached page: of a block, or of the page of zeros. Mirrors `dax_make_entry`. */
interface DaxEntry {
  readonly kind: 'block' | 'zero';
  readonly dirty: boolean;
}

class DaxFile extends DriverFile {
  readonly kind = 'dax';
  override readonly readOnly: boolean;
  override readonly mmapFlags = VM_HUGEPAGE;
  readonly mapping: AddressSpace;
  readonly ops: VmOperations;
  override readonly actions = {
    entries: action('entries', 'lists the entries of the mapping', {}, () =>
      [...this.#entries]
        .sort(([a], [b]) => a - b)
        .map(([index, { kind, dirty }]) => `${String(index)}:${kind}${dirty ? ':dirty' : ''}`)
        .join(' '),
    ),
    truncate: action(
      'truncate',
      'makes the file shorter',
      { pages: number('new size', 'pages', 0, [0, 0x4000]) },
      ({ pages }) => this.#truncate(pages),
    ),
    frames: action('frames', 'says where page 0 lies', {}, () => hex(this.#medium.firstPfn)),
  };
  readonly #isReadonlyFs: boolean;
  readonly #medium: Medium;
  readonly #blocks = new Set<number>();
  readonly #entries = new Map<number, DaxEntry>();
  #pages: number;

  constructor(memory: Memory, name: DriverName, options: OptionValues<typeof OPTIONS>) {
    super(memory, name);
    this.readOnly = !options.writable;
    this.#isReadonlyFs = options.readonlyfs;
    this.#pages = options.pages;
    this.mapping = new AddressSpace(memory);
    this.#medium = mediumAt(memory, { ...options, memmap: true });
    for (let index = 0; index < options.pages; index += 1)
      if (!options.holes(index)) {
        this.#blocks.add(index);
        this.#medium.bytes(index).fill(mediumByte(index));
      }
    const fault = (vma: VmArea, vmf: VmFault): VmFaultResult => this.#fault(vma, vmf);
    this.ops = this.#isReadonlyFs ? { fault } : { fault, pfnMkwrite: fault };
  }

  /** @throws AxfsError EINVAL as {@link genericFileReadonlyMmap} on a read-only file system. */
  mmap(vma: VmArea): void {
    if (this.#isReadonlyFs) genericFileReadonlyMmap(this.name, vma);
  }

  /** The device's struct page of a block; its own reference is the device's. */
  override pageAt(index: number): Page | undefined {
    return this.#blocks.has(index)
      ? this.memory.physical.pfnToPage(this.#medium.pfnOf(index))
      : undefined;
  }

  /** Mirrors `dax_iomap_pte_fault`. */
  #fault(vma: VmArea, vmf: VmFault): VmFaultResult {
    const index = Number(vmf.pgoff);
    if (index >= this.#pages) return VM_FAULT_SIGBUS;
    if (vmf.cowPage !== undefined) return this.#fillCow(index, vmf.cowPage);
    const major = vmf.isWrite && this.#allocate(index) ? VM_FAULT_MAJOR : 0;
    if (!this.#blocks.has(index)) return this.#mapHole(vma, vmf, index);
    this.#insertEntry(index, { kind: 'block', dirty: vmf.isWrite });
    const insert = vmf.isWrite ? vmfInsertMixedMkwrite : vmfInsertMixed;
    return insert(vma, vmf.address, this.#medium.pfnOf(index), 'devmap') + major;
  }

  /** A private store: the copy is made here. Mirrors `dax_fault_cow_page`. */
  #fillCow(index: number, cowPage: Page): VmFaultResult {
    if (this.#blocks.has(index)) copyPage(this.memory, this.#medium.bytes(index), cowPage, 'raw');
    else clearPage(this.memory, cowPage);
    return VM_FAULT_DONE_COW;
  }

  /** A block of zeros for a hole that is written to. Mirrors `iomap_begin` with IOMAP_WRITE. */
  #allocate(index: number): boolean {
    if (this.#blocks.has(index)) return false;
    this.#medium.bytes(index).fill(0);
    this.#blocks.add(index);
    return true;
  }

  /** Mirrors `dax_load_hole`. */
  #mapHole(vma: VmArea, vmf: VmFault, index: number): VmFaultResult {
    this.#insertEntry(index, { kind: 'zero', dirty: false });
    const { frames, zeroPage } = this.memory;
    return vmfInsertMixed(vma, vmf.address, frames.pageToPfn(zeroPage));
  }

  /** Whoever maps the page of zeros lets go of it when a block takes its place. Mirrors `dax_insert_entry`. */
  #insertEntry(index: number, entry: DaxEntry): void {
    const before = this.#entries.get(index);
    if (before?.kind === 'zero' && entry.kind === 'block')
      unmapMappingRange(this.mapping, index, 1, false);
    this.#entries.set(index, { kind: entry.kind, dirty: entry.dirty || before?.dirty === true });
  }

  /** Mirrors `truncate_pagecache` with `dax_delete_mapping_entry`. */
  #truncate(pages: number): string {
    const before = this.#pages;
    this.#pages = Math.min(before, pages);
    unmapMappingRange(this.mapping, this.#pages, before - this.#pages, true);
    for (const set of [this.#entries, this.#blocks])
      for (const index of [...set.keys()]) if (index >= this.#pages) set.delete(index);
    return `${String(this.#pages * PAGE_SIZE)} bytes`;
  }
}

/** See the top of the file. */
export const DAX_DRIVER = driverKind({
  kind: 'dax',
  purpose:
    'A file on persistent memory by fs/dax.c: raw frames that have struct pages, told by the devmap bit.',
  options: OPTIONS,
  needs: { what: 'the devmap bit (4.19 to 6.14, x86)', test: ({ pteDevmap }) => pteDevmap },
  make: (memory, name, values) => new DaxFile(memory, name, values),
});
