/**
 * What drivers do: pages of their own, entries in the vmas that map them, actions of their own.
 *
 * @module
 */
import { PAGE_SIZE } from '../base/units.ts';
import type { VirtAddr } from '../base/units.ts';
import {
  vmfInsertMixedMkwrite,
  vmInsertMixed,
  vmInsertPage,
  vmInsertPfn,
  type InsertResult,
} from '../mm/insert.ts';
import type { Memory } from '../mm/memory.ts';
import type { MmStruct } from '../mm/mm.ts';
import { vmfError } from '../mm/insert.ts';
import { PTE_PRESENT, PTE_SPECIAL, PTE_WRITE, PTE_YOUNG, pteIndex } from '../mm/pagetable.ts';
import { putPage } from '../mm/put-page.ts';
import { remapPfnRange } from '../mm/remap.ts';
import {
  VM_FAULT_NOPAGE,
  VM_FAULT_OOM,
  VM_FAULT_SIGBUS,
  hasAny,
  withFlags,
  withoutFlags,
} from '../mm/vmflags.ts';
import type { VmArea } from '../mm/vma.ts';
import type { Arguments } from './arguments.ts';
import type { Command } from './command.ts';
import { ColumnError } from './syntax.ts';
import { readChoice, readName } from './values.ts';
import type { LabWorld } from './world.ts';

/** Names of VM_FAULT_* answers as results. */
export function faultName(result: number): string {
  if (hasAny(result, VM_FAULT_OOM)) return 'OOM';
  if (hasAny(result, VM_FAULT_SIGBUS)) return 'SIGBUS';
  return hasAny(result, VM_FAULT_NOPAGE) ? 'NOPAGE' : String(result);
}

/** What vm_insert_pfn and vm_insert_mixed answer on this kernel. */
const answer = (memory: Memory, result: InsertResult): string =>
  memory.kernel.insertAnswers === 'errno' ? String(result) : faultName(vmfError(result));

/** `PLACE [vma=PLACE]`: where an entry goes, and the vma that the driver was given, the place's own by default. */
function targetOf(
  args: Arguments,
  world: LabWorld,
  mm: MmStruct,
): { readonly address: VirtAddr; readonly vma: VmArea } {
  const place = args.next('a place');
  return { address: world.address(place), vma: world.vma(mm, args.setting('vma') ?? place) };
}

