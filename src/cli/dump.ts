/**
 * `axfs dump`: everything an image says about itself, number by number and with where it stands: superblock,
 * descriptors, tables. Contents of tables come piece by piece, so that a large image needs no more memory.
 *
 * @module
 */
import { toHex } from '../base/bytes.ts';
import type { AxfsVolume } from '../fs/volume.ts';
import { AXFS_MAGIC, AXFS_SIGNATURE, MAGIC_BYTES } from '../ondisk/constants.ts';
import { DESCRIPTOR_FIELDS, REGIONS, TABLE_NAMES } from '../ondisk/regions.ts';
import type { RegionDescriptor, RegionName, TableName } from '../ondisk/regions.ts';
import { fieldsOf, tailOf } from '../ondisk/superblock.ts';
import { textTable } from '../report/table.ts';
import { imageOffset } from './explain-place.ts';

/** A field of the superblock. */
export interface DumpedField {
  readonly field: string;
  /** Byte offset in the image, and bytes. */
  readonly offset: number;
  readonly bytes: number;
  readonly value: number | string;
}

/** A region's descriptor. */
export interface DumpedDescriptor extends RegionDescriptor {
  readonly region: RegionName;
  /** Byte offset of the descriptor in the image. */
  readonly offset: number;
}

/** What is known of a table before its entries. */
export interface DumpedTable {
  readonly table: TableName;
  readonly depth: number;
  /** Entries that the bytes hold; the descriptor's max_index may say something else. */
  readonly length: number;
  readonly maxIndex: number;
  /** Where it begins in the image; `null` when it is stored compressed. */
  readonly imageOffset: number | null;
}

const SIGNATURE = { offset: 4, bytes: 16 } as const;
const DIGEST = { offset: 20, bytes: 40 } as const;
const FIRST_DESCRIPTOR_OFFSET = 96;
/** Lines, or numbers, that are given on at a time. */
const BATCH = 1024;
/** Numbers in a line of JSON. */
const NUMBERS_A_LINE = 16;

/** Fields of the superblock in the order of their offsets; an image with another magic or signature is none. */
export function superblockFields({ image: { superblock } }: AxfsVolume): readonly DumpedField[] {
  return [
    { field: 'magic', offset: 0, bytes: MAGIC_BYTES, value: `0x${AXFS_MAGIC.toString(16)}` },
    { field: 'signature', ...SIGNATURE, value: AXFS_SIGNATURE.replace('\0', '') },
    { field: 'digest', ...DIGEST, value: toHex(superblock.digest) },
    ...fieldsOf(tailOf(superblock.tail)).map(({ key, offset, bytes }) => ({
      field: key,
      offset,
      bytes,
      value: superblock[key],
    })),
    ...REGIONS.map(({ name }, i) => ({
      field: `descriptor of ${name}`,
      offset: FIRST_DESCRIPTOR_OFFSET + 8 * i,
      bytes: 8,
      value: superblock.descriptorOffsets[name],
    })),
  ].sort((a, b) => a.offset - b.offset);
}

/** The 18 descriptors in the order of the superblock. */
export const descriptorsOf = ({
  image: { descriptors, superblock },
}: AxfsVolume): readonly DumpedDescriptor[] =>
  REGIONS.map(({ name }) => ({
    region: name,
    offset: superblock.descriptorOffsets[name],
    ...descriptors[name],
  }));

/** A table without its entries. */
export function tableOf({ image }: AxfsVolume, table: TableName): DumpedTable {
  const { depth, length } = image.tables[table];
  return {
    table,
    depth,
    length,
    maxIndex: image.descriptors[table].maxIndex,
    imageOffset: imageOffset(image, table, 0),
  };
}

