/**
 * Why a page is stored as it is, as text and as JSON.
 *
 * @module
 */
import type { PageAnswer, PageStorage, PageWay } from '../cost/page-choice.ts';
import type { CostUnit } from '../cost/params.ts';
import { totalFaults } from '../cost/ledger.ts';
import { COST_PARTS } from '../cost/price.ts';
import { humanBytes, humanCount, humanMillions, humanNanoseconds } from './sizes.ts';
import { textTable } from './table.ts';

/** Where the page stands in the image. */
export interface PagePlacement {
  readonly node: number;
  readonly type: PageStorage;
  readonly storedBytes: number;
  readonly expandedBytes: number;
  /** In the image; `null` in a region that is stored compressed. */
  readonly imageOffset: number | null;
  readonly cblock?: number;
  readonly cnodeOffset?: number;
  readonly frame?: number;
}

/** What was asked, and on what. */
export interface WhyHead {
  readonly image: string;
  readonly path: string;
  readonly trace: string;
  readonly part: string;
  readonly cpu: string;
}

/** Of one page. */
export interface PageReport extends WhyHead {
  readonly page: number;
  /** Pages of the file. */
  readonly pages: number;
  readonly place: PagePlacement;
  readonly answer: PageAnswer;
}

/** Of all pages of a file. */
export interface FileReport extends WhyHead {
  readonly unit: CostUnit;
  readonly pages: readonly (Omit<PageWay, 'runCost' | 'runRam'> & {
    readonly page: number;
    /** Lines of the trace that touch it. */
    readonly lines: number;
  })[];
}

const STORAGE_WORDS: Readonly<Record<PageStorage, string>> = {
  xip: 'in place',
  compressed: 'compressed',
  byteAligned: 'byte-aligned',
};

const humanCost = (unit: CostUnit, cost: number): string => {
  const text = unit === 'ns' ? humanNanoseconds(Math.abs(cost)) : humanMillions(Math.abs(cost));
  return `${cost < 0 ? '-' : ''}${text}${unit === 'ns' ? '' : ' instructions'}`;
};

const RAM_WORDS = { pageCache: 'cache', anonymous: 'anon', pageTables: 'page tables' } as const;

const ramText = ({ ram }: Pick<PageWay, 'ram'>): string => {
  const parts = Object.entries(RAM_WORDS).flatMap(([key, word]) => {
    const bytes = ram[key as keyof typeof RAM_WORDS];
    return bytes === 0 ? [] : [`${humanBytes(bytes)} ${word}`];
  });
  return parts.length === 0 ? '0 B' : parts.join(', ');
};

/** `3, 5 to 9`. */
function ranges(numbers: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last !== undefined && number === last[1] + 1) last[1] = number;
    else runs.push([number, number]);
  }
  const MOST = 12;
  const texts = runs
    .slice(0, MOST)
    .map(([from, to]) => (from === to ? String(from) : `${String(from)} to ${String(to)}`));
  return `${texts.join(', ')}${runs.length > MOST ? ', …' : ''}`;
}

const counted = (count: number, noun: string): string =>
  `${humanCount(count)} ${noun}${count === 1 ? '' : 's'}`;

const amount = (bytes: number, noun: string): string =>
  bytes === 0
    ? `the same ${noun}`
    : `${humanBytes(Math.abs(bytes))} ${bytes < 0 ? 'less' : 'more'} ${noun}`;

/** The decision in one sentence, with its margin. */
export function whySentence(answer: PageAnswer): string {
  const { now, other, unit, choice, costAdded, flashAdded, ramAdded, use } = answer;
  const better = choice.moves ? other : now;
  const verb = choice.moves ? 'Store it' : 'Leave it';
  const words = STORAGE_WORDS[better.type];
  const sign = choice.moves ? 1 : -1;
  const flash = amount(sign * flashAdded, 'flash');
  const ram = amount(sign * ramAdded, 'RAM at the peak');
  const worse = STORAGE_WORDS[choice.moves ? now.type : other.type];
  switch (choice.reason) {
    case 'cost': {
      const share = (100 * Math.abs(costAdded)) / Math.max(now.runCost, other.runCost);
      return `${verb} ${words}: the run costs ${humanCost(unit, Math.abs(costAdded))} less than with it ${worse} (${share.toFixed(2)} %), for ${flash} and ${ram}.`;
    }
    case 'flash':
      return `${verb} ${words}: ${use.lines === 0 ? 'the trace never touches it' : 'both ways cost the same'}, and it takes ${flash} than ${worse}.`;
    case 'same':
      return `${verb} ${words}: both ways cost the same and take the same flash.`;
  }
}

const WAY_ROWS: readonly {
  readonly title: string;
  readonly cell: (way: PageWay, unit: CostUnit) => string;
}[] = [
  { title: 'stored bytes', cell: ({ storedBytes }) => humanCount(storedBytes) },
  { title: 'faults', cell: ({ ledger }) => humanCount(totalFaults(ledger)) },
  { title: 'fills', cell: ({ ledger }) => humanCount(ledger.fills.pages) },
  { title: 'cblocks expanded', cell: ({ ledger }) => humanCount(ledger.inflate.cblocks) },
  { title: 'lines missed, flash', cell: ({ ledger }) => humanCount(ledger.missedLines.flash) },
  { title: 'lines missed, RAM', cell: ({ ledger }) => humanCount(ledger.missedLines.ram) },
  { title: 'RAM at the peak', cell: ramText },
  ...COST_PARTS.map(({ key }) => ({
    title: `cost: ${key}`,
    cell: ({ cost }: PageWay, unit: CostUnit) => humanCost(unit, cost.parts[key]),
  })),
  { title: 'cost of the page', cell: ({ cost }, unit) => humanCost(unit, cost.total) },
  { title: 'cost of the run', cell: ({ runCost }, unit) => humanCost(unit, runCost) },
];