/** Commands of drivers. */
export const DRIVER_COMMANDS = {
  page: {
    usage: 'page NAME [fill=BYTE]',
    summary: 'allocates a page of a driver: count 1, in no page cache, on no LRU list',
    prepare: (args, world) => {
      const name = readName(args.next('a name for the page'));
      const fill = args.number('fill', 0);
      return () => {
        const page = world.memory.frames.allocPage('driver');
        if (page === undefined) return 'ENOMEM';
        world.memory.frames.bytes(page).fill(fill);
        world.pages.set(name, page);
        world.ownPages.add(name);
        return 0;
      };
    },
  },
  'put-page': {
    usage: 'put-page NAME',
    summary: "drops the driver's reference to its page, or one that gup took",
    prepare: (args, world) => {
      const word = args.next('a page');
      const name = word.text;
      const got = world.got.get(name);
      const page = got ?? (world.ownPages.has(name) ? world.pages.get(name) : undefined);
      if (page === undefined)
        throw new ColumnError(word.column, `'${name}' is no page that the script holds`);
      return () => {
        if (got === undefined) world.ownPages.delete(name);
        else world.got.delete(name);
        putPage(world.memory, page);
        return 0;
      };
    },
  },
  'insert-page': {
    usage: 'insert-page PLACE PAGE [vma=PLACE] [lock=read|write]',
    summary: 'vm_insert_page: maps a page, counted; lock: how the mmap lock is held (read)',
    prepare: (args, world, mm) => {
      const { address, vma } = targetOf(args, world, mm);
      const word = args.next('a page');
      const page = world.page(mm, word);
      if (page === undefined) throw new ColumnError(word.column, `'${word.text}' is no page`);
      const lockWord = args.setting('lock');
      const isWrite = lockWord !== undefined && readChoice(lockWord, ['read', 'write']) === 'write';
      return () => {
        const insert = (): InsertResult => vmInsertPage(vma, address, page);
        return String(isWrite ? mm.withMmapWriteLock(insert) : insert());
      };
    },
  },
  'insert-pfn': {
    usage: 'insert-pfn PLACE PFN [vma=PLACE]',
    summary: 'vm_insert_pfn: maps a frame, raw; answers an errno, or from 4.17 on a VM_FAULT name',
    prepare: (args, world, mm) => {
      const { address, vma } = targetOf(args, world, mm);
      const pfn = world.pfn(mm, args.next('a pfn'));
      return () => answer(world.memory, vmInsertPfn(vma, address, pfn));
    },
  },
  'insert-mixed': {
    usage: 'insert-mixed PLACE PFN [vma=PLACE] [mkwrite]',
    summary:
      'vm_insert_mixed: maps a frame, raw or counted as the rules say; mkwrite: vmf_insert_mixed_mkwrite',
    prepare: (args, world, mm) => {
      const { address, vma } = targetOf(args, world, mm);
      const pfn = world.pfn(mm, args.next('a pfn'));
      const isMkwrite = args.flag('mkwrite');
      return () => {
        if (!world.memory.kernel.mixedMap) return 'EOPNOTSUPP';
        if (!isMkwrite) return answer(world.memory, vmInsertMixed(vma, address, pfn));
        if (world.memory.kernel.insertAnswers === 'errno') return 'EOPNOTSUPP';
        return faultName(vmfInsertMixedMkwrite(vma, address, pfn));
      };
    },
  },
  remap: {
    usage: 'remap PLACE PFN pages=N [vma=PLACE]',
    summary: 'remap_pfn_range: maps consecutive frames, raw',
    prepare: (args, world, mm) => {
      const { address, vma } = targetOf(args, world, mm);
      const pfn = world.pfn(mm, args.next('a pfn'));
      const bytes = args.number('pages', 1, 0) * PAGE_SIZE;
      return () => String(mm.withMmapWriteLock(() => remapPfnRange(vma, address, pfn, bytes)));
    },
  },
  'set-pte': {
    usage: 'set-pte PLACE PFN [special]',
    summary:
      'pokes a present, young, read-only entry into the page table, past every rule; for negative tests',
    prepare: (args, world, mm) => {
      const address = world.address(args.next('a place'));
      const vma = world.vma(mm, { text: args.statement.words[0]?.text ?? '', column: 1 });
      const pfn = world.pfn(mm, args.next('a pfn'));
      const special = args.flag('special') ? PTE_SPECIAL : 0;
      return () => {
        const leaf = mm.pageTable.leafAlloc(address);
        if (leaf === undefined) return 'ENOMEM';
        leaf.set(
          pteIndex(address),
          pfn,
          withFlags(withoutFlags(vma.vmPageProt, PTE_WRITE), PTE_PRESENT + PTE_YOUNG + special),
        );
        return 0;
      };
    },
  },
  action: {
    usage: 'action FILE NAME [NAME=VALUE …]',
    summary: "does what a device's driver offers, for example action d switch",
    prepare: (args, world) => {
      const word = args.next('a device');
      const { driver } = world.file(word);
      const name = args.next('an action');
      const action = driver?.actions[name.text];
      if (action === undefined)
        throw new ColumnError(
          name.column,
          `'${name.text}' is no action of ${word.text}, expected ${Object.keys(driver?.actions ?? {}).join(' or ') || 'a device that has some'}`,
        );
      const settings = Object.fromEntries(args.settings().map(([key, { text }]) => [key, text]));
      return () => action.run(settings);
    },
  },
} as const satisfies Readonly<Record<string, Command>>;
