/**
 * First part of a check: superblock, descriptors and regions. Unlike opening, it goes on behind the first
 * damage: what is wrong is reported and taken as right or as missing, so that the rest is seen too.
 *
 * @module
 */
import { setU64, viewOf } from '../base/bytes.ts';
import { fromBytes, toBytes, toPrintable, byteStringOf } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import { PAGE_SHIFT, PAGE_SIZE } from '../base/units.ts';
import { codecOfType } from '../codec/codecs.ts';
import type { MtdDevice } from '../mtd/device.ts';
import {
  AXFS_MAGIC,
  AXFS_SIGNATURE,
  DESCRIPTOR_BYTES,
  MAGIC_BYTES,
  MAX_CBLOCK_SIZE,
  MAX_TABLE_DEPTH,
  SUPERBLOCK_BYTES,
} from '../ondisk/constants.ts';
import {
  DESCRIPTOR_FIELDS,
  REGIONS,
  decodeDescriptor,
  isIdle,
  storedSize,
} from '../ondisk/regions.ts';
import type { RegionDescriptor, RegionName } from '../ondisk/regions.ts';
import {
  SUPER_FIELDS,
  decodeSuperblock,
  fieldsOf,
  isPacked,
  tailOf,
} from '../ondisk/superblock.ts';
import type { FoundSuperblock } from '../ondisk/superblock.ts';
import type { Findings } from './check-rules.ts';
import { BUDGETS } from './budgets.ts';
import { READABLE_TYPES, inflaterOf } from './image.ts';
import type { ImageOptions } from './image.ts';
import { placeRegion } from './regions.ts';
import type { RegionBytes } from './regions.ts';
import { findSecond, readImage } from './source.ts';
import type { ImageSource, SecondDevice } from './source.ts';
import { openTables } from './tables.ts';
import type { LaidOutTables } from './tables.ts';

/** What could be made of an image's structure. */
export interface CheckedStructure extends LaidOutTables {
  readonly source: ImageSource;
  /** Bytes of the file or files, padding included. */
  readonly fileBytes: number;
  readonly superblock: FoundSuperblock;
  /** Regions that can be read. */
  readonly regions: Readonly<Partial<Record<RegionName, RegionBytes>>>;
}

