/**
 * The probe of the measured kernel, on this project's mm: everything that a program can do to one page of a file
 * and see of it, as the lines that the probe prints. Addresses, frames, devices, inodes and paths differ from run
 * to run, so {@link comparable} puts words for them.
 *
 * @module
 */
import { AxfsError } from '../../src/base/errno.ts';
import { fromText } from '../../src/base/bytestring.ts';
import { PAGE_SIZE, pgoff } from '../../src/base/units.ts';
import type { VirtAddr } from '../../src/base/units.ts';
import { buildImage } from '../../src/mkfs/build.ts';
import { profileOf } from '../../src/mkfs/profile.ts';
import { treeFrom } from '../../src/mkfs/tree.ts';
import { AddressSpace } from '../../src/mm/address-space.ts';
import type { Page } from '../../src/mm/frames.ts';
import { forkMm } from '../../src/mm/fork.ts';
import { getUserPage, getUserPageFast } from '../../src/mm/gup.ts';
import { KERNELS } from '../../src/mm/kernel.ts';
import type { KernelName } from '../../src/mm/kernel.ts';
import { madvise } from '../../src/mm/madvise.ts';
import type { MappedFile, VmFault, VmOperations } from '../../src/mm/mappable.ts';
import type { Memory } from '../../src/mm/memory.ts';
import { mincore } from '../../src/mm/mincore.ts';
import { mlock } from '../../src/mm/mlock.ts';
import type { MmStruct } from '../../src/mm/mm.ts';
import {
  PM_FILE,
  PM_MMAP_EXCLUSIVE,
  PM_PFRAME_MASK,
  PM_PRESENT,
  PM_SOFT_DIRTY,
  readPagemap,
} from '../../src/mm/pagemap.ts';
import { accessProcessVm } from '../../src/mm/remote-access.ts';
import { formatSmaps } from '../../src/mm/smaps.ts';
import type { Access, VmArea } from '../../src/mm/vma.ts';
import {
  MAP_POPULATE,
  MAP_PRIVATE,
  MAP_SHARED,
  PROT_EXEC,
  PROT_READ,
  PROT_WRITE,
  VM_FAULT_SIGBUS,
} from '../../src/mm/vmflags.ts';
import { createMachine } from '../../src/sim/machine.ts';
import type { Machine } from '../../src/sim/machine.ts';
import { noiseBytes, textBytes } from './sample-data.ts';

/** Files whose page of that number is of that kind, in {@link probeMachine}. */
export const PROBED = {
  xip: { path: '/bin/busybox', pages: [3, 100] },
  compressed: { path: '/usr/share/doc/text200k', pages: [3] },
  'byte-aligned': { path: '/etc/rand10k', pages: [1] },
} as const;

/** Kind of page that an AXFS image holds. */
export type ProbedKind = keyof typeof PROBED;

/** A machine whose image holds the files of {@link PROBED}, mapped by the route of the original driver. */
export async function probeMachine(kernel: KernelName): Promise<Machine> {
  const tree = treeFrom({
    'bin/busybox': noiseBytes(101 * PAGE_SIZE),
    'etc/rand10k': noiseBytes(10_000, 256, 2),
    'usr/share/doc/text200k': textBytes(200_000),
  });
  const profile = profileOf([{ path: fromText('bin/busybox'), offset: 0, count: 1 }]);
  const image = await buildImage(tree, { xip: { kind: 'files', profile } });
  return createMachine({
    image: image.toBytes(),
    kernel: KERNELS[kernel],
    faultRoute: 'return',
    ramPages: 0x8000,
  });
}

/** Pages written to memory and read back from nowhere else: a file as tmpfs has it, always cached, dirty. */
export class CachedFile implements MappedFile, VmOperations {
  readonly name = 'tmpfs:/bb';
  readonly device = '00:16';
  readonly ino = 20;
  readonly readOnly = true;
  readonly mmapFlags = 0;
  readonly mapping: AddressSpace;
  readonly #memory: Memory;

