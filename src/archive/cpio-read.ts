/**
 * Reads cpio archives in the formats that the kernel unpacks as initramfs: newc (070701) and crc (070702),
 * several in a row with zeros between (Linux Documentation/driver-api/early-userspace/buffer-format.rst).
 *
 * @module
 */
import { fromBytes } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { alignUp } from '../base/bits.ts';
import { PATH_MAX } from '../ondisk/constants.ts';
import { permissionsOf, typeOfMode } from '../ondisk/mode.ts';
import type { InodeType } from '../ondisk/mode.ts';
import { archiveError, normalPath, plainContent, readExactly, readPieces } from './entry.ts';
import type {
  ArchiveContent,
  ArchiveEntry,
  ArchiveInput,
  ArchiveInode,
  ArchiveListing,
  ArchivePlace,
} from './entry.ts';

/** Fields of a header after its magic, eight hexadecimal digits each. */
export const CPIO_FIELDS = [
  'ino',
  'mode',
  'uid',
  'gid',
  'nlink',
  'mtime',
  'filesize',
  'devmajor',
  'devminor',
  'rdevmajor',
  'rdevminor',
  'namesize',
  'check',
] as const;

/** The numbers of a header. */
export type CpioHeader = Readonly<Record<(typeof CPIO_FIELDS)[number], number>>;

/** Digits of the magic, and of every field. */
const MAGIC_DIGITS = 6;
const FIELD_DIGITS = 8;
/** Bytes of a header. */
export const CPIO_HEADER = MAGIC_DIGITS + FIELD_DIGITS * CPIO_FIELDS.length;
/** Names and contents end at multiples of this. */
export const CPIO_ALIGNMENT = 4;
/** Name of the entry that ends an archive. */
export const CPIO_TRAILER = 'TRAILER!!!';

const MAGICS: Readonly<Record<string, { readonly isChecked: boolean }>> = {
  '070701': { isChecked: false },
  '070702': { isChecked: true },
};

/** True when an archive begins with the magic of newc or crc. */
export const looksLikeCpio = (start: Uint8Array): boolean =>
  Object.hasOwn(MAGICS, fromBytes(start.subarray(0, MAGIC_DIGITS)));

/**
 * Reads the headers of a cpio archive. Of several names of one inode (`nlink` above 1, the same device and
 * inode number) the first is the entry and the others are hard links to it; content and metadata are those
 * of the last name that has content, as that one is unpacked last.
 *
 * @throws AxfsError EINVAL or EIO, one line `NAME: entry PATH at offset N: what, expected`.
 */
export function readCpio(input: ArchiveInput): ArchiveListing {
  const entries: ArchiveEntry[] = [];
  let at = 0;
  do {
    const archive = readOne(input, at);
    for (const entry of withHardLinks(archive.members)) entries.push(entry);
    at = nextArchive(input, archive.end);
  } while (at < input.size);
  return { entries, ignored: new Map<string, number>() };
}

/** An entry as its header has it. */
interface Member {
  readonly header: CpioHeader;
  readonly entry: ArchiveInode;
}

function readOne(
  input: ArchiveInput,
  start: number,
): { readonly members: readonly Member[]; readonly end: number } {
  const members: Member[] = [];
  for (let at = start; ;) {
    const bare = { input, offset: at };
    const { header, isChecked } = readHeader(bare);
    const name = readName(header, bare);
    const data = alignUp(at + CPIO_HEADER + header.namesize, CPIO_ALIGNMENT);
    const end = data + header.filesize;
    if (end > input.size)
      throw archiveError(
        { ...bare, path: name },
        `the archive ends at ${String(input.size)}, expected ${String(header.filesize)} bytes of content from offset ${String(data)}`,
        'EIO',
      );
    at = alignUp(end, CPIO_ALIGNMENT);
    if (name === CPIO_TRAILER) return { members, end: Math.min(at, input.size) };
    const place = { ...bare, path: normalPath(name, bare) };
    const check = isChecked ? header.check : undefined;
    members.push({ header, entry: entryOf(header, data, check, place) });
  }
}

function readHeader(place: ArchivePlace): { header: CpioHeader; isChecked: boolean } {
  const { input, offset } = place;
  if (offset + CPIO_HEADER > input.size)
    throw archiveError(
      place,
      `the archive ends at ${String(input.size)}, expected a header or ${CPIO_TRAILER}`,
      'EIO',
    );
  const text = fromBytes(readExactly(offset, CPIO_HEADER, place));
  const magic = MAGICS[text.slice(0, MAGIC_DIGITS)];
  if (magic === undefined || !/^[0-9A-Fa-f]+$/.test(text))
    throw archiveError(
      place,
      magic === undefined
        ? 'its magic is wrong, expected 070701 or 070702 (cpio formats newc and crc)'
        : 'a field is no number, expected hexadecimal digits',
    );
  const numbers = CPIO_FIELDS.map((field, i) => {
    const from = MAGIC_DIGITS + FIELD_DIGITS * i;
    return [field, Number.parseInt(text.slice(from, from + FIELD_DIGITS), 16)] as const;
  });
  return { header: Object.fromEntries(numbers) as CpioHeader, ...magic };
}

