/**
 * Sparse files in tar archives, in the four forms that GNU tar has written (GNU tar manual, "Storing Sparse
 * Files"): the old header 'S' with extension blocks, and pax 0.0, 0.1 and 1.0. Each comes down to one list of
 * regions; what is between them reads as zeros.
 *
 * @module
 */
import { byteStringOf, fromBytes } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { PIECE_BYTES, archiveError, fillExactly, readExactly, readPieces } from './entry.ts';
import type { ArchiveContent, ArchivePlace } from './entry.ts';
import { TAR_BLOCK, fieldBytes, fieldNumber, tarNumber } from './tar-fields.ts';
import { paxNumber } from './tar-pax.ts';
import type { PaxRecord } from './tar-pax.ts';

/** Bytes of a file that are stored; `offset` is in the file. */
export interface SparseRegion {
  readonly offset: number;
  readonly length: number;
}

/** A sparse file: its size with holes, and how many bytes of map precede what is stored. */
export interface SparseMap {
  readonly size: number;
  readonly regions: readonly SparseRegion[];
  /** Blocks that the map takes before the data, bytes. */
  readonly mapBytes: number;
}

/** One region in an old header: two octal numbers. */
const OLD_NUMBER = 12;
const OLD_REGION = 2 * OLD_NUMBER;
/** An extension block: 21 regions, then whether another follows. */
const EXTENSION_BYTES = 21 * OLD_REGION;

/** The map of an old GNU header at `place.offset`; extension blocks follow the header. */
export function oldSparseMap(block: Uint8Array, place: ArchivePlace): SparseMap {
  const regions: SparseRegion[] = [];
  let isMore = addOldRegions(fieldBytes(block, 'sparse'), regions, place);
  let [isExtended] = fieldBytes(block, 'isExtended');
  let mapBytes = 0;
  while (isExtended !== undefined && isExtended !== 0) {
    const extension = readExactly(place.offset + TAR_BLOCK + mapBytes, TAR_BLOCK, place);
    mapBytes += TAR_BLOCK;
    if (isMore) isMore = addOldRegions(extension.subarray(0, EXTENSION_BYTES), regions, place);
    isExtended = extension[EXTENSION_BYTES];
  }
  return { size: fieldNumber(block, 'realSize', place), regions, mapBytes };
}

/** Adds the regions that `bytes` holds; false when the list ended. */
function addOldRegions(bytes: Uint8Array, regions: SparseRegion[], place: ArchivePlace): boolean {
  for (let at = 0; at < bytes.length; at += OLD_REGION) {
    const length = bytes.subarray(at + OLD_NUMBER, at + OLD_REGION);
    if (length[0] === 0) return false;
    regions.push({
      offset: tarNumber(bytes.subarray(at, at + OLD_NUMBER), 'sparse offset', place),
      length: tarNumber(length, 'sparse length', place),
    });
  }
  return true;
}

/**
 * The map that an entry's pax records tell, or `undefined` for a plain file. `start` is where the stored
 * bytes begin, of which there are `stored`: form 1.0 has its map there.
 */
export function paxSparseMap(
  records: readonly PaxRecord[],
  { start, stored }: { readonly start: number; readonly stored: number },
  place: ArchivePlace,
): SparseMap | undefined {
  const last = (keyword: string): PaxRecord | undefined =>
    records.findLast((record) => record.keyword === `GNU.sparse.${keyword}`);
  const version = `${last('major')?.value ?? '0'}.${last('minor')?.value ?? '0'}`;
  const sized = last('realsize') ?? last('size');
  const map = last('map');
  if (sized === undefined && map === undefined && last('major') === undefined) return undefined;
  if (sized === undefined)
    throw archiveError(place, 'a sparse file says no size, expected GNU.sparse.realsize');
  const size = paxNumber(sized, place);
  if (version === '1.0') return { size, ...mapInData(start, stored, place) };
  if (version.split('.')[0] !== '0')
    throw archiveError(place, `its sparse format is ${version}, expected 0.0, 0.1 or 1.0`);
  const pairs =
    map === undefined
      ? records
          .filter(({ keyword }) => /^GNU\.sparse\.(offset|numbytes)$/.test(keyword))
          .map((record) => paxNumber(record, place))
      : mapNumbers(map, place);
  return { size, regions: regionsOf(pairs, place), mapBytes: 0 };
}

const mapNumbers = ({ keyword, value }: PaxRecord, place: ArchivePlace): number[] =>
  value === ''
    ? []
    : value.split(',').map((digits) => paxNumber({ keyword, value: byteStringOf(digits) }, place));

