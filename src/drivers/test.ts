/**
 * The driver for trying things out: a vma with any flags, and a handler of any sort or none. Scripts put entries
 * into its vmas by hand.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import { PAGE_SIZE } from '../base/units.ts';
import type { Page } from '../mm/frames.ts';
import {
  vmfError,
  vmfInsertMixed,
  vmfInsertMixedMkwrite,
  vmfInsertPfn,
  vmInsertPage,
} from '../mm/insert.ts';
import { AddressSpace } from '../mm/address-space.ts';
import type { VmFault, VmFaultResult, VmOperations } from '../mm/mappable.ts';
import type { Memory } from '../mm/memory.ts';
import type { VmArea } from '../mm/vma.ts';
import {
  hasAny,
  VM_FAULT_NOPAGE,
  VM_FAULT_SIGBUS,
  VM_INVALIDPFNMAP,
  VM_IO,
  VM_MIXEDMAP,
  VM_PFNMAP,
  withFlags,
} from '../mm/vmflags.ts';
import { action, driverKind } from './driver.ts';
import type { DriverName } from './driver.ts';
import { DriverFile, hex } from './driver-file.ts';
import { mediumAt, mediumByte, mediumOptions } from './medium.ts';
import type { Medium } from './medium.ts';
import { choice, number, yesOrNo } from './options.ts';
import type { OptionValues } from './options.ts';
import { OwnPages, returnPage } from './own-pages.ts';

const FLAGS = {
  none: 0,
  pfnmap: VM_PFNMAP,
  mixedmap: VM_MIXEDMAP,
  both: VM_PFNMAP + VM_MIXEDMAP,
  io: VM_IO,
  io_mixedmap: VM_IO + VM_MIXEDMAP,
  invalidpfnmap: VM_INVALIDPFNMAP,
} as const;

type FlagsName = keyof typeof FLAGS;

const FAULTS = [
  'none',
  'sigbus',
  'pfn',
  'nopfn',
  'mixed',
  'mkwrite',
  'page',
  'insert_page',
] as const;

const OPTIONS = {
  flags: choice('vm_flags that mmap sets', Object.keys(FLAGS) as FlagsName[], 'none'),
  fault: choice(
    'the handler: none; sigbus; inserts page k as frame base + k (pfn, nopfn, mixed, mkwrite) or as a page of its own (insert_page); returns such a page (page)',
    FAULTS,
    'none',
  ),
  retries: number(
    'answers NOPAGE without entry before the real one, for each fault',
    'times',
    0,
    [0, 32],
  ),
  writable: yesOrNo('opened for writing as well', false),
  pages: number('size of the device', 'pages', 8, [1, 0x10000]),
  ...mediumOptions(0x34000),
} as const;

class TestDriver extends DriverFile {
  readonly kind = 'test';
  readonly ops: VmOperations;
  readonly mapping: AddressSpace;
  override readonly readOnly: boolean;
  override readonly actions = {
    'page-make': action(
      'page-make',
      'allocates the page of its own for file page N',
      { page: number('which', 'page number', 0, [0, 0xffff]) },
      ({ page }) => `pfn ${hex(this.memory.frames.pageToPfn(this.#own(page)))}`,
    ),
    'page-put': action(
      'page-put',
      'drops its reference to the page of its own for file page N',
      { page: number('which', 'page number', 0, [0, 0xffff]) },
      ({ page }) => (this.holder.drop(page) ? 'dropped' : 'no reference is held'),
    ),
  };
  protected override readonly holder: OwnPages;
  readonly #medium: Medium;
  readonly #options: OptionValues<typeof OPTIONS>;
  #retriesLeft: number;

  constructor(memory: Memory, name: DriverName, options: OptionValues<typeof OPTIONS>) {
    super(memory, name);
    const flags = FLAGS[options.flags];
    if (hasAny(flags, VM_INVALIDPFNMAP) && !hasAny(memory.kernel.rawUnlessPfnValid, flags))
      throw new AxfsError(
        'EOPNOTSUPP',
        `device ${name.name} (test): option 'flags' is 'invalidpfnmap', expected with the proposal of that name`,
      );
    if (hasAny(flags, VM_MIXEDMAP) && !memory.kernel.mixedMap)
      throw new AxfsError(
        'EOPNOTSUPP',
        `device ${name.name} (test): option 'flags' is '${options.flags}', but kernel ${memory.kernel.name} has no VM_MIXEDMAP, expected 2.6.26 or later`,
      );
    this.#options = options;
    this.#retriesLeft = options.retries;
    this.readOnly = !options.writable;
    this.mapping = new AddressSpace(memory);
    this.holder = new OwnPages(memory);
    this.#medium = mediumAt(memory, options);
    this.ops = this.#makeOps();
  }

  /** Both marks at once are what no driver should set, and what some assertions are for. */
  mmap(vma: VmArea): void {
    vma.vmFlags = withFlags(vma.vmFlags, FLAGS[this.#options.flags]);
  }

  #own(index: number): Page {
    return this.holder.make(index, mediumByte(index));
  }

  #makeOps(): VmOperations {
    const { fault } = this.#options;
    if (fault === 'none') return {};
    if (fault === 'nopfn')
      return {
        nopfn: (vma, address) => {
          if (this.#retries()) return 'refault';
          const index = (address - vma.vmStart) / PAGE_SIZE + vma.vmPgoff;
          return index < this.#options.pages ? this.#medium.pfnOf(index) : 'sigbus';
        },
      };
    const answer = this.#answers[fault];
    return {
      fault: (vma, vmf) => {
        if (vmf.pgoff >= this.#options.pages) return VM_FAULT_SIGBUS;
        return this.#retries() ? VM_FAULT_NOPAGE : answer(vma, vmf);
      },
    };
  }

  /** The handler asks for one more try. */
  #retries(): boolean {
    if (this.#retriesLeft > 0) {
      this.#retriesLeft -= 1;
      return true;
    }
    this.#retriesLeft = this.#options.retries;
    return false;
  }

  readonly #answers: Readonly<
    Record<
      Exclude<(typeof FAULTS)[number], 'none' | 'nopfn'>,
      (vma: VmArea, vmf: VmFault) => VmFaultResult
    >
  > = {
    sigbus: () => VM_FAULT_SIGBUS,
    pfn: (vma, vmf) => vmfInsertPfn(vma, vmf.address, this.#medium.pfnOf(vmf.pgoff)),
    mixed: (vma, vmf) => vmfInsertMixed(vma, vmf.address, this.#medium.pfnOf(vmf.pgoff)),
    mkwrite: (vma, vmf) => {
      const insert = vmf.isWrite ? vmfInsertMixedMkwrite : vmfInsertMixed;
      return insert(vma, vmf.address, this.#medium.pfnOf(vmf.pgoff));
    },
    page: (_vma, vmf) => returnPage(this.memory, vmf, this.#own(vmf.pgoff)),
    insert_page: (vma, vmf) => vmfError(vmInsertPage(vma, vmf.address, this.#own(vmf.pgoff))),
  };
}

/** See the top of the file. */
export const TEST_DRIVER = driverKind({
  kind: 'test',
  purpose: 'The general test driver: any flags, any handler, entries put in by hand.',
  options: OPTIONS,
  make: (memory, name, values) => new TestDriver(memory, name, values),
});
