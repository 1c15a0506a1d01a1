/**
 * `axfs flash bench`: operations played on a device of a part, and what they take by its rows.
 *
 * @module
 */
import { createRandom } from '../base/random.ts';
import { CACHE_LINE_BYTES, PAGE_SIZE } from '../base/units.ts';
import { createDevice } from '../mtd/create-device.ts';
import type { MtdDevice } from '../mtd/device.ts';
import { blockAt } from '../mtd/faults/geometry.ts';
import type { MtdPart } from '../mtd/part.ts';
import { smallestDeviceSize } from '../mtd/parts.ts';
import { collectWork, priceWork } from './flash-price.ts';
import type { TimePart } from './flash-price.ts';

const MIB = 1024 * 1024;
const SEQUENTIAL_BYTES = MIB;
/** Bytes of one read of a sequence: a file system reads ahead so much. */
const READ_BYTES = 128 * 1024;
const RANDOM_READS = 256;
const SEED = 1;

/** One operation, or many of a kind. */
interface BenchOperation {
  readonly key: string;
  readonly title: string;
  /** Which part of the time is its; default: reading. */
  readonly timePart?: TimePart;
  /** What it is done to has these; others are not asked. */
  readonly isFor: (device: MtdDevice) => boolean;
  /** Does it on a fresh device; gives the bytes moved and how often. */
  readonly play: (device: MtdDevice) => { readonly bytes: number; readonly times: number };
}

const always = (): boolean => true;
const writeable = ({ info }: MtdDevice): boolean => info.flags.includes('writeable');
const erasable = (device: MtdDevice): boolean =>
  writeable(device) && !device.info.flags.includes('no_erase');
const pointable = ({ canPoint }: MtdDevice): boolean => canPoint;

/** Places for reads of `length` bytes, by chance, each at a multiple of `length`. */
function* randomPlaces(size: number, length: number): Generator<number> {
  const random = createRandom(SEED);
  const places = Math.floor(size / length);
  for (let k = 0; k < RANDOM_READS; k += 1) yield length * random.below(places);
}

/** The last erase block: one of the main ones. */
const mainBlock = ({ info }: MtdDevice) => blockAt(info, info.size - 1);

/** What is played, in the order of the table. */
const BENCH_OPERATIONS: readonly BenchOperation[] = [
  {
    key: 'line',
    title: `fill of a ${String(CACHE_LINE_BYTES)}-byte line, bus idle`,
    isFor: pointable,
    play: (device) => {
      device.point(0, PAGE_SIZE).fillLines(0, 1);
      return { bytes: CACHE_LINE_BYTES, times: 1 };
    },
  },
  {
    key: 'randomLine',
    title: `fills of ${String(CACHE_LINE_BYTES)}-byte lines, anywhere`,
    isFor: pointable,
    play: (device) => {
      const window = device.point(0, device.info.size);
      for (const place of randomPlaces(device.info.size, CACHE_LINE_BYTES))
        window.fillLines(place, 1);
      return { bytes: RANDOM_READS * CACHE_LINE_BYTES, times: RANDOM_READS };
    },
  },
  {
    key: 'writesizePage',
    title: 'read of a page of the part',
    isFor: ({ info }) => info.type === 'nand',
    play: (device) => {
      device.read(0, new Uint8Array(device.info.writesize));
      return { bytes: device.info.writesize, times: 1 };
    },
  },
  {
    key: 'page',
    title: 'read of 4 KiB, bus idle',
    isFor: always,
    play: (device) => {
      device.read(0, new Uint8Array(PAGE_SIZE));
      return { bytes: PAGE_SIZE, times: 1 };
    },
  },
  {
    key: 'randomPage',
    title: 'reads of 4 KiB, anywhere',
    isFor: always,
    play: (device) => {
      const into = new Uint8Array(PAGE_SIZE);
      for (const place of randomPlaces(device.info.size, PAGE_SIZE)) device.read(place, into);
      return { bytes: RANDOM_READS * PAGE_SIZE, times: RANDOM_READS };
    },
  },
  {
    key: 'sequential',
    title: `1 MiB in reads of ${String(READ_BYTES / 1024)} KiB`,
    isFor: always,
    play: (device) => {
      const into = new Uint8Array(READ_BYTES);
      for (let at = 0; at < SEQUENTIAL_BYTES; at += READ_BYTES) device.read(at, into);
      return { bytes: SEQUENTIAL_BYTES, times: SEQUENTIAL_BYTES / READ_BYTES };
    },
  },
  {
    key: 'program',
    title: 'program of a blank erase block',
    timePart: 'program',
    isFor: writeable,
    play: (device) => {
      const { offset, erasesize } = mainBlock(device);
      device.write(offset, new Uint8Array(erasesize));
      return { bytes: erasesize, times: 1 };
    },
  },
  {
    key: 'erase',
    title: 'erase of an erase block',
    timePart: 'erase',
    isFor: erasable,
    play: (device) => {
      const { offset, erasesize } = mainBlock(device);
      device.erase(offset, erasesize);
      return { bytes: erasesize, times: 1 };
    },
  },
];

/** What one kind of operation takes. */
export interface BenchResult {
  readonly key: string;
  readonly title: string;
  /** Bytes of one, and how many there were. */
  readonly bytes: number;
  readonly times: number;
  /** Time of one, ns; null: a row is missing. */
  readonly nanoseconds: number | null;
  /** 10^6 bytes a second. */
  readonly megabytesPerSecond: number | null;
  readonly missing?: string;
}

/** Plays every operation that `part` has. @throws AxfsError EINVAL for a part whose device cannot be built. */
export function benchPart(part: MtdPart): readonly BenchResult[] {
  const size = smallestDeviceSize(part, SEQUENTIAL_BYTES);
  return BENCH_OPERATIONS.flatMap(({ key, title, timePart = 'read', isFor, play }) => {
    const { work, sink } = collectWork();
    const device = createDevice(part, { size, sink });
    if (!isFor(device)) return [];
    const { bytes, times } = play(device);
    const { nanoseconds, missing } = priceWork(part, work);
    const all = nanoseconds[timePart];
    const why = missing[timePart];
    return [
      {
        key,
        title,
        bytes: bytes / times,
        times,
        nanoseconds: all === null ? null : all / times,
        megabytesPerSecond: all === null || all === 0 ? null : (bytes * 1000) / all,
        ...(why === undefined ? {} : { missing: why }),
      },
    ];
  });
}