function regionsOf(numbers: readonly number[], place: ArchivePlace): SparseRegion[] {
  if (numbers.length % 2 !== 0)
    throw archiveError(
      place,
      `its sparse map has ${String(numbers.length)} numbers, expected pairs of offset and length`,
    );
  return Array.from({ length: numbers.length / 2 }, (_, i) => ({
    offset: numbers[2 * i] ?? 0,
    length: numbers[2 * i + 1] ?? 0,
  }));
}

/** Form 1.0: a line for the number of regions, two lines for each, padded to whole blocks. */
function mapInData(
  start: number,
  stored: number,
  place: ArchivePlace,
): { regions: readonly SparseRegion[]; mapBytes: number } {
  const numbers: number[] = [];
  const isComplete = (): boolean => numbers.length > 0 && numbers.length > 2 * (numbers[0] ?? 0);
  let rest = '';
  let mapBytes = 0;
  while (!isComplete()) {
    if (mapBytes + TAR_BLOCK > stored || rest.length >= TAR_BLOCK)
      throw archiveError(place, 'its sparse map does not end, expected lines of digits');
    const lines = (rest + fromBytes(readExactly(start + mapBytes, TAR_BLOCK, place))).split('\n');
    mapBytes += TAR_BLOCK;
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (isComplete()) break;
      const record = { keyword: 'sparse map', value: line as ByteString };
      numbers.push(paxNumber(record, place));
    }
  }
  return { regions: regionsOf(numbers.slice(1), place), mapBytes };
}

/**
 * Content with its holes.
 *
 * @param data where the first region's bytes stand, and how many bytes all of them are.
 * @throws AxfsError EINVAL for regions that overlap, leave the file, or do not add up to what is stored.
 */
export function sparseContent(
  { size, regions }: SparseMap,
  data: { readonly start: number; readonly stored: number },
  place: ArchivePlace,
): ArchiveContent {
  let end = 0;
  let total = 0;
  for (const { offset, length } of regions) {
    if (offset < end || length < 0 || offset + length > size)
      throw archiveError(
        place,
        `a sparse region is ${String(offset)}+${String(length)}, expected one within ${String(end)} to ${String(size)}`,
      );
    end = offset + length;
    total += length;
  }
  if (size < 0) throw archiveError(place, `its size is ${String(size)}, expected 0 or more`);
  if (total !== data.stored)
    throw archiveError(
      place,
      `its sparse regions have ${String(total)} bytes, expected the ${String(data.stored)} that are stored`,
    );
  const starts: number[] = [];
  let start = data.start;
  for (const { length } of regions) {
    starts.push(start);
    start += length;
  }
  return {
    size,
    read: () => readSparse(size, regions, data.start, place),
    readAt: (into, position) => {
      fillSparse(into, position, { regions, starts, place });
    },
  };
}

/** Where the regions of a file are stored, by region. */
interface StoredRegions {
  readonly regions: readonly SparseRegion[];
  readonly starts: readonly number[];
  readonly place: ArchivePlace;
}

/** Fills `into` with the bytes of the file from `position` on. */
function fillSparse(
  into: Uint8Array,
  position: number,
  { regions, starts, place }: StoredRegions,
): void {
  into.fill(0);
  const end = position + into.length;
  for (let i = firstEndingBehind(regions, position); i < regions.length; i += 1) {
    const { offset = end, length = 0 } = regions[i] ?? {};
    if (offset >= end) return;
    const from = Math.max(offset, position);
    const to = Math.min(offset + length, end);
    const part = into.subarray(from - position, Math.max(from, to) - position);
    if (part.length > 0) fillExactly(part, (starts[i] ?? 0) + from - offset, place);
  }
}

/** Number of the first region, in their order, that ends behind `position`. */
function firstEndingBehind(regions: readonly SparseRegion[], position: number): number {
  let [low, high] = [0, regions.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const { offset = 0, length = 0 } = regions[middle] ?? {};
    if (offset + length > position) high = middle;
    else low = middle + 1;
  }
  return low;
}

function* readSparse(
  size: number,
  regions: readonly SparseRegion[],
  start: number,
  place: ArchivePlace,
): Generator<Uint8Array> {
  let done = 0;
  let from = start;
  for (const { offset, length } of [...regions, { offset: size, length: 0 }]) {
    for (; done < offset; done += Math.min(PIECE_BYTES, offset - done))
      yield new Uint8Array(Math.min(PIECE_BYTES, offset - done));
    yield* readPieces(from, length, place);
    from += length;
    done += length;
  }
}
