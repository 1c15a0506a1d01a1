/**
 * A local store that moves: while its SPU runs, its pages are frames of the device; else they are RAM that the
 * context was saved to. To switch, the entries are zapped first, and until the move is done the handler hands
 * out nothing. Mirrors arch/powerpc/platforms/cell/spufs.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import { PAGE_SIZE, type Pfn } from '../base/units.ts';
import { AddressSpace } from '../mm/address-space.ts';
import { vmfInsertMixed, vmfInsertPfn } from '../mm/insert.ts';
import type { VmOperations } from '../mm/mappable.ts';
import type { Memory } from '../mm/memory.ts';
import { unmapMappingRange } from '../mm/truncate.ts';
import type { VmArea } from '../mm/vma.ts';
import {
  hasAny,
  VM_FAULT_NOPAGE,
  VM_FAULT_SIGBUS,
  VM_IO,
  VM_MIXEDMAP,
  VM_PFNMAP,
  VM_SHARED,
} from '../mm/vmflags.ts';
import { action, driverKind } from './driver.ts';
import type { DriverName } from './driver.ts';
import { DriverFile, hex } from './driver-file.ts';
import { mediumAt, mediumByte, mediumOptions } from './medium.ts';
import type { Medium } from './medium.ts';
import { choice, number, yesOrNo } from './options.ts';
import type { OptionValues } from './options.ts';
import { OwnPages } from './own-pages.ts';

const OPTIONS = {
  pages: number('size of the local store', 'pages', 8, [1, 64]),
  mapping: choice(
    'pfnmap: raw whatever the frame; mixedmap: counted where the kernel counts valid frames',
    ['pfnmap', 'mixedmap'],
    'pfnmap',
  ),
  ...mediumOptions(0x48000),
} as const;

class SpuFs extends DriverFile {
  readonly kind = 'spufs';
  readonly mapping: AddressSpace;
  readonly ops: VmOperations;
  override readonly mmapFlags: number;
  override readonly actions = {
    switch: action(
      'switch',
      'moves the local store: zaps its entries and hands out the other frames',
      {
        zap: yesOrNo(
          'zap the entries first; without, who has mapped it keeps the old frames',
          true,
        ),
        retries: number('faults that come too early and have to try again', 'faults', 0, [0, 32]),
      },
      ({ zap, retries }) => this.#switch(zap, retries),
    ),
    where: action('where', 'says where the local store is', {}, () => this.#where()),
  };
  readonly #medium: Medium;
  protected override readonly holder: OwnPages;
  readonly #pages: number;
  #isRunning = true;
  /** Faults yet to come before the switch is done. */
  #busy = 0;

  constructor(memory: Memory, name: DriverName, options: OptionValues<typeof OPTIONS>) {
    super(memory, name);
    const isMixed = options.mapping === 'mixedmap';
    if (isMixed && !memory.kernel.mixedMap)
      throw new AxfsError(
        'EOPNOTSUPP',
        `device ${name.name} (spufs): option 'mapping' is 'mixedmap', but kernel ${memory.kernel.name} has no VM_MIXEDMAP, expected 2.6.26 or later`,
      );
    this.#pages = options.pages;
    this.mapping = new AddressSpace(memory);
    this.mmapFlags = isMixed ? VM_MIXEDMAP : VM_IO + VM_PFNMAP;
    this.#medium = mediumAt(memory, options);
    this.holder = new OwnPages(memory);
    for (let index = 0; index < options.pages; index += 1)
      this.holder.make(index, mediumByte(index));
    const insert = isMixed ? vmfInsertMixed : vmfInsertPfn;
    this.ops =
      isMixed || memory.kernel.pfnmapMayFault
        ? {
            fault: (vma, { pgoff, address }) => {
              if (pgoff >= this.#pages) return VM_FAULT_SIGBUS;
              if (this.#isBusy()) return VM_FAULT_NOPAGE;
              return insert(vma, address, this.#frameOf(pgoff));
            },
          }
        : {
            nopfn: (vma, address) => {
              const index = (address - vma.vmStart) / PAGE_SIZE + vma.vmPgoff;
              if (index >= this.#pages) return 'sigbus';
              return this.#isBusy() ? 'refault' : this.#frameOf(index);
            },
          };
  }

  /** @throws AxfsError EINVAL for a private mapping: copies would not move. Mirrors `spufs_mem_mmap`. */
  mmap(vma: VmArea): void {
    if (!hasAny(vma.vmFlags, VM_SHARED))
      throw new AxfsError(
        'EINVAL',
        `${this.name}: a local store is mapped MAP_SHARED and writable`,
      );
  }

  #isBusy(): boolean {
    if (this.#busy === 0) return false;
    this.#busy -= 1;
    return true;
  }

  #frameOf(index: number): Pfn {
    const page = this.#isRunning ? undefined : this.holder.get(index);
    return page === undefined ? this.#medium.pfnOf(index) : this.memory.frames.pageToPfn(page);
  }

  /** Mirrors `spu_unmap_mappings` with `spu_save` or `spu_restore`. */
  #switch(zaps: boolean, retries: number): string {
    if (zaps) unmapMappingRange(this.mapping, 0, this.#pages, true);
    for (let index = 0; index < this.#pages; index += 1) {
      const page = this.holder.get(index);
      if (page === undefined) continue;
      const [from, to] = [this.#medium.bytes(index), this.memory.frames.bytes(page)];
      if (this.#isRunning) to.set(from);
      else from.set(to);
    }
    this.#isRunning = !this.#isRunning;
    this.#busy = retries;
    return this.#where();
  }

  #where(): string {
    return `${this.#isRunning ? 'on the device' : 'saved in RAM'}, page 0 at pfn ${hex(this.#frameOf(0))}`;
  }
}

/** See the top of the file. */
export const SPUFS_DRIVER = driverKind({
  kind: 'spufs',
  purpose: 'A local store whose pages switch between device frames and RAM while it is mapped.',
  options: OPTIONS,
  make: (memory, name, values) => new SpuFs(memory, name, values),
});