function readName({ namesize }: CpioHeader, place: ArchivePlace): ByteString {
  if (namesize < 2 || namesize > PATH_MAX)
    throw archiveError(
      place,
      `its name has ${String(namesize)} bytes with its NUL, expected 2 to ${String(PATH_MAX)}`,
    );
  const text = fromBytes(readExactly(place.offset + CPIO_HEADER, namesize, place));
  if (text.indexOf('\0') !== namesize - 1)
    throw archiveError(place, 'its name has a NUL byte elsewhere, expected one at its end');
  return text.slice(0, -1) as ByteString;
}

function entryOf(
  header: CpioHeader,
  data: number,
  check: number | undefined,
  place: ArchivePlace & { readonly path: ByteString },
): ArchiveInode {
  const { mode, uid, gid, mtime, filesize } = header;
  const metadata = { path: place.path, mode: permissionsOf(mode), uid, gid, mtime };
  const type: InodeType | undefined = typeOfMode(mode);
  switch (type) {
    case undefined:
      throw archiveError(place, `its mode is 0${mode.toString(8)}, expected one of a known type`);
    case 'file':
      return { ...metadata, type, content: contentOf(data, filesize, check, place) };
    case 'symlink':
      return { ...metadata, type, linkTarget: readTarget(data, filesize, place) };
    case 'char':
    case 'block':
      return { ...metadata, type, rdev: { major: header.rdevmajor, minor: header.rdevminor } };
    case 'dir':
    case 'fifo':
    case 'socket':
      return { ...metadata, type };
  }
}

const contentOf = (
  data: number,
  size: number,
  check: number | undefined,
  place: ArchivePlace,
): ArchiveContent => ({
  ...plainContent(data, size, place),
  ...(check === undefined ? {} : { read: () => readChecked(data, size, check, place) }),
});

/** Sum of the bytes modulo 2^32 against the header's: format crc, whose name is a misnomer. */
function* readChecked(
  data: number,
  size: number,
  check: number,
  place: ArchivePlace,
): Generator<Uint8Array> {
  let sum = 0;
  for (const piece of readPieces(data, size, place)) {
    for (const byte of piece) sum += byte;
    yield piece;
  }
  const got = sum % 2 ** 32;
  if (got !== check)
    throw archiveError(
      place,
      `its content has checksum ${String(got)}, expected ${String(check)}`,
      'EIO',
    );
}

/**
 * A target of 1 to 4095 bytes, or of one more where the writer counted the NUL byte at the end. GNU cpio gives
 * the targets of symlinks no checksum, so there is none to compare.
 */
function readTarget(data: number, size: number, place: ArchivePlace): ByteString {
  const refuse = (bytes: number): Error =>
    archiveError(
      place,
      `its link target has ${String(bytes)} bytes, expected 1 to ${String(PATH_MAX - 1)}`,
    );
  if (size < 1 || size > PATH_MAX) throw refuse(size);
  const target = fromBytes(readExactly(data, size, place));
  const end = target.indexOf('\0');
  if (end === 0 || (end > 0 && end < size - 1))
    throw archiveError(place, 'its link target contains a NUL byte, expected none');
  if (end < 0 && size === PATH_MAX) throw refuse(size);
  return (end < 0 ? target : target.slice(0, end)) as ByteString;
}

/** The entries, with further names of an inode as hard links to the first. */
function withHardLinks(members: readonly Member[]): ArchiveEntry[] {
  const keyOf = ({ header, entry: { type } }: Member): string | undefined =>
    header.nlink > 1 && type !== 'dir' && type !== 'symlink'
      ? `${type} ${String(header.devmajor)}:${String(header.devminor)}:${String(header.ino)}`
      : undefined;
  const named = new Map<string, { path: ByteString; last: Member }>();
  for (const member of members) {
    const key = keyOf(member);
    if (key === undefined) continue;
    const found = named.get(key);
    if (found === undefined) named.set(key, { path: member.entry.path, last: member });
    else if (member.header.filesize > 0 || found.last.header.filesize === 0) found.last = member;
  }
  const seen = new Set<string>();
  return members.map((member) => {
    const key = keyOf(member);
    const inode = key === undefined ? undefined : named.get(key);
    if (key === undefined || inode === undefined) return member.entry;
    const { path } = member.entry;
    if (!seen.has(key)) {
      seen.add(key);
      return { ...inode.last.entry, path };
    }
    const { mode, uid, gid, mtime } = inode.last.entry;
    return { path, mode, uid, gid, mtime, type: 'hardlink', linkTarget: inode.path };
  });
}

/** Where the archive after one that ended at `end` begins; the input's size when there is none. */
function nextArchive(input: ArchiveInput, end: number): number {
  let at = end;
  for (const piece of readPieces(end, input.size - end, { input, offset: end })) {
    const zeros = piece.findIndex((byte) => byte !== 0);
    at += zeros < 0 ? piece.length : zeros;
    if (zeros < 0) continue;
    const place = { input, offset: at };
    if (at % CPIO_ALIGNMENT !== 0 || piece[zeros] !== 0x30)
      throw archiveError(
        place,
        'more bytes follow the end of the archive, expected zeros or another archive',
      );
    return at;
  }
  return input.size;
}
