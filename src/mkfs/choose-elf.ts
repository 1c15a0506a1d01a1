/**
 * Which parts of an ELF file a program writes in its own copy: segments loaded writable, and what the
 * dynamic linker relocates and then protects (PT_GNU_RELRO). A page of them ends in RAM, so flash spent on it
 * buys nothing. Read from the head of the file: ELF header and program headers, 32 and 64 bits, both byte
 * orders. A page that holds the end of the text and the start of the data counts as written, as a trace says,
 * too. Text relocations (DT_TEXTREL) are not looked for.
 *
 * @module
 */
import { viewOf } from '../base/bytes.ts';
import { PAGE_SIZE, pagesOf } from '../base/units.ts';

/** Why pages of an ELF file are written. */
export type ElfWrite = 'relocated' | 'writable';

/** A range of the file that is written once the program runs. */
export interface ElfRange {
  readonly write: ElfWrite;
  /** Bytes of the file: from `start`, up to but not including `end`. */
  readonly start: number;
  readonly end: number;
}

/** What the head of a file says. */
export type ElfHead =
  | { readonly kind: 'other' }
  /** ELF, but `what` is wrong with it, or lies beyond the head. */
  | { readonly kind: 'unclear'; readonly what: string }
  | { readonly kind: 'elf'; readonly ranges: readonly ElfRange[] };

/** Places in header and program header, bytes; `word` is the size of an address. */
interface ElfClass {
  readonly word: 4 | 8;
  readonly headerSize: number;
  readonly phoff: number;
  readonly phentsize: number;
  readonly phnum: number;
  /** Least size of a program header, and places in it. */
  readonly entrySize: number;
  readonly flags: number;
  readonly offset: number;
  readonly filesz: number;
}

/** By EI_CLASS. */
const CLASSES: ReadonlyMap<number, ElfClass> = new Map([
  [
    1,
    {
      ...{ word: 4, headerSize: 52, phoff: 28, phentsize: 42, phnum: 44 },
      ...{ entrySize: 32, flags: 24, offset: 4, filesz: 16 },
    },
  ],
  [
    2,
    {
      ...{ word: 8, headerSize: 64, phoff: 32, phentsize: 54, phnum: 56 },
      ...{ entrySize: 56, flags: 4, offset: 8, filesz: 32 },
    },
  ],
]);

/** EI_DATA → little-endian. */
const BYTE_ORDERS: ReadonlyMap<number, boolean> = new Map([
  [1, true],
  [2, false],
]);

const MAGIC = 0x7f454c46;
const IDENT_SIZE = 16;
const EI_CLASS = 4;
const EI_DATA = 5;
const PT_LOAD = 1;
const PT_GNU_RELRO = 0x6474e552;
/** e_phnum when there are too many program headers for it. */
const PN_XNUM = 0xffff;
const PF_W = 2;

/** Reads the head of a file: its first page, or all of it when it is shorter. */
export function readElfHead(head: Uint8Array): ElfHead {
  const view = viewOf(head);
  if (head.length < 4 || view.getUint32(0) !== MAGIC) return { kind: 'other' };
  const elf = head.length < IDENT_SIZE ? undefined : CLASSES.get(view.getUint8(EI_CLASS));
  const littleEndian = elf === undefined ? undefined : BYTE_ORDERS.get(view.getUint8(EI_DATA));
  if (elf === undefined || littleEndian === undefined)
    return { kind: 'unclear', what: 'its class or byte order is unknown' };
  if (head.length < elf.headerSize) return { kind: 'unclear', what: 'its header is cut' };
  const word = (at: number): number => {
    if (elf.word === 4) return view.getUint32(at, littleEndian);
    const [high, low] = littleEndian ? [at + 4, at] : [at, at + 4];
    return view.getUint32(high, littleEndian) * 2 ** 32 + view.getUint32(low, littleEndian);
  };
  const start = word(elf.phoff);
  const size = view.getUint16(elf.phentsize, littleEndian);
  const count = view.getUint16(elf.phnum, littleEndian);
  if (count === 0) return { kind: 'elf', ranges: [] };
  if (count === PN_XNUM || size < elf.entrySize || start + count * size > head.length)
    return { kind: 'unclear', what: 'its program headers are not within the first page' };
  const ranges: ElfRange[] = [];
  for (let at = start; at < start + count * size; at += size) {
    const type = view.getUint32(at, littleEndian);
    const flags = view.getUint32(at + elf.flags, littleEndian);
    const write = writeOf(type, flags);
    const from = word(at + elf.offset);
    const length = word(at + elf.filesz);
    if (write !== undefined && length > 0) ranges.push({ write, start: from, end: from + length });
  }
  return { kind: 'elf', ranges };
}

function writeOf(type: number, flags: number): ElfWrite | undefined {
  if (type === PT_GNU_RELRO) return 'relocated';
  return type === PT_LOAD && Math.floor(flags / PF_W) % 2 === 1 ? 'writable' : undefined;
}

/** How the pages of a file are written, by page; `relocated` where it is both. */
export function writtenPages(ranges: readonly ElfRange[], fileSize: number): Map<number, ElfWrite> {
  const pages = new Map<number, ElfWrite>();
  for (const { write, start, end } of ranges)
    for (
      let page = Math.floor(start / PAGE_SIZE);
      page < pagesOf(Math.min(end, fileSize));
      page += 1
    )
      if (pages.get(page) !== 'relocated') pages.set(page, write);
  return pages;
}
