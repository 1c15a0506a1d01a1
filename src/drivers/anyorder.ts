/**
 * Raw frames in no order: what vm_insert_pfn allows in a shared PFNMAP mapping, where every entry is raw whatever
 * its pfn. Page i of the file is frame base + (7i + 3) mod 64.
 *
 * @module
 */
import { PAGE_SIZE, type Pfn } from '../base/units.ts';
import { vmfInsertPfn } from '../mm/insert.ts';
import type { VmOperations } from '../mm/mappable.ts';
import type { Memory } from '../mm/memory.ts';
import { VM_FAULT_SIGBUS, VM_PFNMAP } from '../mm/vmflags.ts';
import { driverKind } from './driver.ts';
import type { DriverName } from './driver.ts';
import { DriverFile } from './driver-file.ts';
import { mediumAt, mediumOptions } from './medium.ts';
import type { Medium } from './medium.ts';
import { yesOrNo } from './options.ts';
import type { OptionValues } from './options.ts';

const PAGES = 64;

const OPTIONS = {
  writable: yesOrNo('opened for writing as well', false),
  ...mediumOptions(0x34000),
} as const;

class AnyOrder extends DriverFile {
  readonly kind = 'anyorder';
  override readonly mmapFlags = VM_PFNMAP;
  override readonly readOnly: boolean;
  readonly ops: VmOperations;
  readonly #medium: Medium;

  constructor(memory: Memory, name: DriverName, options: OptionValues<typeof OPTIONS>) {
    super(memory, name);
    this.readOnly = !options.writable;
    this.#medium = mediumAt(memory, { ...options, pages: PAGES });
    // A PFNMAP vma may have a fault handler since 2.6.26-rc4; before, drivers had nopfn.
    this.ops = memory.kernel.pfnmapMayFault
      ? {
          fault: (vma, { pgoff, address }) =>
            pgoff < PAGES ? vmfInsertPfn(vma, address, this.#frameOf(pgoff)) : VM_FAULT_SIGBUS,
        }
      : {
          nopfn: (vma, address) => {
            const index = (address - vma.vmStart) / PAGE_SIZE + vma.vmPgoff;
            return index < PAGES ? this.#frameOf(index) : 'sigbus';
          },
        };
  }

  #frameOf(index: number): Pfn {
    return this.#medium.pfnOf((7 * index + 3) % PAGES);
  }
}

/** See the top of the file. */
export const ANYORDER_DRIVER = driverKind({
  kind: 'anyorder',
  purpose: 'Raw frames in scrambled order in a PFNMAP mapping, one vm_insert_pfn a fault.',
  options: OPTIONS,
  make: (memory, name, values) => new AnyOrder(memory, name, values),
});
