/**
 * What the kernel does on its own account, or for others: getting pages, unmapping files, reclaim.
 *
 * @module
 */
import { getUserPage, getUserPageFast } from '../mm/gup.ts';
import { putPage } from '../mm/put-page.ts';
import { shrinkPage, tryToFreePages } from '../mm/reclaim.ts';
import { invalidateCompletePage, truncatePagecache, unmapMappingRange } from '../mm/truncate.ts';
import type { AddressSpace } from '../mm/address-space.ts';
import type { Memory } from '../mm/memory.ts';
import { vmNormalPage } from '../mm/normal-page.ts';
import { PTE_PRESENT, pteIndex } from '../mm/pagetable.ts';
import { linearPageIndex } from '../mm/vma.ts';
import { hasAny } from '../mm/vmflags.ts';
import type { Command } from './command.ts';
import { faultName } from './driver-commands.ts';
import { ColumnError } from './syntax.ts';
import type { Word } from './syntax.ts';
import { readName } from './values.ts';
import type { LabWorld } from './world.ts';

function mappingOf(world: LabWorld, word: Word): AddressSpace {
  const { mapping } = world.file(word).file;
  if (mapping === undefined)
    throw new ColumnError(
      word.column,
      `'${word.text}' has no mapping, expected a file that has one`,
    );
  return mapping;
}

/** Drops the page that a handler returned, if it did. */
function dropReturned({ vmf, frames }: Memory): void {
  if (vmf.page !== undefined) frames.putPage(vmf.page);
}

/** Commands of the kernel. */
export const KERNEL_COMMANDS = {
  gup: {
    usage: 'gup PLACE [write] [force] [as=NAME]',
    summary: 'get_user_pages of one page: 1 and a reference under the name, or an errno',
    prepare: (args, world, mm) => {
      const address = world.address(args.next('a place'));
      const write = args.flag('write');
      const force = args.flag('force');
      const nameWord = args.setting('as');
      const name = nameWord === undefined ? undefined : readName(nameWord);
      return () => {
        const page = getUserPage(mm, address, { write, force });
        if (typeof page === 'string') return page;
        if (name === undefined) putPage(world.memory, page);
        else world.got.set(name, page);
        return '1';
      };
    },
  },
  'gup-fast': {
    usage: 'gup-fast PLACE [write] [as=NAME]',
    summary:
      'get_user_pages_fast, as vmsplice and direct I/O call it: 1 and a reference under the name, or an errno',
    prepare: (args, world, mm) => {
      const address = world.address(args.next('a place'));
      const write = args.flag('write');
      const nameWord = args.setting('as');
      const name = nameWord === undefined ? undefined : readName(nameWord);
      return () => {
        const page = getUserPageFast(mm, address, { write });
        if (typeof page === 'string') return page;
        if (name === undefined) putPage(world.memory, page);
        else world.got.set(name, page);
        return '1';
      };
    },
  },
  classify: {
    usage: 'classify PLACE',
    summary:
      'asks vm_normal_page about a present entry: raw, or page; it may report a bad entry, or stop',
    prepare: (args, world, mm) => {
      const word = args.next('a place');
      const address = world.address(word);
      const vma = world.vma(mm, word);
      return () => {
        const leaf = mm.pageTable.leaf(address);
        const index = pteIndex(address);
        const bits = leaf?.bitsAt(index) ?? 0;
        if (leaf === undefined || !hasAny(bits, PTE_PRESENT)) return 'none';
        const page = vmNormalPage(vma, address, leaf.pfnAt(index), bits);
        return page === undefined ? 'raw' : 'page';
      };
    },
  },
  note: {
    usage: 'note NAME PLACE|FILE:INDEX',
    summary: 'names a struct page, to look at it later; takes no reference',
    prepare: (args, world, mm) => {
      const name = readName(args.next('a name'));
      const word = args.next('a page');
      return () => {
        const page = world.page(mm, word);
        if (page === undefined) return 'none';
        world.pages.set(name, page);
        return 0;
      };
    },
  },
  race: {
    usage: 'race PLACE',
    summary:
      'reads a page while another thread faults on it as well: its handler is asked a second time, the entry filled by then',
    prepare: (args, world, mm) => {
      const word = args.next('a place');
      const address = world.address(word);
      const vma = world.vma(mm, word);
      return () => {
        mm.touch(address, 'read');
        const { vmf } = world.memory;
        vmf.address = address;
        vmf.pgoff = linearPageIndex(vma, address);
        vmf.isWrite = false;
        vmf.page = undefined;
        const result = vma.ops?.fault?.(vma, vmf);
        // The loser of the race finds the entry filled, and drops the page again.
        dropReturned(world.memory);
        return result === undefined ? 'none' : faultName(result);
      };
    },
  },
  unmap: {
    usage: 'unmap FILE page=N pages=N [even-cows]',
    summary:
      'unmap_mapping_range: zaps pages of a file in every mapping; private copies only with even-cows',
    prepare: (args, world) => {
      const mapping = mappingOf(world, args.next('a file'));
      const first = args.number('page', 0);
      const pages = args.number('pages', 1, 1);
      const evenCows = args.flag('even-cows');
      return () => {
        unmapMappingRange(mapping, first, pages, evenCows);
        return 0;
      };
    },
  },
  truncate: {
    usage: 'truncate FILE pages=N',
    summary: 'cuts a file: its cache and every mapping of what is behind go, private copies too',
    prepare: (args, world) => {
      const mapping = mappingOf(world, args.next('a file'));
      const pages = args.number('pages', 0);
      return () => {
        truncatePagecache(mapping, pages);
        return 0;
      };
    },
  },
  invalidate: {
    usage: 'invalidate FILE page=N',
    summary:
      'invalidate_complete_page: drops a cached page that nobody uses: 1, or 0 when it stays',
    prepare: (args, world) => {
      const mapping = mappingOf(world, args.next('a file'));
      const page = args.number('page', 0);
      return () => (invalidateCompletePage(world.memory, mapping, page) ? '1' : '0');
    },
  },
  reclaim: {
    usage: 'reclaim pages=N',
    summary: 'frees pages, the longest unused first: the result is how many',
    prepare: (args, world) => {
      const pages = args.number('pages', 1, 1);
      return () => String(tryToFreePages(world.memory, pages));
    },
  },
  shrink: {
    usage: 'shrink PAGE|FILE:INDEX|PLACE',
    summary:
      'one look of reclaim at one page: freed, kept, activated or mlocked; unlisted for pages that no list has',
    prepare: (args, world, mm) => {
      const word = args.next('a page');
      return () => {
        const page = world.page(mm, word);
        if (page === undefined) return 'unlisted';
        if (!world.memory.frames.testFlag(page, 'lru')) return 'unlisted';
        return shrinkPage(world.memory, page);
      };
    },
  },
  drain: {
    usage: 'drain',
    summary: 'moves pages that wait in a batch to their LRU lists',
    prepare: (_args, world) => () => {
      world.memory.lru.drain();
      return 0;
    },
  },
} as const satisfies Readonly<Record<string, Command>>;