  constructor(memory: Memory, pages: number) {
    this.#memory = memory;
    this.mapping = new AddressSpace(memory);
    const { frames } = memory;
    for (let index = 0; index < pages; index += 1) {
      const page = frames.allocPage('page_cache');
      if (page === undefined) throw new Error('no RAM');
      frames.bytes(page).fill(index);
      for (const flag of ['uptodate', 'dirty', 'swapbacked'] as const)
        frames.setFlag(page, flag, true);
      this.mapping.addToPageCache(page, index);
      frames.putPage(page);
    }
  }

  get ops(): VmOperations {
    return this;
  }

  fault(_: VmArea, vmf: VmFault): number {
    vmf.page = this.mapping.findGetPage(vmf.pgoff);
    return vmf.page === undefined ? VM_FAULT_SIGBUS : 0;
  }

  mapPages(_: VmArea, index: number): Page | undefined {
    return this.mapping.peek(index);
  }

  /** References that the page cache holds. */
  references(page: Page): number {
    return this.#memory.frames.mappingOf(page) === this.mapping.owner ? 1 : 0;
  }
}

/** Lines of smaps that the probe prints. */
const SMAPS_SHOWN =
  /^(?:Rss|Pss|(?:Shared|Private)_(?:Clean|Dirty|Hugetlb)|Anonymous|AnonHugePages|VmFlags):/;

/** What libc says to the errno that the kernel answers. */
const MESSAGES: Readonly<Record<string, string>> = {
  EACCES: '-1 Permission denied',
  EFAULT: '-1 Bad address',
  EINVAL: '-1 Invalid argument',
  EIO: '-1 Input/output error',
};

const answerOf = (result: number | string): string =>
  typeof result === 'number' ? `${String(result)} ` : (MESSAGES[result] ?? result);

/** One page of a file, probed. */
class Probe {
  readonly lines: string[] = [];
  readonly #mm: MmStruct;
  readonly #file: MappedFile;
  readonly #page: number;

  constructor(mm: MmStruct, file: MappedFile, page: number) {
    this.#mm = mm;
    this.#file = file;
    this.#page = page;
    this.lines.push(`XT ${file.name} page ${String(page)}`);
  }

  run(): readonly string[] {
    this.#readOnly();
    this.#writtenFirst();
    this.#readFirst();
    this.#sharedWritable();
    this.#populated();
    return this.lines;
  }

