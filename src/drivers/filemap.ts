/**
 * A page cache that fills itself, and its fault handler: what most file systems use as it is. Mirrors
 * filemap_fault and filemap_map_pages (mm/filemap.c).
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import { PAGE_SIZE } from '../base/units.ts';
import { AddressSpace } from '../mm/address-space.ts';
import { allocPage } from '../mm/alloc.ts';
import type { Page } from '../mm/frames.ts';
import type { VmFault, VmFaultResult } from '../mm/mappable.ts';
import type { Memory } from '../mm/memory.ts';
import { putPage } from '../mm/put-page.ts';
import type { PageHolder } from './driver-file.ts';
import { VM_FAULT_MAJOR, VM_FAULT_OOM, VM_FAULT_SIGBUS } from '../mm/vmflags.ts';

/** What a file system tells its page cache. */
export interface FilemapSource {
  /** Size of the file, bytes. */
  size(): number;
  /** Fills the 4096 bytes of page `index`. Mirrors `readpage`. */
  readPage(index: number, into: Uint8Array): void;
  /** Pages read at once around one that faults, at least 1. */
  readonly readahead: number;
}

/** The page cache of a file. */
export class Filemap implements PageHolder {
  readonly mapping: AddressSpace;
  readonly #memory: Memory;
  readonly #source: FilemapSource;

  constructor(memory: Memory, source: FilemapSource) {
    this.#memory = memory;
    this.#source = source;
    this.mapping = new AddressSpace(memory);
  }

  /** Number of pages of the file, the last one possibly in part. */
  get pages(): number {
    return Math.ceil(this.#source.size() / PAGE_SIZE);
  }

  /** Mirrors `filemap_fault`, with the read-around of `do_sync_mmap_readahead`. */
  fault(vmf: VmFault): VmFaultResult {
    if (vmf.pgoff >= this.pages) return VM_FAULT_SIGBUS;
    const cached = this.mapping.findGetPage(vmf.pgoff);
    if (cached === undefined) this.#readAround(vmf.pgoff);
    const page = cached ?? this.mapping.findGetPage(vmf.pgoff) ?? this.#read(vmf.pgoff);
    if (page === undefined) return VM_FAULT_OOM;
    vmf.page = page;
    return cached === undefined ? VM_FAULT_MAJOR : 0;
  }

  /** Mirrors `filemap_map_pages` for one page. */
  mapPages(index: number): Page | undefined {
    const page = index < this.pages ? this.mapping.peek(index) : undefined;
    return page !== undefined && this.#memory.frames.testFlag(page, 'uptodate') ? page : undefined;
  }

  /**
   * Page `index`, read if need be, with a reference for the caller. Mirrors `read_mapping_page`.
   *
   * @throws AxfsError ENOMEM without RAM.
   */
  page(index: number): Page {
    const page = this.mapping.findGetPage(index) ?? this.#read(index);
    if (page === undefined) throw new AxfsError('ENOMEM', 'no RAM is left for the page cache');
    return page;
  }

  /** Copies bytes from `offset` on, up to the end of the file, through the cache. Mirrors `generic_file_read`. */
  read(offset: number, length: number): Uint8Array {
    const end = Math.min(this.#source.size(), offset + length);
    const out = new Uint8Array(Math.max(0, end - offset));
    for (let done = 0; done < out.length;) {
      const inPage = (offset + done) % PAGE_SIZE;
      const page = this.page(Math.floor((offset + done) / PAGE_SIZE));
      const part = this.#memory.frames
        .bytes(page)
        .subarray(inPage, Math.min(PAGE_SIZE, inPage + out.length - done));
      out.set(part, done);
      putPage(this.#memory, page);
      done += part.length;
    }
    return out;
  }

  /** References of the cache. */
  references(page: Page): number {
    return this.mapping.holds(page) ? 1 : 0;
  }

  /** The cached page `index`, without a reference. */
  get(index: number): Page | undefined {
    return this.mapping.peek(index);
  }

  /** Drops all pages; nobody maps them. */
  close(): void {
    this.mapping.truncate();
  }

  #readAround(index: number): void {
    const { readahead } = this.#source;
    const first = Math.max(0, index - Math.floor(readahead / 2));
    const end = Math.min(this.pages, first + readahead);
    for (let at = first; at < end; at += 1) {
      if (this.mapping.peek(at) !== undefined) continue;
      const page = this.#read(at);
      // Reading ahead is optional; the page that is wanted is asked for again.
      if (page === undefined) return;
      putPage(this.#memory, page);
    }
  }

  #read(index: number): Page | undefined {
    const page = allocPage(this.#memory, 'page_cache');
    if (page === undefined) return undefined;
    const { frames } = this.#memory;
    this.#source.readPage(index, frames.bytes(page));
    frames.setFlag(page, 'uptodate', true);
    this.mapping.addToPageCache(page, index);
    return page;
  }
}
