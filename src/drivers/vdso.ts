/**
 * One page of the kernel's that every process maps, in two ways: raw, so that its struct page is never written
 * to, and as an ordinary counted page, whose reference count moves between CPUs with every map and unmap.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import { PAGE_SIZE, type VirtAddr } from '../base/units.ts';
import type { Page } from '../mm/frames.ts';
import { vmfInsertPfn } from '../mm/insert.ts';
import type { VmOperations } from '../mm/mappable.ts';
import type { Memory } from '../mm/memory.ts';
import { remapPfnRange } from '../mm/remap.ts';
import type { VmArea } from '../mm/vma.ts';
import { isCowMapping, VM_FAULT_SIGBUS, VM_PFNMAP, withFlags } from '../mm/vmflags.ts';
import { action, driverKind } from './driver.ts';
import type { DriverName } from './driver.ts';
import { DriverFile } from './driver-file.ts';
import { OwnPages, returnPage } from './own-pages.ts';

const FIRST_BYTE = 0x7f;

/** The page, and how often its count was written. */
abstract class VdsoFile extends DriverFile {
  override readonly readOnly = true;
  readonly page: Page;
  protected override readonly holder: OwnPages;
  override readonly actions = {
    writes: action(
      'writes',
      "says how often the page's reference count was written",
      {},
      () => `refcount writes ${String(this.memory.frames.refcountWrites(this.page))}`,
    ),
  };

  constructor(memory: Memory, name: DriverName) {
    super(memory, name);
    this.holder = new OwnPages(memory);
    this.page = this.holder.make(0, FIRST_BYTE);
  }
}

class RawVdso extends VdsoFile {
  readonly kind = 'vdso';
  readonly ops: VmOperations;

  constructor(memory: Memory, name: DriverName) {
    super(memory, name);
    const { frames, kernel } = memory;
    this.ops = kernel.pfnmapMayFault
      ? {
          fault: (vma, { pgoff, address }) =>
            pgoff === 0 ? vmfInsertPfn(vma, address, frames.pageToPfn(this.page)) : VM_FAULT_SIGBUS,
        }
      : {
          nopfn: (vma: VmArea, address: VirtAddr) =>
            address === Number(vma.vmStart) && vma.vmPgoff === 0
              ? frames.pageToPfn(this.page)
              : 'sigbus',
        };
  }

  /** A COW mapping is filled at once, as only the linear rule makes it raw; any other by faults. */
  mmap(vma: VmArea): void {
    if (!isCowMapping(vma.vmFlags)) {
      vma.vmFlags = withFlags(vma.vmFlags, VM_PFNMAP);
      return;
    }
    const frame = this.memory.frames.pageToPfn(this.page);
    const result = remapPfnRange(vma, vma.vmStart, frame, PAGE_SIZE);
    if (result !== 0)
      throw new AxfsError(result, `${this.name}: a private mapping of it has one page`);
  }
}

class CountedVdso extends VdsoFile {
  readonly kind = 'vdso-counted';
  readonly ops: VmOperations = {
    fault: (_vma, vmf) =>
      Number(vmf.pgoff) === 0 ? returnPage(this.memory, vmf, this.page) : VM_FAULT_SIGBUS,
  };
}

/** See the top of the file. */
export const VDSO_DRIVER = driverKind({
  kind: 'vdso',
  purpose: "One page of the kernel's mapped raw: nobody writes its reference count.",
  options: {},
  make: (memory, name) => new RawVdso(memory, name),
});

/** See the top of the file. */
export const VDSO_COUNTED_DRIVER = driverKind({
  kind: 'vdso-counted',
  purpose:
    "One page of the kernel's mapped as a normal page: its count is written by every map and unmap.",
  options: {},
  make: (memory, name) => new CountedVdso(memory, name),
});