  #readOnly(): void {
    const mm = this.#mm;
    const base = this.#map(PROT_READ);
    this.#mincore('before', base);
    this.#say(`read touch: ${faults(mm, base, 'read')}`);
    this.#pagemap('ro-private', base);
    this.#smaps();
    this.#mincore('after', base);
    this.#say(`process_vm_readv -> ${this.#readv(base)}`);
    this.#say(`/proc/self/mem pread -> ${this.#readMem(base)}`);
    this.#say(`write(pipe) from page -> ${answerOf(mm.readMemory(base, PAGE_SIZE).length)}`);
    this.#say(`vmsplice -> ${answerOf(this.#give(getUserPageFast(mm, base, { write: false })))}`);
    this.#say(`mlock -> ${answerOf(mlock(mm, base, PAGE_SIZE))}`);
    const dropped = answerOf(madvise(mm, base, PAGE_SIZE, 'dontneed'));
    this.#say(`madvise DONTNEED -> ${dropped}; touch again: ${faults(mm, base, 'read')}`);
    this.#say(`madvise HUGEPAGE -> ${answerOf(madvise(mm, base, PAGE_SIZE, 'hugepage'))}`);
    const child = forkMm(mm);
    this.#say(`child after fork: ${faults(child, base, 'read')}`);
    child.exit();
    mm.munmap(base, PAGE_SIZE);
  }

  #writtenFirst(): void {
    const base = this.#map(PROT_READ + PROT_WRITE);
    this.#say(`rw-private first write: ${faults(this.#mm, base, 'write')}`);
    this.#pagemap('rw-private', base);
    this.#smaps();
    this.#mm.munmap(base, PAGE_SIZE);
  }

  #readFirst(): void {
    const mm = this.#mm;
    const base = this.#map(PROT_READ + PROT_WRITE);
    const read = faults(mm, base, 'read');
    this.#say(`rw-private read: ${read}, then write: ${faults(mm, base, 'write')}`);
    mm.munmap(base, PAGE_SIZE);
  }

  #sharedWritable(): void {
    let answer: string;
    try {
      this.#map(PROT_READ + PROT_WRITE, MAP_SHARED);
      answer = 'mapped';
    } catch (error) {
      if (!(error instanceof AxfsError)) throw error;
      answer = (MESSAGES[error.code] ?? error.code).replace('-1 ', '');
    }
    this.#say(`shared-rw mmap -> ${answer}`);
  }

  #populated(): void {
    const base = this.#map(PROT_READ + PROT_EXEC, MAP_PRIVATE + MAP_POPULATE);
    this.#pagemap('MAP_POPULATE r-x', base);
    this.#say(`after MAP_POPULATE touch: ${faults(this.#mm, base, 'read')}`);
    this.#mm.munmap(base, PAGE_SIZE);
  }

  #say(line: string): void {
    this.lines.push(`  ${line}`);
  }

  #map(prot: number, flags = MAP_PRIVATE): VirtAddr {
    return this.#mm.mmap({
      length: PAGE_SIZE,
      prot,
      flags,
      file: this.#file,
      pgoff: pgoff(this.#page),
    });
  }

  #mincore(when: string, base: VirtAddr): void {
    const pages = mincore(this.#mm, base, PAGE_SIZE);
    const vec = typeof pages === 'string' ? pages : String(Number(pages[0]));
    this.#say(`mincore ${when} touch r=0 vec=${vec}`);
  }

  #pagemap(what: string, base: VirtAddr): void {
    const entry = readPagemap(this.#mm, base, 1)[0];
    if (typeof entry !== 'bigint') throw new Error('no pagemap');
    const bit = (mask: bigint): string => ((entry & mask) === 0n ? '0' : '1');
    this.#say(
      `pagemap ${what} present=${bit(PM_PRESENT)} pfn=0x${(entry & PM_PFRAME_MASK).toString(16)}` +
        ` file/shared=${bit(PM_FILE)} softdirty=${bit(PM_SOFT_DIRTY)} excl=${bit(PM_MMAP_EXCLUSIVE)}`,
    );
  }

  #smaps(): void {
    const [vma = '', ...lines] = formatSmaps(this.#mm).split('\n');
    for (const line of [vma, ...lines.filter((text) => SMAPS_SHOWN.test(text))])
      this.#say(`| ${line}`);
  }

  /** Whatever stops get_user_pages, process_vm_readv answers EFAULT. */
  #readv(base: VirtAddr): string {
    const got = this.#give(getUserPage(this.#mm, base, { write: false }), 16);
    return answerOf(typeof got === 'string' ? 'EFAULT' : got);
  }

  #readMem(base: VirtAddr): string {
    const bytes = new Uint8Array(16);
    const done = accessProcessVm(this.#mm, { address: base, bytes, write: false });
    return answerOf(done === 0 ? 'EIO' : done);
  }

  /** Puts a page that was got; its bytes, or the error. */
  #give(got: Page | string, bytes = PAGE_SIZE): number | string {
    if (typeof got === 'string') return got;
    this.#mm.memory.frames.putPage(got);
    return bytes;
  }
}

const faults = (mm: MmStruct, base: VirtAddr, access: Access): string =>
  `${String(mm.touch(base, access))} fault(s)`;

/** The lines that the probe prints about one page of a file. */
export const probePage = (mm: MmStruct, file: MappedFile, page: number): readonly string[] =>
  new Probe(mm, file, page).run();

/** Words for what differs from run to run; the column where the name starts is kept. */
const PLACEHOLDERS: readonly (readonly [RegExp, (...parts: string[]) => string])[] = [
  [/^XT \S+/, () => 'XT FILE'],
  [/pfn=0x[1-9a-f][0-9a-f]*/, () => 'pfn=PFN'],
  [
    /^ {2}\| ([0-9a-f]+-[0-9a-f]+)( [rwxsp-]{4} [0-9a-f]+ )(\S+ \d+ +)(\S+)$/,
    (_, range = '', rights = '', place = '') =>
      `  | RANGE${rights}DEVICE INODE FILE at column ${String((range + rights + place).length)}`,
  ],
];

/** A line without what differs from run to run. */
export function comparable(line: string): string {
  let text = line;
  for (const [pattern, word] of PLACEHOLDERS) text = text.replace(pattern, word);
  return text;
}
