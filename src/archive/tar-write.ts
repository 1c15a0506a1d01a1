/**
 * Writes tar archives: ustar headers, with a pax header in front wherever ustar cannot say a thing exactly.
 * The same entries give the same bytes. Sources: POSIX pax, "ustar Interchange Format" and "pax Extended
 * Header".
 *
 * @module
 */
import { byteStringOf, isUtf8, toBytes } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import type { ArchiveEntry, ArchiveEntryType } from './entry.ts';
import { TAR_BLOCK, TAR_FIELDS, checksumsOf } from './tar-fields.ts';
import type { TarField } from './tar-fields.ts';
import { paxRecord } from './tar-pax.ts';
import { pad, tooLarge, writeContent } from './write.ts';
import type { ArchiveSink } from './write.ts';

/** What became of the entries. */
export interface WrittenTar {
  /** Paths of sockets: tar has no type for them, so they are left out. */
  readonly sockets: readonly ByteString[];
}

/** Type bytes of headers. */
const TYPE_BYTES: Readonly<Record<ArchiveEntryType, string | undefined>> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  char: '3',
  block: '4',
  dir: '5',
  fifo: '6',
  socket: undefined,
};

/** Largest number in an octal field, whose last byte ends it. */
const maxOf = (field: TarField): number => 8 ** (TAR_FIELDS[field][1] - 1) - 1;
const MODE_FIELD_MAX = maxOf('mode');
const NAME_BYTES = TAR_FIELDS.name[1];

/**
 * Writes an archive with its end marker, two zero blocks.
 *
 * @throws AxfsError EFBIG for a device number beyond 2^21-1; ESTALE when a content is not of its size; what
 * reading a content throws.
 */
export function writeTar(entries: Iterable<ArchiveEntry>, sink: ArchiveSink): WrittenTar {
  const sockets: ByteString[] = [];
  let written = 0;
  for (const entry of entries) {
    const type = TYPE_BYTES[entry.type];
    if (type === undefined) {
      sockets.push(entry.path);
      continue;
    }
    writeEntry(entry, type, written, sink);
    written += 1;
  }
  sink(new Uint8Array(2 * TAR_BLOCK));
  return { sockets };
}

function writeEntry(entry: ArchiveEntry, type: string, ordinal: number, sink: ArchiveSink): void {
  const records: (readonly [keyword: string, value: string])[] = [];
  const header = new Header(type);
  const orRecord = (field: 'uid' | 'gid' | 'size' | 'mtime', value: number): void => {
    const fits = value >= 0 && value <= maxOf(field);
    if (!fits) records.push([field, String(value)]);
    header.number(field, fits ? value : 0);
  };
  const stored = storedPath(entry);
  const split = splitName(stored);
  if (split === undefined) records.push(['path', stored]);
  header.text('name', split?.name ?? placeholder(stored));
  header.text('prefix', split?.prefix ?? '');
  header.number('mode', Math.min(entry.mode, MODE_FIELD_MAX));
  orRecord('uid', entry.uid);
  orRecord('gid', entry.gid);
  orRecord('size', entry.type === 'file' ? entry.content.size : 0);
  orRecord('mtime', entry.mtime);
  if ('linkTarget' in entry) {
    const target = entry.linkTarget;
    const fits = isAscii(target) && target.length <= NAME_BYTES;
    if (!fits) records.push(['linkpath', target]);
    header.text('linkname', fits ? target : placeholder(target));
  }
  const device = 'rdev' in entry ? entry.rdev : { major: 0, minor: 0 };
  for (const [field, value] of [
    ['devmajor', device.major],
    ['devminor', device.minor],
  ] as const) {
    if (!(value >= 0 && value <= maxOf(field)))
      throw tooLarge(entry.path, field, value, maxOf(field));
    header.number(field, value);
  }
  if (records.length > 0) writeRecords(records, ordinal, sink);
  sink(header.bytes());
  if (entry.type === 'file') writeContent(entry, TAR_BLOCK, sink);
}

/** Directories end in '/', as tar(1) stores them. */
const storedPath = ({ path, type }: ArchiveEntry): ByteString =>
  (path === '' ? './' : type === 'dir' ? `${path}/` : path) as ByteString;

/** Printable and control characters that ustar may store as they are. */
// eslint-disable-next-line no-control-regex -- every byte below 0x80 but NUL
const isAscii = (text: string): boolean => /^[\x01-\x7f]*$/.test(text);

/** Name and prefix of a path that ustar can hold, joined by the '/' between them. */
function splitName(path: ByteString): { name: string; prefix: string } | undefined {
  if (!isAscii(path)) return undefined;
  if (path.length <= NAME_BYTES) return { name: path, prefix: '' };
  // The first '/' that leaves a short enough name; a '/' at the end stays with it.
  const slash = path.indexOf('/', path.length - NAME_BYTES - 1);
  return slash < 1 || slash > TAR_FIELDS.prefix[1] || slash === path.length - 1
    ? undefined
    : { name: path.slice(slash + 1), prefix: path.slice(0, slash) };
}

/** What readers without pax get to see: the end of a name, printable. */
const placeholder = (text: string): string =>
  text
    .replace(/[^\x21-\x7e]/g, '_')
    .slice(-NAME_BYTES + 1)
    .replace(/^\/+/, '');

function writeRecords(
  records: readonly (readonly [keyword: string, value: string])[],
  ordinal: number,
  sink: ArchiveSink,
): void {
  const isText = records.every(([, value]) => isUtf8(value as ByteString));
  const text = [...(isText ? [] : [['hdrcharset', 'BINARY'] as const]), ...records]
    .map(([keyword, value]) => paxRecord(keyword, value))
    .join('');
  const header = new Header('x');
  header.text('name', `PaxHeaders/${String(ordinal)}`);
  header.number('mode', 0o644);
  for (const field of ['uid', 'gid', 'mtime', 'devmajor', 'devminor'] as const)
    header.number(field, 0);
  header.number('size', text.length);
  sink(header.bytes());
  sink(toBytes(byteStringOf(text)));
  pad(text.length, TAR_BLOCK, sink);
}

/** A ustar header in the making. */
class Header {
  readonly #block = new Uint8Array(TAR_BLOCK);

  constructor(type: string) {
    this.text('magic', 'ustar');
    this.text('version', '00');
    this.text('type', type);
  }

  text(field: TarField, text: string): void {
    this.#block.set(toBytes(byteStringOf(text)), TAR_FIELDS[field][0]);
  }

  /** Octal digits, then a NUL byte. */
  number(field: TarField, value: number): void {
    this.text(field, value.toString(8).padStart(TAR_FIELDS[field][1] - 1, '0'));
  }

  /** The block with its checksum. */
  bytes(): Uint8Array {
    const { unsigned } = checksumsOf(this.#block);
    this.text('checksum', `${unsigned.toString(8).padStart(6, '0')}\0 `);
    return this.#block;
  }
}
