/**
 * Files that live in the page cache: one that is read and written, with write-back, and one of a read-only file
 * system. They are what execute-in-place is compared with.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import { PAGE_SIZE } from '../base/units.ts';
import type { AddressSpace } from '../mm/address-space.ts';
import type { VmOperations } from '../mm/mappable.ts';
import type { Memory } from '../mm/memory.ts';
import { putPage } from '../mm/put-page.ts';
import { invalidateCompletePage, truncatePagecache } from '../mm/truncate.ts';
import type { VmArea } from '../mm/vma.ts';
import { hasAll, VM_FAULT_SIGBUS, VM_MAYWRITE, VM_SHARED } from '../mm/vmflags.ts';
import { action, driverKind } from './driver.ts';
import type { DriverAction, DriverName } from './driver.ts';
import { DriverFile } from './driver-file.ts';
import { Filemap } from './filemap.ts';
import { mediumByte } from './medium.ts';
import { choice, number, yesOrNo } from './options.ts';
import type { OptionValues } from './options.ts';

const MAX_BYTES = 0x10000 * PAGE_SIZE;

/** Options of both. */
const COMMON = {
  pages: number('size of the file', 'pages', 16, [1, 0x10000]),
  tail: number('bytes of the last page that belong to the file', 'bytes', PAGE_SIZE, [
    1,
    PAGE_SIZE,
  ]),
  readahead: number('read at once around a fault that misses; 1: none', 'pages', 32, [1, 256]),
  owner: yesOrNo('the user owns the file: mincore tells him the truth', true),
} as const;

const CACHED_OPTIONS = {
  ...COMMON,
  writable: yesOrNo('opened for writing as well', true),
  mkwrite: choice(
    'page_mkwrite: absent, agrees, or answers SIGBUS',
    ['none', 'agree', 'sigbus'],
    'none',
  ),
} as const;

const RANGE = {
  offset: number('first byte', 'bytes', 0, [0, MAX_BYTES]),
  length: number('how many', 'bytes', 1, [1, MAX_BYTES]),
} as const;

/**
 * Refuses what a read-only file system cannot keep: stores to a shared mapping. Mirrors
 * `generic_file_readonly_mmap` (mm/filemap.c).
 *
 * @throws AxfsError EINVAL for such a mapping.
 */
export function genericFileReadonlyMmap(name: string, vma: VmArea): void {
  if (hasAll(vma.vmFlags, VM_SHARED + VM_MAYWRITE))
    throw new AxfsError(
      'EINVAL',
      `${name}: a shared mapping that may be written to, expected none`,
    );
}

/** Page k of the file on its disk is filled with {@link mediumByte}. */
abstract class FilemapFile extends DriverFile {
  override readonly readOnly: boolean;
  readonly mayInspect: boolean;
  protected override readonly holder: Filemap;
  protected readonly disk: Uint8Array;
  protected size: number;

  constructor(
    memory: Memory,
    name: DriverName,
    options: OptionValues<typeof COMMON> & { readonly writable: boolean },
  ) {
    super(memory, name);
    this.readOnly = !options.writable;
    this.mayInspect = options.owner;
    this.size = (options.pages - 1) * PAGE_SIZE + options.tail;
    this.disk = new Uint8Array(options.pages * PAGE_SIZE);
    for (let index = 0; index < options.pages; index += 1)
      this.disk.fill(mediumByte(index), index * PAGE_SIZE, (index + 1) * PAGE_SIZE);
    this.disk.fill(0, this.size);
    this.holder = new Filemap(memory, {
      size: () => this.size,
      readPage: (index, into) => {
        into.set(this.disk.subarray(index * PAGE_SIZE, (index + 1) * PAGE_SIZE));
      },
      readahead: options.readahead,
    });
  }

  get mapping(): AddressSpace {
    return this.holder.mapping;
  }

  /** Actions of any file here. */
  protected readActions(): Readonly<Record<string, DriverAction>> {
    return {
      read: action('read', 'reads through the page cache', RANGE, ({ offset, length }) => {
        const bytes = this.holder.read(offset, length);
        return `${String(bytes.length)} bytes, first 0x${(bytes[0] ?? 0).toString(16)}`;
      }),
      drop: action(
        'drop',
        'drops every clean page that nobody uses from the page cache',
        {},
        () => {
          const dropped = [...this.mapping.entries()].filter(([index]) =>
            invalidateCompletePage(this.memory, this.mapping, index),
          );
          return `${String(dropped.length)} pages dropped`;
        },
      ),
    };
  }