const headText = ({ image, path, trace, part, cpu }: WhyHead, what: string): string =>
  `${image}: ${path}${what}\nunder ${trace} (${part}, ${cpu})\n`;

function placeText({ place }: PageReport): string {
  const { node, type, storedBytes, expandedBytes, imageOffset, cblock, cnodeOffset, frame } = place;
  const where = imageOffset === null ? '' : ` at ${humanCount(imageOffset)} in flash`;
  const cblockText =
    cblock === undefined
      ? ''
      : `, cblock ${String(cblock)}${expandedBytes > 4096 ? `, ${humanCount(expandedBytes)} bytes expanded, this page at ${humanCount(cnodeOffset ?? 0)}` : ''}`;
  const frameText = frame === undefined ? '' : `, frame ${String(frame)}`;
  return `stored    ${STORAGE_WORDS[type]}, ${counted(storedBytes, 'byte')}${where}${cblockText}${frameText}, node ${String(node)}\n`;
}

function useText({ answer: { use } }: PageReport): string {
  if (use.lines === 0) return 'touched   never\n';
  const by = `by ${use.processes.length === 1 ? 'process' : 'processes'} ${ranges(use.processes)}`;
  const when = `in ${use.epochs.length === 1 ? 'epoch' : 'epochs'} ${ranges(use.epochs)}`;
  return `touched   ${counted(use.touches, 'time')} in ${counted(use.lines, 'line')} (${humanCount(use.reads)} read, ${humanCount(use.fetches)} fetch, ${humanCount(use.writes)} write) ${by} ${when}\n`;
}

function breakEvenText({ answer }: PageReport): string {
  const { breakEven, now, other } = answer;
  if (breakEven === undefined) return '';
  const { ledger } = now.type === 'xip' ? now : other;
  return breakEven.misses === undefined
    ? 'break-even: in place never loses, a line from flash costs no more than one from RAM\n'
    : `break-even: from ${humanCount(Math.round(breakEven.misses))} missed lines on RAM is faster; the page misses ${humanCount(ledger.missedLines.flash)}\n`;
}

/** One page, for a terminal. */
export function pageText(report: PageReport): string {
  const { page, pages, answer } = report;
  const { now, other, unit } = answer;
  const table = textTable(
    [
      { title: '', align: 'left' },
      { title: `now: ${STORAGE_WORDS[now.type]}`, align: 'right' },
      { title: `else: ${STORAGE_WORDS[other.type]}`, align: 'right' },
    ],
    WAY_ROWS.map(({ title, cell }) => [title, cell(now, unit), cell(other, unit)]),
  );
  return (
    headText(report, `, page ${String(page)} of ${String(pages)}`) +
    `\n${placeText(report)}${useText(report)}\n${table.join('\n')}\n\n` +
    `${breakEvenText(report)}${whySentence(answer)}\n`
  );
}

/** One page, for programs: exact numbers, whole ledgers. */
export const pageJson = (report: PageReport): string => {
  const { answer, ...head } = report;
  return `${JSON.stringify({ ...head, ...answer, sentence: whySentence(answer) }, null, 2)}\n`;
};

/** Pages in the table for people. */
const PAGES_SHOWN = 20;

/** A file's pages, the dearest first, for a terminal. */
export function fileText(report: FileReport): string {
  const { pages, unit } = report;
  const touched = pages
    .filter(({ lines }) => lines > 0)
    .sort((a, b) => b.cost.total - a.cost.total || a.page - b.page);
  const total = pages.reduce((sum, { cost }) => sum + cost.total, 0);
  const table = textTable(
    [
      { title: 'page', align: 'right' },
      { title: 'stored', align: 'left' },
      { title: 'bytes', align: 'right' },
      { title: 'lines', align: 'right' },
      { title: 'faults', align: 'right' },
      { title: 'fills', align: 'right' },
      { title: 'flash misses', align: 'right' },
      { title: 'RAM misses', align: 'right' },
      { title: 'cost', align: 'right' },
      { title: 'RAM at the peak', align: 'left' },
    ],
    touched
      .slice(0, PAGES_SHOWN)
      .map((row) => [
        String(row.page),
        STORAGE_WORDS[row.type],
        humanCount(row.storedBytes),
        humanCount(row.lines),
        humanCount(totalFaults(row.ledger)),
        humanCount(row.ledger.fills.pages),
        humanCount(row.ledger.missedLines.flash),
        humanCount(row.ledger.missedLines.ram),
        humanCost(unit, row.cost.total),
        ramText(row),
      ]),
  );
  const more = touched.length - PAGES_SHOWN;
  const [dearest] = touched;
  return (
    headText(report, `, ${counted(pages.length, 'page')}, ${humanCount(touched.length)} touched`) +
    (touched.length === 0 ? '' : `\n${table.join('\n')}\n`) +
    (more > 0 ? `and ${counted(more, 'page')} more that cost less\n` : '') +
    `\nall pages: ${humanCost(unit, total)}` +
    (dearest === undefined
      ? '\n'
      : `; for one of them ask for its offset, e.g. ${report.path}:${String(dearest.page * 4096)}\n`)
  );
}

/** A file's pages in their order, for programs. */
export const fileJson = (report: FileReport): string => `${JSON.stringify(report, null, 2)}\n`;