/** The dump for people; with `only`, that table alone. */
export function* dumpText(volume: AxfsVolume, only?: TableName): Generator<string> {
  if (only === undefined) {
    yield `${volume.name}\n\nsuperblock\n`;
    yield indented(fieldTable(volume));
    yield '\ndescriptors\n';
    yield indented(descriptorTable(volume));
  }
  for (const name of only === undefined ? TABLE_NAMES : [only]) {
    const table = tableOf(volume, name);
    const { length, maxIndex, depth, imageOffset: at } = table;
    const place = at === null ? 'in a compressed region' : `at ${String(at)}`;
    const claim = maxIndex === length ? '' : `, max_index ${String(maxIndex)}`;
    if (only === undefined) yield '\n';
    yield `${name}: ${String(length)} entries${claim}, ${String(depth)} bytes each, ${place}\n`;
    yield* entryLines(volume, table);
  }
}

const indented = (lines: readonly string[]): string => lines.map((line) => `  ${line}\n`).join('');

const fieldTable = (volume: AxfsVolume): readonly string[] =>
  textTable(
    [
      { title: 'offset', align: 'right' },
      { title: 'bytes', align: 'right' },
      { title: 'field', align: 'left' },
      { title: 'value', align: 'left' },
    ],
    superblockFields(volume).map(({ offset, bytes, field, value }) => [
      String(offset),
      String(bytes),
      field,
      String(value),
    ]),
  );

const descriptorTable = (volume: AxfsVolume): readonly string[] =>
  textTable(
    [
      { title: 'region', align: 'left' },
      { title: 'at', align: 'right' },
      ...DESCRIPTOR_FIELDS.map(({ key }) => ({ title: key, align: 'right' as const })),
    ],
    descriptorsOf(volume).map((descriptor) => [
      descriptor.region,
      String(descriptor.offset),
      ...DESCRIPTOR_FIELDS.map(({ key }) => String(descriptor[key])),
    ]),
  );

/** Entries of a table: index, bytes with the most significant first, value. */
function* entryLines({ image }: AxfsVolume, table: DumpedTable): Generator<string> {
  const { length } = table;
  const width = String(Math.max(0, length - 1)).length;
  const entries = image.tables[table.table];
  for (let start = 0; start < length; start += BATCH) {
    const lines: string[] = [];
    for (let i = start; i < Math.min(length, start + BATCH); i += 1) {
      const hex = toHex(entries.bytesOf(i));
      lines.push(`  ${String(i).padStart(width)}  ${hex}  ${exactValue(hex)}\n`);
    }
    yield lines.join('');
  }
}

/** A damaged entry may be larger than numbers are exact. */
const exactValue = (hex: string): string => BigInt(`0x${hex}`).toString();

/** The dump as one JSON value: entries are numbers, exact however large; with `only`, that table alone. */
export function* dumpJson(volume: AxfsVolume, only?: TableName): Generator<string> {
  yield `{\n  "image": ${JSON.stringify(volume.name)},\n`;
  if (only === undefined)
    for (const [key, rows] of [
      ['superblock', superblockFields(volume)],
      ['descriptors', descriptorsOf(volume)],
    ] as const)
      yield `  "${key}": [\n${rows.map((row) => `    ${JSON.stringify(row)}`).join(',\n')}\n  ],\n`;
  yield '  "tables": [';
  let separator = '\n';
  for (const name of only === undefined ? TABLE_NAMES : [only]) {
    yield `${separator}    {`;
    yield Object.entries(tableOf(volume, name))
      .map(([key, value]) => `"${key}": ${JSON.stringify(value)}`)
      .join(', ');
    yield ', "entries": [';
    yield* entryNumbers(volume, name);
    yield ']}';
    separator = ',\n';
  }
  yield '\n  ]\n}\n';
}

function* entryNumbers({ image }: AxfsVolume, name: TableName): Generator<string> {
  const entries = image.tables[name];
  const { length } = entries;
  for (let start = 0; start < length; start += NUMBERS_A_LINE) {
    const numbers: string[] = [];
    for (let i = start; i < Math.min(length, start + NUMBERS_A_LINE); i += 1)
      numbers.push(exactValue(toHex(entries.bytesOf(i))));
    yield `${start === 0 ? '' : ','}\n      ${numbers.join(', ')}`;
  }
}
