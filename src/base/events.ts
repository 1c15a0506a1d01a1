/**
 * What happens in a simulation, as counted events. Devices, codecs, mm and the file system report what
 * they did; nothing here knows a price. A sink is a function; events may be reused objects, valid only
 * during the call: a sink that keeps one copies it.
 *
 * @module
 */

/**
 * Ways a page fault ends, in mm's terms:
 * - `raw_pfn`: a pfn without struct page was inserted (XIP);
 * - `file_major`: a page-cache page was filled first (VM_FAULT_MAJOR);
 * - `file_minor`: a page-cache page was there already;
 * - `wp_raw`, `wp_file`, `wp_anon`, `wp_zero`: write to a present, write-protected PTE over a raw pfn, a
 *   file page, an anonymous page, the zero page;
 * - `anonymous`: first touch of memory without a file;
 * - `access_bit`: nothing but the young or the dirty bit was missing, on a CPU that does not set it;
 * - `swap_major`, `swap_minor`: an anonymous page came back from swap, read in or still in the swap cache.
 */
export const FAULT_KINDS = [
  'raw_pfn',
  'file_major',
  'file_minor',
  'wp_raw',
  'wp_file',
  'wp_anon',
  'wp_zero',
  'anonymous',
  'access_bit',
  'swap_major',
  'swap_minor',
] as const;

/** One of {@link FAULT_KINDS}. */
export type FaultKind = (typeof FAULT_KINDS)[number];

/** Why a page of a file was not mapped straight from flash. A closed list. */
export const NOT_XIP_REASONS = [
  /** The image stores the page compressed. */
  'compressed_node',
  /** The image stores the page byte-aligned, so no page frame holds it alone. */
  'byte_aligned_node',
  /** An XIP tail page holds bytes after the end of the file, which must not leak. */
  'nonzero_tail',
  /** read(2) took an XIP page through the page cache, as kernels do from 3.16 on. */
  'read_copy',
] as const;

/** One of {@link NOT_XIP_REASONS}. */
export type NotXipReason = (typeof NOT_XIP_REASONS)[number];

/** A page fault was served. `earlyCow`: a write to an empty PTE that was copied in the same fault. */
export interface FaultEvent {
  readonly type: 'fault';
  kind: FaultKind;
  earlyCow: boolean;
}

/** One 4 KiB page was copied by the CPU: to break copy-on-write. */
export interface CowCopyEvent {
  readonly type: 'cow_copy';
  /** Where the copy came from: a flash frame or a RAM frame. */
  source: 'raw' | 'page';
}

/** The CPU zeroed a new anonymous page. */
export interface PageClearEvent {
  readonly type: 'page_clear';
}

/** Devices of a mount: the one that holds its start, and the one with its tail if there is one. */
export const DEVICE_ROLES = ['first', 'second'] as const;
/** One of {@link DEVICE_ROLES}. */
export type DeviceRole = (typeof DEVICE_ROLES)[number];

/**
 * What moving bytes off a flash device takes, in units that every kind of bus has; each has a price of its
 * own, and a part knows them all (src/mtd/bus.ts says what a bus counts).
 */
export interface BusWork {
  /** Bursts opened from idle: an initial access, or command, address and dummy clocks. */
  opens: number;
  /** Bursts that a continuous-read mode resumes: an address without a command. */
  resumes: number;
  /** Bytes clocked, with those that nobody asked for: whole words, whole NAND pages. */
  busBytes: number;
  /** NAND pages loaded from the array into the page register. */
  arrayLoads: number;
  /** Lines served from the controller's own buffer. */
  bufferHits: number;
}

/** Names of {@link BusWork}. */
export const BUS_WORK = ['opens', 'resumes', 'busBytes', 'arrayLoads', 'bufferHits'] as const;

/** Adds the work of `more` to `sum`; without a loop, because it runs for every read of flash. */
export function addBusWork(sum: BusWork, more: Readonly<BusWork>): void {
  sum.opens += more.opens;
  sum.resumes += more.resumes;
  sum.busBytes += more.busBytes;
  sum.arrayLoads += more.arrayLoads;
  sum.bufferHits += more.bufferHits;
}

/** `read` of a device moved `bytes` over the bus. */
export interface MtdReadEvent extends BusWork {
  readonly type: 'mtd_read';
  device: DeviceRole;
  bytes: number;
}

/** The CPU read `bytes` through the device's mapped window, line by line (tables, memcpy). */
export interface MappedReadEvent extends BusWork {
  readonly type: 'mapped_read';
  device: DeviceRole;
  bytes: number;
  /** Cache lines touched. */
  lines: number;
}

/** The CPU's cache took `lines` lines from the device's mapped window: code and data used in place. */
export interface LineFillEvent extends BusWork {
  readonly type: 'line_fill';
  device: DeviceRole;
  lines: number;
}

/** Cells were programmed: `programs` units (words, buffers or pages) of `bytes` in all. */
export interface MtdProgramEvent {
  readonly type: 'mtd_program';
  device: DeviceRole;
  programs: number;
  bytes: number;
}

/** A block of `erasesize` bytes was erased. */
export interface MtdEraseEvent {
  readonly type: 'mtd_erase';
  device: DeviceRole;
  erasesize: number;
}

/** ECC met flipped bits in a page read: `corrected` bits were put right, `failed` steps could not be. */
export interface MtdEccEvent {
  readonly type: 'mtd_ecc';
  device: DeviceRole;
  corrected: number;
  failed: number;
}

/** A device took longer than its part says. */
export interface MtdDelayEvent {
  readonly type: 'mtd_delay';
  device: DeviceRole;
  nanoseconds: number;
}

/** `bits` that are not what was written were served, and nothing in device or format could tell. */
export interface SilentCorruptionEvent {
  readonly type: 'silent_corruption';
  bits: number;
}

/** A cblock was expanded. */
export interface InflateEvent {
  readonly type: 'inflate';
  /** What expanded it, if it was not zlib. */
  readonly codec?: 'lz4';
  storedBytes: number;
  bytes: number;
}

/** A page-cache page was filled: `bytes` copied into it, the rest zeroed. */
export interface PageFillEvent {
  readonly type: 'page_fill';
  bytes: number;
  /** Why the page is not mapped from flash instead. */
  reason: NotXipReason;
  /** The cblock was the one already expanded. */
  cblockHit: boolean;
  /** The page had been filled before, and was thrown out since. */
  refill?: boolean;
}

/**
 * A workload touched a mapped page: `lines` cache lines of it, in flash or in RAM, of which `misses` were not
 * in the CPU's cache. Those of a flash page are a {@link LineFillEvent}, too.
 */
export interface PageTouchEvent {
  readonly type: 'page_touch';
  memory: 'flash' | 'ram';
  lines: number;
  misses: number;
}

/** Any event. */
export type SimEvent =
  | FaultEvent
  | CowCopyEvent
  | PageClearEvent
  | MtdReadEvent
  | MappedReadEvent
  | LineFillEvent
  | MtdProgramEvent
  | MtdEraseEvent
  | MtdEccEvent
  | MtdDelayEvent
  | SilentCorruptionEvent
  | InflateEvent
  | PageFillEvent
  | PageTouchEvent;

/** Receives events in the order they happen. */
export type EventSink = (event: Readonly<SimEvent>) => void;

/** A sink for those who do not look. */
export const ignoreEvents: EventSink = () => undefined;