  /** Handlers of any file here. */
  protected readonly filemapOps: VmOperations = {
    fault: (_vma, vmf) => this.holder.fault(vmf),
    mapPages: (_vma, index) => this.holder.mapPages(index),
  };
}

class CachedFile extends FilemapFile {
  readonly kind = 'cached';
  readonly ops: VmOperations;
  override readonly actions: Readonly<Record<string, DriverAction>>;

  constructor(memory: Memory, name: DriverName, options: OptionValues<typeof CACHED_OPTIONS>) {
    super(memory, name, options);
    const answer = options.mkwrite === 'sigbus' ? VM_FAULT_SIGBUS : 0;
    this.ops =
      options.mkwrite === 'none'
        ? this.filemapOps
        : { ...this.filemapOps, pageMkwrite: () => answer };
    this.mapping.writepage = (page, index) => {
      this.disk.set(memory.frames.bytes(page), index * PAGE_SIZE);
    };
    this.actions = { ...this.readActions(), ...this.#writeActions() };
  }

  #writeActions(): Readonly<Record<string, DriverAction>> {
    return {
      write: action(
        'write',
        'writes bytes of one value through the page cache',
        { ...RANGE, value: number('what to write', 'of a byte', 0x5a, [0, 255]) },
        ({ offset, length, value }) => `${String(this.#write(offset, length, value))} bytes`,
      ),
      truncate: action(
        'truncate',
        'makes the file shorter',
        { size: number('new size', 'bytes', 0, [0, MAX_BYTES]) },
        ({ size }) => this.#truncate(size),
      ),
      sync: action('sync', 'writes every dirty page back', {}, () => {
        const dirty = [...this.mapping.entries()].filter(([, page]) =>
          this.memory.frames.testFlag(page, 'dirty'),
        );
        for (const [index, page] of dirty) {
          this.mapping.writepage?.(page, index);
          this.memory.frames.setFlag(page, 'dirty', false);
        }
        return `${String(dirty.length)} pages written`;
      }),
    };
  }

  /** Mirrors `generic_file_write`, inside the file only. */
  #write(offset: number, length: number, value: number): number {
    const end = Math.min(this.size, offset + length);
    for (let at = offset; at < end;) {
      const inPage = at % PAGE_SIZE;
      const page = this.holder.page(Math.floor(at / PAGE_SIZE));
      const count = Math.min(PAGE_SIZE - inPage, end - at);
      this.memory.frames.bytes(page).fill(value, inPage, inPage + count);
      this.memory.frames.setFlag(page, 'dirty', true);
      putPage(this.memory, page);
      at += count;
    }
    return Math.max(0, end - offset);
  }

  /** Mirrors `vmtruncate` with `block_truncate_page`. */
  #truncate(size: number): string {
    if (size > this.size)
      throw new AxfsError(
        'EINVAL',
        `${this.name}: truncate to ${String(size)} bytes, expected at most ${String(this.size)}`,
      );
    this.size = size;
    const inPage = size % PAGE_SIZE;
    if (inPage > 0) {
      const page = this.holder.page(Math.floor(size / PAGE_SIZE));
      this.memory.frames.bytes(page).fill(0, inPage);
      this.memory.frames.setFlag(page, 'dirty', true);
      putPage(this.memory, page);
    }
    truncatePagecache(this.mapping, Math.ceil(size / PAGE_SIZE));
    this.disk.fill(0, size);
    return `${String(size)} bytes`;
  }
}

class ReadonlyFile extends FilemapFile {
  readonly kind = 'readonly';
  readonly ops: VmOperations = this.filemapOps;
  override readonly actions = this.readActions();

  /** @throws AxfsError as {@link genericFileReadonlyMmap}. */
  mmap(vma: VmArea): void {
    genericFileReadonlyMmap(this.name, vma);
  }
}

/** See the top of the file. */
export const CACHED_DRIVER = driverKind({
  kind: 'cached',
  purpose: 'An ordinary file: page cache, fault-around where the kernel has it, write-back.',
  options: CACHED_OPTIONS,
  make: (memory, name, values) => new CachedFile(memory, name, values),
});

/** See the top of the file. */
export const READONLY_DRIVER = driverKind({
  kind: 'readonly',
  purpose:
    'A file of a read-only file system in the page cache, mapped by generic_file_readonly_mmap.',
  options: { ...COMMON, writable: yesOrNo('opened for writing, as no such file can be', false) },
  make: (memory, name, values) => new ReadonlyFile(memory, name, values),
});
