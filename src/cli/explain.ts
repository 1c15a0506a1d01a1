/**
 * `axfs explain`: the way from a path to the bytes of a file, step by step, each with where it is written in
 * the image.
 *
 * @module
 */
import { toHex } from '../base/bytes.ts';
import { fromText, toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import { PAGE_SIZE } from '../base/units.ts';
import { SIZED } from '../fs/inode.ts';
import type { Inode } from '../fs/inode.ts';
import type { AxfsVolume } from '../fs/volume.ts';
import { modeText } from '../ondisk/mode.ts';
import type { InodeType } from '../ondisk/mode.ts';
import { PageExplainer, idleEntry, tableEntry } from './explain-place.ts';
import type { PagePlace, TableEntry } from './explain-place.ts';
import { counted } from './sizes.ts';

/** Bytes of content that are shown. */
const SHOWN_BYTES = 16;

/** What is asked for. */
export interface Question {
  readonly path: ByteString;
  readonly inode: Inode;
  /** Byte of the file. */
  readonly offset: number | undefined;
}

/** One inode on the way. */
export interface Step {
  readonly path: string;
  readonly inode: number;
  readonly type: InodeType;
  /** What the inode leads to, in words. */
  readonly leads: string;
}

/** A table entry of the inode, and what it says. */
export interface InodeEntry extends TableEntry {
  readonly meaning: string;
}

/** One page; `error` instead when the image is damaged there. */
export type PageExplanation =
  | (Omit<PagePlace, 'content'> & {
      /** Bytes of the page from its first, or from the one asked for, on. */
      readonly firstBytes: string;
      /** Where the first of them stands in the image; `null` when it is stored compressed. */
      readonly byteOffset: number | null;
      readonly error?: never;
    })
  | { readonly page: number; readonly node: number; readonly error: string };

/** The whole answer; pages come one by one, as there may be many. */
export interface Explanation {
  readonly image: string;
  readonly path: string;
  readonly steps: readonly Step[];
  readonly inode: number;
  readonly type: InodeType;
  readonly entries: readonly InodeEntry[];
  /** Directories: inode numbers of the first and the last child. */
  readonly children?: { readonly first: number; readonly last: number };
  readonly rdev?: { readonly raw: number; readonly major: number; readonly minor: number };
  /** The byte asked for, and the bytes from there on, up to the end of its page. */
  readonly at?: { readonly offset: number; readonly page: number; readonly inPage: number };
  readonly pages: Iterable<PageExplanation>;
}

const OFFSET_SUFFIX = /^(.*):([0-9]+)$/s;
/** What looks as if it was meant as an offset. */
const OTHER_SUFFIX = /:[+-]?[0-9][0-9a-z_]*$/i;

/**
 * Reads `PATH` or `PATH:OFFSET`. A colon with digits belongs to the name when a file is called so. A symlink at
 * the end of the path is followed if `follow` says so.
 *
 * @throws AxfsError ENOENT, ENOTDIR, ELOOP naming the path; EINVAL for an offset that the file has not.
 */
export function askedFor(volume: AxfsVolume, text: string, follow = false): Question {
  const path = fromText(text);
  try {
    return { path, inode: volume.resolve(path, follow), offset: undefined };
  } catch (error) {
    const match = OFFSET_SUFFIX.exec(path);
    const isMissing =
      error instanceof AxfsError && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
    if (isMissing && match === null && OTHER_SUFFIX.test(path))
      throw new AxfsError(
        error.code,
        `${error.message}; an offset behind a path is a number of decimal digits`,
      );
    if (!isMissing || match === null) throw error;
    const file = (match[1] ?? '') as ByteString;
    const inode = volume.resolve(file, follow);
    return { path: file, inode, offset: checkedOffset(volume, file, inode, match[2] ?? '') };
  }
}

function checkedOffset(volume: AxfsVolume, path: ByteString, inode: Inode, digits: string): number {
  const refuse = (what: string): never => {
    throw new AxfsError('EINVAL', `${volume.name}: ${toPrintable(path)}: ${what}`);
  };
  if (inode.type !== 'file' && inode.type !== 'symlink')
    refuse(`offset ${digits} is asked for in a ${inode.type}, expected a file or a symlink`);
  if (inode.size === 0) refuse(`offset ${digits} is asked for, but it is empty`);
  const offset = Number(digits);
  if (offset >= inode.size)
    refuse(`offset ${digits} lies behind the end, expected 0 to ${String(inode.size - 1)}`);
  return offset;
}

/** Explains. @throws AxfsError EIO when the inode itself is damaged; damaged pages say so themselves. */
export function explain(volume: AxfsVolume, question: Question): Explanation {
  const { path, inode, offset } = question;
  const { type, numEntries, arrayIndex, rdev } = inode;
  const page = offset === undefined ? undefined : Math.floor(offset / PAGE_SIZE);
  const entries = inodeEntries(volume, inode);
  return {
    image: volume.name,
    path: toPrintable(path),
    steps: [...stepsTo(volume, path)],
    inode: inode.number,
    type,
    entries,
    ...(type === 'dir' && numEntries > 0
      ? { children: { first: arrayIndex, last: arrayIndex + numEntries - 1 } }
      : {}),
    ...(rdev === undefined
      ? {}
      : { rdev: { raw: rawSize(entries), major: rdev.major, minor: rdev.minor } }),
    ...(offset === undefined || page === undefined
      ? {}
      : { at: { offset, page, inPage: offset - page * PAGE_SIZE } }),
    pages: explainPages(volume, inode, offset),
  };
}

const rawSize = (entries: readonly InodeEntry[]): number =>
  entries.find(({ table }) => table === 'inode_file_size')?.value ?? 0;

/** `children are inodes 3 to 5`, `child is inode 3`, `no children`. */
function rangeText(
  nouns: readonly [one: string, many: string],
  what: string,
  inode: Inode,
): string {
  const { numEntries, arrayIndex } = inode;
  const [one, many] = nouns;
  if (numEntries === 0) return `no ${many}`;
  if (numEntries === 1) return `${one} is ${what} ${String(arrayIndex)}`;
  return `${many} are ${what}s ${String(arrayIndex)} to ${String(arrayIndex + numEntries - 1)}`;
}

/** What an inode leads to. */
function leadsTo(volume: AxfsVolume, inode: Inode): string {
  switch (inode.type) {
    case 'dir':
      return rangeText(['child', 'children'], 'inode', inode);
    case 'file':
      return rangeText(['page', 'pages'], 'node', inode);
    case 'symlink':
      return `${targetText(volume, inode)}; ${rangeText(['page', 'pages'], 'node', inode)}`;
    case 'char':
    case 'block':
      return `device ${String(inode.rdev?.major)}:${String(inode.rdev?.minor)}`;
    case 'fifo':
    case 'socket':
      return 'nothing more';
  }
}

function targetText(volume: AxfsVolume, inode: Inode): string {
  try {
    return `target ${toPrintable(volume.readlink(inode))}`;
  } catch (error) {
    if (!(error instanceof AxfsError)) throw error;
    return 'target damaged';
  }
}

/** The root, then every inode on the way; a symlink that is followed, and then what it leads to. */
function* stepsTo(volume: AxfsVolume, path: ByteString): Generator<Step> {
  const step = (at: string, inode: Inode): Step => ({
    path: toPrintable(at as ByteString),
    inode: inode.number,
    type: inode.type,
    leads: leadsTo(volume, inode),
  });
  yield step('.', volume.root);
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  const followsLast = /\/\.?$/.test(path);
  let at = '';
  for (const [i, part] of parts.entries()) {
    at = at === '' ? part : `${at}/${part}`;
    const inode = volume.resolve(at as ByteString, false);
    yield step(at, inode);
    if (inode.type === 'symlink' && (i < parts.length - 1 || followsLast))
      yield step(`${at}/`, volume.resolve(at as ByteString));
  }
}

function inodeEntries(volume: AxfsVolume, inode: Inode): readonly InodeEntry[] {
  const { image, inodes } = volume;
  const { number, mode, size, numEntries, type } = inode;
  const row = tableEntry(image, 'inode_mode_index', number);
  const isData = type === 'file' || type === 'symlink';
  const isDirectory = type === 'dir';
  const name = (): string => `name ${toPrintable(inodes.name(number))}`;
  const rdev = (): string => `device ${String(inode.rdev?.major)}:${String(inode.rdev?.minor)}`;
  return [
    [tableEntry(image, 'inode_name_offset', number), number === 0 ? 'the root' : name()],
    [row, `row ${String(row.value)} of modes, uids, gids`],
    [tableEntry(image, 'modes', row.value), `0${mode.toString(8)} ${modeText(mode)}`],
    [tableEntry(image, 'uids', row.value), 'user'],
    [tableEntry(image, 'gids', row.value), 'group'],
    [
      SIZED.includes(type)
        ? tableEntry(image, 'inode_file_size', number)
        : idleEntry(image, 'inode_file_size', number),
      inode.rdev !== undefined ? rdev() : isData ? counted(size, 'byte') : 'no meaning',
    ],
    [
      tableEntry(image, 'inode_num_entries', number),
      isData ? 'pages' : isDirectory ? 'children' : 'no meaning',
    ],
    [
      numEntries > 0
        ? tableEntry(image, 'inode_array_index', number)
        : idleEntry(image, 'inode_array_index', number),
      numEntries === 0
        ? 'no meaning'
        : isData
          ? 'first node'
          : isDirectory
            ? 'first child'
            : 'no meaning',
    ],
  ].map(([entry, meaning]) => ({ ...(entry as TableEntry), meaning: meaning as string }));
}

/** All pages, or the one that the byte at `offset` is in. */
function* explainPages(
  volume: AxfsVolume,
  inode: Inode,
  offset: number | undefined,
): Generator<PageExplanation> {
  if (inode.type !== 'file' && inode.type !== 'symlink') return;
  const explainer = new PageExplainer(volume);
  const only = offset === undefined ? undefined : Math.floor(offset / PAGE_SIZE);
  const inPage = offset === undefined ? 0 : offset % PAGE_SIZE;
  const end = only === undefined ? inode.numEntries : only + 1;
  for (let page = only ?? 0; page < end; page += 1) {
    try {
      const { content, ...place } = explainer.place(inode, page);
      const start = place.type === 'compressed' ? null : place.imageOffset;
      yield {
        ...place,
        firstBytes: toHex(content.subarray(inPage, inPage + SHOWN_BYTES)),
        byteOffset: start === null ? null : start + inPage,
      };
    } catch (error) {
      if (!(error instanceof AxfsError)) throw error;
      yield { page, node: inode.arrayIndex + page, error: error.message };
    }
  }
}
