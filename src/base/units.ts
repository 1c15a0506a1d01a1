/**
 * Numbers that know what they count. Addresses and offsets are plain doubles (exact to 2^53), branded
 * so that a page frame number is never taken for an address, and made by one checked constructor each.
 *
 * @module
 */
import { assert } from './assert.ts';

declare const unit: unique symbol;

/** A number of one unit. Arithmetic yields a plain `number`, to be re-tagged by the constructor. */
export type Unit<Name extends string> = number & { readonly [unit]: Name };

/** Page frame number: physical address / 4096. */
export type Pfn = Unit<'Pfn'>;
/** Physical byte address. */
export type PhysAddr = Unit<'PhysAddr'>;
/** Virtual byte address in one process. */
export type VirtAddr = Unit<'VirtAddr'>;
/** Byte offset from the start of an image or a device. */
export type ByteOffset = Unit<'ByteOffset'>;
/** A number of bytes. */
export type ByteCount = Unit<'ByteCount'>;
/** Page offset in a file (`vm_pgoff`, `vmf->pgoff`). */
export type Pgoff = Unit<'Pgoff'>;
/** AXFS inode number: row of the inode tables, 0 = root. */
export type InodeNumber = Unit<'InodeNumber'>;
/** AXFS node number: row of `node_type` and `node_index`, one per file page. */
export type NodeNumber = Unit<'NodeNumber'>;

type Constructor<U extends number> = (value: number) => U;

const unitOf =
  <U extends number>(name: string): Constructor<U> =>
  (value) => {
    assert(
      Number.isSafeInteger(value) && value >= 0,
      () => `a ${name} is a whole number from 0 to 2^53-1: ${String(value)}`,
    );
    return value as U;
  };

/** @throws InvariantError when `value` is not a whole number in 0 … 2^53-1 (all constructors here). */
export const pfn: (value: number) => Pfn = unitOf<Pfn>('Pfn');
export const physAddr: (value: number) => PhysAddr = unitOf<PhysAddr>('PhysAddr');
export const virtAddr: (value: number) => VirtAddr = unitOf<VirtAddr>('VirtAddr');
export const byteOffset: (value: number) => ByteOffset = unitOf<ByteOffset>('ByteOffset');
export const byteCount: (value: number) => ByteCount = unitOf<ByteCount>('ByteCount');
export const pgoff: (value: number) => Pgoff = unitOf<Pgoff>('Pgoff');
export const inodeNumber: (value: number) => InodeNumber = unitOf<InodeNumber>('InodeNumber');
export const nodeNumber: (value: number) => NodeNumber = unitOf<NodeNumber>('NodeNumber');

/** Bytes of a page; AXFS images and every kernel modelled here use 4 KiB. */
export const PAGE_SIZE = 4096;
/** log2(PAGE_SIZE), as stored in the superblock. */
export const PAGE_SHIFT = 12;

/** Bytes of a CPU cache line: the unit in which mapped memory is fetched (ARM9 … Cortex-A9: 32 bytes). */
export const CACHE_LINE_BYTES = 32;

/** Pages that `bytes` occupy, the last one possibly in part. */
export const pagesOf = (bytes: number): number => Math.ceil(bytes / PAGE_SIZE);

/** Frame holding a physical address. */
export const physToPfn = (address: PhysAddr): Pfn => pfn(Math.floor(address / PAGE_SIZE));

/** First byte of a frame. */
export const pfnToPhys = (frame: Pfn): PhysAddr => physAddr(frame * PAGE_SIZE);
