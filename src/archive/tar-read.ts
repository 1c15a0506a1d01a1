/**
 * Reads tar archives: v7, ustar, pax, and GNU's with long names, base 256 and sparse files. Headers are read
 * at once and checked, contents when they are asked for. Sources: POSIX pax; GNU tar manual, "Tar Internals".
 *
 * Stricter than tar(1): an archive that ends without its two zero blocks, or goes on after them, is an error.
 *
 * @module
 */
import { fromBytes } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { permissionsOf } from '../ondisk/mode.ts';
import {
  ID_MAX,
  archiveError,
  normalPath,
  plainContent,
  readExactly,
  readPieces,
} from './entry.ts';
import type {
  ArchiveContent,
  ArchiveEntry,
  ArchiveInput,
  ArchiveListing,
  ArchiveMetadata,
  ArchivePlace,
} from './entry.ts';
import {
  TAR_BLOCK,
  fieldBytes,
  fieldNumber,
  fieldText,
  isTarHeader,
  isZero,
  wholeBlocks,
} from './tar-fields.ts';
import { isKnownKeyword, parsePax, paxNumber } from './tar-pax.ts';
import type { PaxRecord } from './tar-pax.ts';
import { oldSparseMap, paxSparseMap, sparseContent } from './tar-sparse.ts';

/** Most bytes of an extended header or a long name. */
const EXTENSION_MAX = 64 * 1024 * 1024;

/** What a header's type byte means for what follows: records for the next header, or an entry. */
const TYPES: Readonly<Record<string, HeaderKind>> = {
  '\0': 'file',
  '0': 'file',
  '7': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'char',
  '4': 'block',
  '5': 'dir',
  '6': 'fifo',
  /** GNU: a sparse file; a directory with the names in it as its content; a label without meaning here. */
  S: 'sparse',
  D: 'listed dir',
  V: 'label',
  /** Records: POSIX's, and Solaris' older ones of the same form. */
  x: 'pax',
  X: 'pax',
  g: 'global pax',
  /** GNU: the name, or the link target, of the next entry. */
  L: 'long name',
  K: 'long link',
};

/** Headers that are entries. */
type EntryKind =
  'file' | 'sparse' | 'hardlink' | 'symlink' | 'char' | 'block' | 'dir' | 'listed dir' | 'fifo';

/** Headers that say something about entries to come. */
type ExtensionKind = 'pax' | 'global pax' | 'long name' | 'long link' | 'label';

type HeaderKind = EntryKind | ExtensionKind;

/** What the headers before an entry's own said about it. */
interface Extension {
  records: readonly PaxRecord[];
  name: ByteString | undefined;
  link: ByteString | undefined;
}

const none = (): Extension => ({ records: [], name: undefined, link: undefined });

type PaxLookup = (keyword: string) => PaxRecord | undefined;

/** An entry's own header, with what came before it. */
interface Member {
  readonly block: Uint8Array;
  readonly kind: EntryKind;
  readonly place: ArchivePlace & { readonly path: ByteString };
  readonly extension: Extension;
  /** The last record of a keyword: the entry's own, else the global one. */
  readonly pax: PaxLookup;
}

/** True when the first block of an archive could be tar's: a header, or the end of an empty archive. */
export const looksLikeTar = (block: Uint8Array): boolean =>
  isTarHeader(block) || (block.length === TAR_BLOCK && isZero(block));

/**
 * Reads the headers of a tar archive.
 *
 * @throws AxfsError EINVAL or EIO, one line `NAME: entry PATH at offset N: what, expected`.
 */
export function readTar(input: ArchiveInput): ArchiveListing {
  return new TarReader(input).read();
}

class TarReader {
  readonly #input: ArchiveInput;
  readonly #ignored = new Map<string, number>();
  readonly #entries: ArchiveEntry[] = [];
  readonly #global = new Map<string, PaxRecord>();
  #extension = none();
  #isExtended = false;
  /** Offset of the next header. */
  #at = 0;

  constructor(input: ArchiveInput) {
    this.#input = input;
  }

