/**
 * What `axfs flash write` says: as text, as JSON.
 *
 * @module
 */
import { wearOf } from '../flash/report.ts';
import { blockAt } from '../mtd/faults/geometry.ts';
import type { MtdPart } from '../mtd/part.ts';
import { humanBytes, humanCount, humanNanoseconds } from '../report/sizes.ts';
import { TIME_PARTS } from './flash-price.ts';
import type { FlashedDevice } from './flash-write.ts';
import { counted, exactSize } from './sizes.ts';

/** Names for messages. */
export interface FlashNames {
  readonly image: string;
  readonly part: MtdPart;
}

const eraseText = (erases: ReadonlyMap<number, number>): string =>
  erases.size === 0
    ? 'none'
    : [...erases]
        .sort(([a], [b]) => b - a)
        .map(([bytes, count]) => `${humanCount(count)} of ${humanBytes(bytes)}`)
        .join(', ');

const injectedOf = ({ injected }: FlashedDevice): readonly (readonly [string, number])[] =>
  Object.entries(injected).filter(([, count]) => count > 0);

const blockNumbers = ({ info }: FlashedDevice, offsets: readonly number[]): number[] =>
  offsets.map((offset) => blockAt(info, offset).number);

const VERIFY_TEXT = {
  right: 'every byte reads back',
  worn: 'every byte reads back, but ECC has much to put right in blocks',
  off: 'not looked at',
} as const;

/** Lines for people. */
export function flashText({ image, part }: FlashNames, done: FlashedDevice): string {
  const { info, report, restarts, eccStats, price } = done;
  const { tally, badBlocks } = report;
  const wear = wearOf(tally);
  const worn = blockNumbers(done, report.wornBlocks).join(', ');
  const rows: [string, string][] = [
    ['image', `${image}: ${exactSize(report.bytes)}`],
    ['device', `${part.title}: ${exactSize(info.size)}`],
    [
      'blocks',
      `${humanCount(report.blocks)}: ${humanCount(tally.blocksKept)} kept, ${humanCount(tally.blocksProgrammed)} programmed, ${humanCount(tally.blocksBlank)} of them blank`,
    ],
    [
      'erases',
      `${eraseText(tally.erases)}; ${counted(wear.max, 'erase')} of one block at most, ${humanCount(wear.sum)} in all`,
    ],
    [
      'programs',
      `${humanCount(tally.programs)} of up to ${counted(Math.max(info.writesize, info.writebufsize), 'byte')}, ${exactSize(tally.programmedBytes)}; ${counted(tally.blankUnits, 'unit')} of ones left out`,
    ],
    ['reads', exactSize(done.bytesRead)],
    ...(badBlocks.length === 0
      ? []
      : [
          ['bad blocks', `${blockNumbers(done, badBlocks).join(', ')}${markedText(done)}`] as [
            string,
            string,
          ],
        ]),
    ...(tally.retries + tally.refreshed === 0
      ? []
      : [
          [
            'again',
            `${counted(tally.retries, 'block')} after a failure, ${humanCount(tally.refreshed)} because ECC had much to do`,
          ] as [string, string],
        ]),
    ...(eccStats.corrected + eccStats.failed === 0
      ? []
      : [
          [
            'ECC',
            `${counted(eccStats.corrected, 'bit')} put right, ${counted(eccStats.failed, 'step')} beyond that`,
          ] as [string, string],
        ]),
    ...injectedOf(done).map(([kind, count]): [string, string] => [
      'injected',
      `${kind} ${humanCount(count)}`,
    ]),
    ...restarts.map((what): [string, string] => ['restarted', what]),
    ['verify', `${VERIFY_TEXT[report.verify]}${report.verify === 'worn' ? ` ${worn}` : ''}`],
    ...TIME_PARTS.flatMap((name): [string, string][] => {
      const time = price.nanoseconds[name];
      return time === null || time === 0 ? [] : [[`${name} time`, humanNanoseconds(time)]];
    }),
    ...(price.total === null ? [] : [['time', humanNanoseconds(price.total)] as [string, string]]),
    ...(price.readMicrojoules === null
      ? []
      : [['read energy', `${price.readMicrojoules.toPrecision(3)} uJ`] as [string, string]]),
    ...[...new Set(Object.values(price.missing))].map((what): [string, string] => [
      'not priced',
      what,
    ]),
  ];
  return rows.map(([name, text]) => `${name.padEnd(13)}${text}\n`).join('');
}

function markedText(done: FlashedDevice): string {
  const marked = blockNumbers(done, done.report.tally.markedBad);
  return marked.length === 0 ? '' : `; marked now: ${marked.join(', ')}`;
}

/** The same, exact. */
export function flashJson({ image, part }: FlashNames, done: FlashedDevice): string {
  const { info, report, restarts, injected, eccStats, bus, bytesRead, price } = done;
  const { tally, ...rest } = report;
  const { wear, erases, ...counts } = tally;
  const value = {
    image,
    part: part.name,
    size: info.size,
    ...rest,
    ...counts,
    erases: Object.fromEntries([...erases].map(([bytes, count]) => [String(bytes), count])),
    wear: { ...wearOf(tally), blocks: wear.size },
    bytesRead,
    bus,
    ecc: eccStats,
    injected,
    restarts,
    time: price,
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}