const hex32 = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`;
const SIGNATURE_AT = 4;
const VERSION_AT = 240;
const OFFSETS_AT = 96;
/** The last second that ext4 can give a file, in the year 2446. */
const MAX_TIMESTAMP = 2 ** 34 - 2 ** 31 - 1;
const KNOWN_VERSIONS: readonly number[] = [1, 2];
/** Bytes between the fields of the aligned superblock. */
const PADDING = [244, 245, 246, 247, 257, 258, 259, 260, 261, 262, 263];
const NOTHING = new Uint8Array(0);

/** Magic and signature; wrong ones are set right in `head`. False when both are: this is no image. */
function checkIdentity(head: Uint8Array, findings: Findings): boolean {
  const view = viewOf(head);
  const magic = view.getUint32(0);
  const text = fromBytes(head.subarray(SIGNATURE_AT, SIGNATURE_AT + AXFS_SIGNATURE.length));
  const at = { region: 'superblock' } as const;
  if (magic !== AXFS_MAGIC)
    findings.add('magic', { ...at, index: 0, value: hex32(magic), expected: hex32(AXFS_MAGIC) });
  if (text !== AXFS_SIGNATURE)
    findings.add('signature', {
      ...at,
      index: SIGNATURE_AT,
      value: toPrintable(text),
      expected: toPrintable(byteStringOf(AXFS_SIGNATURE)),
    });
  if (magic !== AXFS_MAGIC && text !== AXFS_SIGNATURE) return false;
  view.setUint32(0, AXFS_MAGIC);
  head.set(toBytes(byteStringOf(AXFS_SIGNATURE)), SIGNATURE_AT);
  return true;
}

/** A 64-bit field; `idle` where nothing hangs on it. */
interface WideField {
  readonly offset: number;
  readonly bytes: number;
  readonly idle?: boolean;
}

/** 64-bit fields too large for a number become 0, which no rule lets pass for a size or a place; idle ones stay. */
function checkWide(
  view: DataView,
  fields: readonly WideField[],
  region: RegionName | 'superblock',
  findings: Findings,
): void {
  for (const { offset, bytes, idle } of fields) {
    if (bytes !== 8) continue;
    const exact = view.getBigUint64(offset);
    if (exact <= Number.MAX_SAFE_INTEGER) continue;
    const place = { region, index: offset, value: exact.toString(), expected: 'less than 2^53' };
    findings.add(idle === true ? 'idle_field' : 'field', place);
    if (idle !== true) setU64(view, offset, 0);
  }
}

/** The superblock with what is wrong set right, or `undefined` when nothing can be made of it. */
function checkedSuperblock(
  device: MtdDevice,
  name: string,
  findings: Findings,
): FoundSuperblock | undefined {
  const held = Math.min(SUPERBLOCK_BYTES, device.info.size);
  const head = new Uint8Array(held);
  device.read(0, head);
  if (held < SUPERBLOCK_BYTES) {
    const expected = `at least ${String(SUPERBLOCK_BYTES)}`;
    findings.add('size', { region: 'image', index: null, value: held, expected });
    return undefined;
  }
  if (!checkIdentity(head, findings)) return undefined;
  const view = viewOf(head);
  const offsets = REGIONS.map((_, i) => ({ offset: OFFSETS_AT + 8 * i, bytes: 8 }));
  // The timestamp's place is not known yet.
  const wide = SUPER_FIELDS.filter(({ offset }) => offset < OFFSETS_AT);
  checkWide(view, [...wide, ...offsets], 'superblock', findings);
  if (isPacked(view)) {
    findings.add('packed', { region: 'superblock', index: OFFSETS_AT, value: 253, expected: 264 });
    return undefined;
  }
  const superblock = decoded(head, name, findings) ?? decoded(head, name, findings);
  if (superblock !== undefined)
    checkWide(
      view,
      fieldsOf(tailOf(superblock.tail)).filter(({ key }) => key === 'timestamp'),
      'superblock',
      findings,
    );
  return superblock;
}

/** The superblock, or `undefined` after what stood in the way has been reported and set right in `head`. */
function decoded(head: Uint8Array, name: string, findings: Findings): FoundSuperblock | undefined {
  try {
    return decodeSuperblock(head, name);
  } catch (error) {
    if (!(error instanceof AxfsError)) throw error;
    const index = tailOf('aligned').pageShift ?? 0;
    findings.add('page_shift', {
      ...{ region: 'superblock', index, value: head[index] ?? 0, expected: PAGE_SHIFT },
    });
    // Now the aligned tail is complete, whatever was there.
    head[index] = PAGE_SHIFT;
    return undefined;
  }
}

function checkFields(
  superblock: FoundSuperblock,
  options: { readonly device: MtdDevice; readonly hasSecond: boolean },
  findings: Findings,
): void {
  const at = { region: 'superblock', index: null } as const;
  const { size, mmapSize, cblockSize, compressionType, versionMajor } = superblock;
  const held = options.device.info.size;
  if (!KNOWN_VERSIONS.includes(versionMajor))
    findings.add('version', {
      ...{ region: 'superblock', index: VERSION_AT, value: versionMajor, expected: '1 or 2' },
    });
  if (codecOfType(compressionType) === undefined)
    findings.add('compression', { ...at, value: compressionType, expected: READABLE_TYPES });
  if (cblockSize < 1 || cblockSize > MAX_CBLOCK_SIZE)
    findings.add('cblock_size', {
      ...{ ...at, value: cblockSize, expected: `1 to ${String(MAX_CBLOCK_SIZE)}` },
    });
  if (superblock.timestamp > MAX_TIMESTAMP)
    findings.add('timestamp', {
      ...{ ...at, value: superblock.timestamp, expected: `at most ${String(MAX_TIMESTAMP)}` },
    });
  const least = SUPERBLOCK_BYTES + MAGIC_BYTES;
  const most = options.hasSecond ? Infinity : held;
  if (size < least || size > most)
    findings.add('size', { ...at, value: size, expected: `${String(least)} to ${String(most)}` });
  else if (mmapSize > Math.min(size, held))
    findings.add('mmap_size', { ...at, value: mmapSize, expected: `at most ${String(size)}` });
}

function checkedSecond(
  options: ImageOptions,
  superblock: FoundSuperblock,
  findings: Findings,
): SecondDevice | undefined {
  if (options.second === undefined) return undefined;
  try {
    return findSecond(options.second, options.name, superblock);
  } catch (error) {
    if (!(error instanceof AxfsError)) throw error;
    const value = error.message;
    findings.add('second', { region: 'image', index: null, value, expected: 'the second part' });
    return undefined;
  }
}

function checkEnds(
  source: ImageSource,
  device: MtdDevice,
  superblock: FoundSuperblock,
  findings: Findings,
): void {
  const { size } = superblock;
  if (size <= source.size && size >= MAGIC_BYTES) {
    const at = size - MAGIC_BYTES;
    const magic = viewOf(readImage(source, at, MAGIC_BYTES)).getUint32(0);
    if (magic !== AXFS_MAGIC)
      findings.add('trailing_magic', {
        ...{ region: 'image', index: at, value: hex32(magic), expected: hex32(AXFS_MAGIC) },
      });
  }
  if (superblock.tail !== 'aligned') return;
  const head = new Uint8Array(SUPERBLOCK_BYTES);
  device.read(0, head);
  for (const index of PADDING)
    if (head[index] !== 0)
      findings.add('padding', {
        ...{ region: 'superblock', index, value: head[index] ?? 0, expected: 0 },
      });
}

/** A region's descriptor, or `undefined` when it lies nowhere. */
function checkedDescriptor(
  source: ImageSource,
  superblock: FoundSuperblock,
  region: RegionName,
  findings: Findings,
): RegionDescriptor | undefined {
  const offset = superblock.descriptorOffsets[region];
  const first = tailOf(superblock.tail).bytes;
  if (offset < first || offset + DESCRIPTOR_BYTES > source.size) {
    const expected = `${String(first)} to ${String(source.size - DESCRIPTOR_BYTES)}`;
    findings.add('descriptor', { region, index: null, value: offset, expected });
    return undefined;
  }
  if (offset + DESCRIPTOR_BYTES > PAGE_SIZE)
    findings.add('descriptor_page', {
      ...{ region, index: null, value: offset, expected: `below ${String(PAGE_SIZE)}` },
    });
  const view = viewOf(readImage(source, offset, DESCRIPTOR_BYTES).slice());
  const before = findings.counts.field;
  const fields = DESCRIPTOR_FIELDS.map((field) => ({ ...field, idle: isIdle(view, 0, field) }));
  checkWide(view, fields, region, findings);
  return findings.counts.field > before ? undefined : decodeDescriptor(view, 0, region);
}

/** True when the region can be read. */
function checkDescribed(
  source: ImageSource,
  region: (typeof REGIONS)[number],
  descriptor: RegionDescriptor,
  findings: Findings,
): boolean {
  const { name, kind } = region;
  const { fsoffset, size, tableByteDepth: depth, maxIndex } = descriptor;
  if (size === 0) return true;
  const at = { region: name, index: null } as const;
  let readable = true;
  const fail = (
    rule: 'region' | 'depth' | 'xip_alignment',
    value: number | string,
    expected: string,
  ): void => {
    findings.add(rule, { ...at, value, expected });
    readable = false;
  };
  const end = fsoffset + storedSize(descriptor);
  if (end > source.size) fail('region', end, `at most ${String(source.size)}`);
  if (kind === 'pages')
    for (const value of [fsoffset, size])
      if (value % PAGE_SIZE !== 0)
        fail('xip_alignment', value, `a multiple of ${String(PAGE_SIZE)}`);
  if (kind !== 'table') return readable;
  if (depth < 1 || depth > MAX_TABLE_DEPTH) {
    fail('depth', depth, `1 to ${String(MAX_TABLE_DEPTH)}`);
    return false;
  }
  const entries = Math.floor(size / depth);
  if (maxIndex !== entries)
    findings.add('max_index', { ...at, value: maxIndex, expected: entries });
  if (size % depth !== 0)
    findings.add('table_end', { ...at, value: size, expected: `a multiple of ${String(depth)}` });
  return readable;
}

/** Descriptors of regions that can be read, one by one and all together. */
function checkedDescriptors(
  source: ImageSource,
  superblock: FoundSuperblock,
  findings: Findings,
): Partial<Record<RegionName, RegionDescriptor>> {
  const described: Partial<Record<RegionName, RegionDescriptor>> = {};
  for (const region of REGIONS) {
    const { name } = region;
    const descriptor = checkedDescriptor(source, superblock, name, findings);
    if (descriptor !== undefined && checkDescribed(source, region, descriptor, findings))
      described[name] = descriptor;
  }
  for (const { rule, excessOf, isOf } of BUDGETS) {
    const excess = excessOf(described);
    if (excess === undefined) continue;
    const expected = `all together at most ${String(excess.most)}`;
    findings.add(rule, { region: 'image', index: null, value: excess.bytes, expected });
    for (const { name } of REGIONS) {
      const descriptor = described[name];
      if (descriptor !== undefined && isOf(name, descriptor))
        Reflect.deleteProperty(described, name);
    }
  }
  return described;
}

function checkedRegions(
  source: ImageSource,
  superblock: FoundSuperblock,
  options: ImageOptions,
  findings: Findings,
): { regions: Partial<Record<RegionName, RegionBytes>>; depths: Map<string, number> } {
  const regions: Partial<Record<RegionName, RegionBytes>> = {};
  const depths = new Map<string, number>();
  const described = checkedDescriptors(source, superblock, findings);
  for (const { name } of REGIONS) {
    const descriptor = described[name];
    if (descriptor === undefined) continue;
    const { mmapSize } = superblock;
    const end = descriptor.fsoffset + descriptor.size;
    // A compressed one is expanded into RAM, wherever it stands.
    const isMapped = name === 'xip' && descriptor.size > 0 && descriptor.compressedSize === 0;
    if (isMapped && mmapSize > 0 && end > mmapSize)
      findings.add('xip_mapped', {
        ...{ region: name, index: null, value: end, expected: `at most ${String(mmapSize)}` },
      });
    try {
      const type =
        codecOfType(superblock.compressionType) === undefined ? 0 : superblock.compressionType;
      regions[name] = placeRegion(source, name, descriptor, inflaterOf(type, options));
      depths.set(name, descriptor.size === 0 ? 0 : descriptor.tableByteDepth);
    } catch (error) {
      if (!(error instanceof AxfsError)) throw error;
      findings.add('expansion', {
        ...{ region: name, index: null, value: error.message, expected: descriptor.size },
      });
    }
  }
  return { regions, depths };
}

/** Checks the structure and gives back what can be made of it, if anything. */
export function checkStructure(
  device: MtdDevice,
  options: ImageOptions,
  findings: Findings,
): CheckedStructure | undefined {
  const { name } = options;
  const superblock = checkedSuperblock(device, name, findings);
  if (superblock === undefined) return undefined;
  checkFields(superblock, { device, hasSecond: options.second !== undefined }, findings);
  const found = checkedSecond(options, superblock, findings);
  const second = found !== undefined && found.from <= device.info.size ? found : undefined;
  const fileBytes = second === undefined ? device.info.size : second.base + second.device.info.size;
  const size = Math.min(superblock.size, fileBytes);
  const source: ImageSource = { name, device, second, size, window: undefined };
  checkEnds(source, device, superblock, findings);
  const { regions, depths } = checkedRegions(source, superblock, options, findings);
  const laidOut = openTables({
    name,
    versionMajor: superblock.versionMajor,
    files: superblock.files,
    stringsSize: regions.strings?.size ?? 0,
    bytesOf: (table) => regions[table]?.resident ?? NOTHING,
    depthOf: (table) => depths.get(table) ?? 0,
  });
  return { source, fileBytes, superblock, regions, ...laidOut };
}
