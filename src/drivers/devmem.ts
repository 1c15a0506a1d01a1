/**
 * /dev/mem: a window onto all physical memory. Page k of the file is frame k; RAM frames that it maps are
 * neither referenced nor counted. Mirrors drivers/char/mem.c.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import type { Pfn } from '../base/units.ts';
import type { VmOperations } from '../mm/mappable.ts';
import type { Memory } from '../mm/memory.ts';
import { remapPfnRange } from '../mm/remap.ts';
import type { VmArea } from '../mm/vma.ts';
import { driverKind } from './driver.ts';
import type { DriverName } from './driver.ts';
import { DriverFile, hex } from './driver-file.ts';
import { yesOrNo } from './options.ts';

class DevMem extends DriverFile {
  readonly kind = 'devmem';
  readonly ops: VmOperations = {};
  override readonly readOnly: boolean;

  constructor(memory: Memory, name: DriverName, writable: boolean) {
    super(memory, name);
    this.readOnly = !writable;
  }

  /**
   * Maps everything at once. Mirrors `mmap_mem`.
   *
   * @throws AxfsError ENOMEM without RAM for page tables (EAGAIN in the kernel).
   */
  mmap(vma: VmArea): void {
    const first = Number(vma.vmPgoff) as Pfn;
    const result = remapPfnRange(vma, vma.vmStart, first, vma.vmEnd - vma.vmStart);
    if (result !== 0)
      throw new AxfsError(result, `${this.name}: remap_pfn_range of pfn ${hex(first)} failed`);
  }
}

/** See the top of the file. */
export const DEVMEM_DRIVER = driverKind({
  kind: 'devmem',
  purpose: '/dev/mem: remap_pfn_range of the frames that the file offset names, RAM included.',
  options: { writable: yesOrNo('opened for writing as well', true) },
  make: (memory, name, { writable }) => new DevMem(memory, name, writable),
});
