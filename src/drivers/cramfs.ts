/**
 * A cramfs file on mapped flash: what of its beginning lies in one piece, uncompressed and page-aligned, is mapped
 * straight from flash when it is mmapped; the rest comes through the page cache. There is no handler for flash
 * pages: one that is dropped comes back as a copy in RAM. Mirrors cramfs_physmem_mmap (fs/cramfs, ≥ 4.15), which
 * runs on any kernel with VM_MIXEDMAP.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import { PAGE_SIZE, type Pfn, type VirtAddr } from '../base/units.ts';
import type { AddressSpace } from '../mm/address-space.ts';
import { vmfInsertMixed } from '../mm/insert.ts';
import type { VmOperations } from '../mm/mappable.ts';
import type { Memory } from '../mm/memory.ts';
import { remapPfnRange } from '../mm/remap.ts';
import type { VmArea } from '../mm/vma.ts';
import {
  hasAny,
  VM_FAULT_ERROR,
  VM_FAULT_OOM,
  VM_MIXEDMAP,
  VM_WRITE,
  withFlags,
} from '../mm/vmflags.ts';
import { genericFileReadonlyMmap } from './cached.ts';
import { action, driverKind } from './driver.ts';
import type { DriverName } from './driver.ts';
import { DriverFile } from './driver-file.ts';
import { Filemap } from './filemap.ts';
import { mediumAt, mediumByte, mediumOptions } from './medium.ts';
import type { Medium } from './medium.ts';
import { choice, number, pageSet, yesOrNo } from './options.ts';
import type { OptionValues } from './options.ts';

const OPTIONS = {
  pages: number('size of the file', 'pages', 16, [1, 0x4000]),
  tail: number('bytes of the last page that belong to the file', 'bytes', PAGE_SIZE, [
    1,
    PAGE_SIZE,
  ]),
  slack: choice(
    'what flash holds behind the end of the file in its last page',
    ['zeros', 'data'],
    'zeros',
  ),
  direct: pageSet('pages stored uncompressed, by direct pointers; the rest is compressed', 'all'),
  gaps: pageSet('direct pages before which a frame of something else lies', 'none'),
  aligned: yesOrNo('the file starts at a page boundary of the flash', true),
  lastblock: choice(
    'a direct last block that is full reads as zeros, as in 6.12, or as what it holds',
    ['zeros', 'data'],
    'zeros',
  ),
  readahead: number('read at once around a fault that misses; 1: none', 'pages', 32, [1, 256]),
  writable: yesOrNo('opened for writing, as no such file can be', false),
  ...mediumOptions(0x40000),
} as const;

class CramfsFile extends DriverFile {
  readonly kind = 'cramfs';
  override readonly readOnly: boolean;
  readonly ops: VmOperations = {
    fault: (_vma, vmf) => this.holder.fault(vmf),
    mapPages: (_vma, index) => this.holder.mapPages(index),
  };
  override readonly actions = {
    run: action('run', 'says how many pages from the first on can be mapped from flash', {}, () =>
      String(this.#physmemRun(0, this.#options.pages)),
    ),
  };
  readonly #options: OptionValues<typeof OPTIONS>;
  readonly #medium: Medium;
  protected override readonly holder: Filemap;
  /** Frame of each direct page, counted from the medium's first. */
  readonly #place = new Map<number, number>();

  constructor(memory: Memory, name: DriverName, options: OptionValues<typeof OPTIONS>) {
    super(memory, name);
    this.#options = options;
    this.readOnly = !options.writable;
    let next = 0;
    for (let index = 0; index < options.pages; index += 1) {
      if (!options.direct(index)) continue;
      if (options.gaps(index)) next += 1;
      this.#place.set(index, next);
      next += 1;
    }
    this.#medium = mediumAt(memory, { ...options, pages: Math.max(1, next) });
    for (const [index, place] of this.#place) {
      this.#medium.bytes(place).fill(mediumByte(index));
      if (index === options.pages - 1 && options.slack === 'zeros')
        this.#medium.bytes(place).fill(0, options.tail);
    }
    this.holder = new Filemap(memory, {
      size: () => this.#size,
      readPage: (index, into) => {
        this.#readPage(index, into);
      },
      readahead: options.readahead,
    });
  }

  get mapping(): AddressSpace {
    return this.holder.mapping;
  }

  /**
   * Maps the run from flash: all of the vma as PFNMAP, or its beginning as MIXEDMAP, or nothing.
   *
   * @throws AxfsError EINVAL for a shared mapping that may be written to; ENOMEM without RAM for page tables.
   */
  mmap(vma: VmArea): void {
    genericFileReadonlyMmap(this.name, vma);
    const { pages, aligned } = this.#options;
    const first = Number(vma.vmPgoff);
    if (hasAny(vma.vmFlags, VM_WRITE) || first >= pages) return;
    const vmaPages = (vma.vmEnd - vma.vmStart) / PAGE_SIZE;
    const run = this.#physmemRun(first, Math.min(vmaPages, pages - first));
    if (run === 0 || !aligned) return;
    const frame = this.#medium.pfnOf(this.#place.get(first) ?? 0);
    if (run === vmaPages) this.#remap(vma, frame);
    else this.#insert(vma, frame, run);
  }

  get #size(): number {
    return (this.#options.pages - 1) * PAGE_SIZE + this.#options.tail;
  }

  #remap(vma: VmArea, frame: Pfn): void {
    const result = remapPfnRange(vma, vma.vmStart, frame, vma.vmEnd - vma.vmStart);
    if (result !== 0) throw new AxfsError(result, `${this.name}: remap_pfn_range failed`);
  }

  #insert(vma: VmArea, frame: Pfn, run: number): void {
    vma.vmFlags = withFlags(vma.vmFlags, VM_MIXEDMAP);
    for (let index = 0; index < run; index += 1) {
      const address = (vma.vmStart + index * PAGE_SIZE) as VirtAddr;
      const result = vmfInsertMixed(vma, address, (frame + index) as Pfn);
      if (hasAny(result, VM_FAULT_ERROR))
        throw new AxfsError(
          hasAny(result, VM_FAULT_OOM) ? 'ENOMEM' : 'EFAULT',
          `${this.name}: vm_insert_mixed failed`,
        );
    }
  }

  /**
   * Pages from `first` on that lie on flash one after the other, without a last one that would show what is not
   * the file's. Mirrors `cramfs_get_block_range` with `cramfs_last_page_is_shared`.
   */
  #physmemRun(first: number, most: number): number {
    const start = this.#place.get(first);
    if (start === undefined) return 0;
    let run = 0;
    while (run < most && this.#place.get(first + run) === start + run) run += 1;
    const { pages, tail } = this.#options;
    if (first + run < pages || tail === PAGE_SIZE) return run;
    const isShared = this.#medium
      .bytes(start + run - 1)
      .subarray(tail)
      .some((byte) => byte !== 0);
    return isShared ? run - 1 : run;
  }

  /** Mirrors `cramfs_read_folio`. */
  #readPage(index: number, into: Uint8Array): void {
    const { pages, tail, lastblock } = this.#options;
    const isLast = index === pages - 1;
    const isDirect = this.#place.has(index);
    const isLost = isLast && isDirect && tail === PAGE_SIZE && lastblock === 'zeros';
    into.fill(isLost ? 0 : mediumByte(index));
    if (isLast) into.fill(0, tail);
  }
}

/** See the top of the file. */
export const CRAMFS_DRIVER = driverKind({
  kind: 'cramfs',
  purpose:
    'cramfs on mapped flash: a contiguous beginning is mapped at mmap, the rest by the page cache.',
  options: OPTIONS,
  needs: { what: 'VM_MIXEDMAP (2.6.26 or later)', test: ({ mixedMap }) => mixedMap },
  make: (memory, name, values) => new CramfsFile(memory, name, values),
});