  read(): ArchiveListing {
    for (let block = this.#header(); block !== undefined; block = this.#header())
      this.#member(block);
    if (this.#isExtended)
      throw archiveError(this.#place(), 'the archive ends, expected the entry of the last header');
    return { entries: this.#entries, ignored: this.#ignored };
  }

  #place(): ArchivePlace {
    return { input: this.#input, offset: this.#at };
  }

  /** The next header, or `undefined` at the end. */
  #header(): Uint8Array | undefined {
    const place = this.#place();
    if (this.#at + TAR_BLOCK > this.#input.size)
      throw archiveError(
        place,
        `the archive ends at ${String(this.#input.size)}, expected a header or two zero blocks`,
        'EIO',
      );
    const block = readExactly(this.#at, TAR_BLOCK, place);
    if (isTarHeader(block)) return block;
    if (!isZero(block))
      throw archiveError(place, 'its checksum is wrong, expected a tar header or two zero blocks');
    const second = readExactly(this.#at + TAR_BLOCK, TAR_BLOCK, place);
    if (!isZero(second))
      throw archiveError(place, 'a single zero block, expected two at the end of the archive');
    const end = this.#at + 2 * TAR_BLOCK;
    for (const piece of readPieces(end, this.#input.size - end, place))
      if (!isZero(piece))
        throw archiveError(place, 'more bytes follow the end of the archive, expected only zeros');
    return undefined;
  }

  #member(block: Uint8Array): void {
    const place = this.#place();
    const type = fromBytes(fieldBytes(block, 'type'));
    const kind = Object.hasOwn(TYPES, type) ? TYPES[type] : undefined;
    const extension = this.#extension;
    if (kind === undefined)
      throw archiveError(
        { ...place, path: fieldText(block, 'name') },
        `its type is '${type >= ' ' && type <= '~' ? type : `\\x${type.charCodeAt(0).toString(16)}`}', expected one of 0 to 7, S, D, V, L, K, x and g`,
      );
    const pax = (keyword: string): PaxRecord | undefined => {
      const own = extension.records.findLast((record) => record.keyword === keyword);
      // An empty value takes a global one back.
      return own === undefined ? this.#global.get(keyword) : own.value === '' ? undefined : own;
    };
    if (isExtension(kind)) {
      this.#extend(block, kind, place);
      return;
    }
    const own = { ...place, path: pathOf(block, extension, pax, place) };
    this.#extension = none();
    this.#isExtended = false;
    for (const { keyword } of extension.records) if (!isKnownKeyword(keyword)) this.#count(keyword);
    this.#entry({ block, kind, place: own, extension, pax });
  }

  #extend(block: Uint8Array, kind: ExtensionKind, place: ArchivePlace): void {
    const size = fieldNumber(block, 'size', place);
    if (!(size >= 0 && size <= EXTENSION_MAX))
      throw archiveError(
        place,
        `its ${kind} has ${String(size)} bytes, expected 0 to ${String(EXTENSION_MAX)}`,
      );
    const text = fromBytes(readExactly(this.#at + TAR_BLOCK, size, place));
    this.#advance(TAR_BLOCK, size, place);
    for (const record of EXTENSIONS[kind](this.#extension, text, place)) this.#remember(record);
    this.#isExtended ||= kind !== 'global pax' && kind !== 'label';
    if (kind === 'label') this.#count('volume label');
  }

  #remember(record: PaxRecord): void {
    if (!isKnownKeyword(record.keyword)) this.#count(record.keyword);
    if (record.value === '') this.#global.delete(record.keyword);
    else this.#global.set(record.keyword, record);
  }

  #count(keyword: string): void {
    this.#ignored.set(keyword, (this.#ignored.get(keyword) ?? 0) + 1);
  }

  /** Goes to the header after `header` bytes of headers and `stored` of content. */
  #advance(header: number, stored: number, place: ArchivePlace): void {
    const next = this.#at + header + wholeBlocks(stored);
    if (next > this.#input.size)
      throw archiveError(
        place,
        `the archive ends at ${String(this.#input.size)}, expected ${String(stored)} bytes of content from offset ${String(this.#at + header)}`,
        'EIO',
      );
    this.#at = next;
  }

  #entry(member: Member): void {
    const { block, kind, place, pax } = member;
    const size = pax('size');
    const stored = size === undefined ? fieldNumber(block, 'size', place) : paxNumber(size, place);
    if (!(stored >= 0 && Number.isSafeInteger(stored + place.offset + 2 * TAR_BLOCK)))
      throw archiveError(place, `its size is ${String(stored)}, expected 0 to 2^53`);
    const metadata = metadataOf(member);
    switch (kind) {
      case 'file':
      case 'sparse':
        this.#file(member, metadata, stored);
        return;
      case 'listed dir':
        this.#advance(TAR_BLOCK, stored, place);
        this.#entries.push({ ...metadata, type: 'dir' });
        return;
      case 'hardlink':
        // Old tars wrote the file's size here and no content; pax may store the content once more.
        this.#advance(TAR_BLOCK, this.#hasContent(stored, place) ? stored : 0, place);
        break;
      case 'symlink':
      case 'char':
      case 'block':
      case 'dir':
      case 'fifo':
        this.#advance(TAR_BLOCK, 0, place);
    }
    this.#entries.push(withoutContent(member, metadata));
  }

  #hasContent(stored: number, { offset, input }: ArchivePlace): boolean {
    const after = offset + TAR_BLOCK;
    return (
      stored > 0 &&
      after + TAR_BLOCK <= input.size &&
      !looksLikeTar(readExactly(after, TAR_BLOCK, { input, offset }))
    );
  }

  #file(
    { block, kind, place, extension }: Member,
    metadata: ArchiveMetadata,
    stored: number,
  ): void {
    const start = place.offset + TAR_BLOCK;
    const map =
      kind === 'sparse'
        ? oldSparseMap(block, place)
        : paxSparseMap(extension.records, { start, stored }, place);
    const isOld = kind === 'sparse';
    const content: ArchiveContent =
      map === undefined
        ? plainContent(start, stored, place)
        : sparseContent(
            map,
            {
              start: start + map.mapBytes,
              // The size of form 1.0 counts its map, that of an old header does not.
              stored: isOld ? stored : stored - map.mapBytes,
            },
            place,
          );
    this.#advance(TAR_BLOCK + (isOld && map !== undefined ? map.mapBytes : 0), stored, place);
    // v7 had no type for directories: a name that ends in '/' is one.
    const isDirectory = kind === 'file' && storedName(block).endsWith('/');
    this.#entries.push(
      isDirectory && extension.name === undefined
        ? { ...metadata, type: 'dir' }
        : { ...metadata, type: 'file', content },
    );
  }
}

/** What a header that only extends the next one does; gives records that hold for all that follow. */
const EXTENSIONS: Readonly<
  Record<
    ExtensionKind,
    (extension: Extension, text: ByteString, place: ArchivePlace) => readonly PaxRecord[]
  >
> = {
  pax(extension, text, place) {
    extension.records = [...extension.records, ...parsePax(text, place)];
    return [];
  },
  'global pax': (_extension, text, place) => parsePax(text, place),
  'long name'(extension, text, place) {
    extension.name = terminated(text, 'long name', place);
    return [];
  },
  'long link'(extension, text, place) {
    extension.link = terminated(text, 'long link', place);
    return [];
  },
  label: () => [],
};

const isExtension = (kind: HeaderKind): kind is ExtensionKind => Object.hasOwn(EXTENSIONS, kind);

/** Text up to its NUL bytes, which may only be at its end. */
function terminated(text: ByteString, what: string, place: ArchivePlace): ByteString {
  const end = text.indexOf('\0');
  const name = (end < 0 ? text : text.slice(0, end)) as ByteString;
  if (end >= 0 && /[^\0]/.test(text.slice(end)))
    throw archiveError(place, `its ${what} contains a NUL byte, expected it only at the end`);
  return name;
}

const USTAR_MAGIC = 'ustar\0';
const STAR_MAGIC = 'tar\0';
const STAR_PREFIX = 131;

/** The name of a header, with the prefix that POSIX put where GNU has other fields. */
function storedName(block: Uint8Array): ByteString {
  const name = fieldText(block, 'name');
  if (fromBytes(fieldBytes(block, 'magic')) !== USTAR_MAGIC) return name;
  const isStar = fromBytes(fieldBytes(block, 'starMagic')) === STAR_MAGIC;
  const prefix = fieldText(block, 'prefix').slice(0, isStar ? STAR_PREFIX : undefined);
  return (prefix === '' ? name : `${prefix}/${name}`) as ByteString;
}

function pathOf(
  block: Uint8Array,
  extension: Extension,
  pax: PaxLookup,
  place: ArchivePlace,
): ByteString {
  const stored =
    pax('GNU.sparse.name')?.value ?? pax('path')?.value ?? extension.name ?? storedName(block);
  return normalPath(stored, place);
}

function metadataOf({ block, place, pax }: Member): ArchiveMetadata {
  const id = (field: 'uid' | 'gid'): number => {
    const record = pax(field);
    if (record !== undefined) return paxNumber(record, place, { max: ID_MAX });
    const value = fieldNumber(block, field, place);
    if (!(value >= 0 && value <= ID_MAX))
      throw archiveError(
        place,
        `its ${field} is ${String(value)}, expected 0 to ${String(ID_MAX)}`,
      );
    return value;
  };
  const mode = fieldNumber(block, 'mode', place);
  if (mode < 0) throw archiveError(place, `its mode is ${String(mode)}, expected 0 to 07777`);
  const time = pax('mtime');
  return {
    path: place.path,
    mode: permissionsOf(mode),
    uid: id('uid'),
    gid: id('gid'),
    mtime:
      time === undefined
        ? fieldNumber(block, 'mtime', place)
        : paxNumber(time, place, { isTime: true }),
  };
}

/** Links, devices, directories and fifos. */
function withoutContent(member: Member, metadata: ArchiveMetadata): ArchiveEntry {
  const { block, kind, place, extension, pax } = member;
  const target = pax('linkpath')?.value ?? extension.link ?? fieldText(block, 'linkname');
  if (kind === 'hardlink')
    return { ...metadata, type: kind, linkTarget: normalPath(target, place, 'link target') };
  if (kind === 'symlink') {
    if (target === '' || target.includes('\0'))
      throw archiveError(place, 'its link target is empty or contains a NUL byte, expected text');
    return { ...metadata, type: kind, linkTarget: target };
  }
  if (kind !== 'char' && kind !== 'block')
    return { ...metadata, type: kind === 'fifo' ? 'fifo' : 'dir' };
  const rdev = {
    major: deviceNumber(block, 'devmajor', place),
    minor: deviceNumber(block, 'devminor', place),
  };
  return { ...metadata, type: kind, rdev };
}

function deviceNumber(
  block: Uint8Array,
  field: 'devmajor' | 'devminor',
  place: ArchivePlace,
): number {
  const value = fieldNumber(block, field, place);
  if (!(value >= 0 && value <= ID_MAX))
    throw archiveError(place, `its ${field} is ${String(value)}, expected 0 to ${String(ID_MAX)}`);
  return value;
}
