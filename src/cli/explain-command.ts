/**
 * `axfs explain`: the answer as text or as JSON.
 *
 * @module
 */
import type { Command } from 'commander';
import { AxfsError } from '../base/errno.ts';
import type { Host } from '../host/host.ts';
import { humanCount } from '../report/sizes.ts';
import { textTable } from '../report/table.ts';
import type { TextColumn } from '../report/table.ts';
import { askedFor, explain } from './explain.ts';
import type { Explanation, PageExplanation } from './explain.ts';
import type { TableEntry } from './explain-place.ts';
import { SECOND_DEVICE, withImageFile } from './image-file.ts';
import type { SecondOption } from './image-file.ts';
import { counted } from './sizes.ts';

const HELP = `
OFFSET is a byte of the file, in decimal digits; without it, every page is explained. With
it, the bytes of the page are shown from that one on, with where it stands in the image.
A symbolic link at the end of PATH is explained itself.
`;

/** `axfs explain`. */
export function addExplain(program: Command, host: Host): void {
  program
    .command('explain')
    .description('Shows the way from a path to the bytes of a file, step by step.')
    .argument('<image>', 'image file')
    .argument('<path[:offset]>', 'file in the image, and a byte in it')
    .option('--json', 'as JSON')
    .option(...SECOND_DEVICE)
    .addHelpText('after', HELP)
    .action((image: string, path: string, options: SecondOption & { json?: true }) =>
      withImageFile(host, { ...options, image }, (volume) => {
        const answer = explain(volume, askedFor(volume, path));
        const write = options.json === true ? explanationJson : explanationText;
        let damaged = 0;
        const counting = function* (): Generator<PageExplanation> {
          for (const page of answer.pages) {
            if (page.error !== undefined) damaged += 1;
            yield page;
          }
        };
        for (const piece of write({ ...answer, pages: counting() })) host.terminal.out(piece);
        if (damaged > 0)
          throw new AxfsError(
            'EIO',
            `${answer.image}: ${answer.path}: ${counted(damaged, 'page')} damaged, expected none`,
          );
      }),
    );
}

/** The answer as one JSON value, piece by piece. */
export function* explanationJson({ pages, ...answer }: Explanation): Generator<string> {
  const [head = ''] = JSON.stringify(answer, null, 2).split(/\n\}$/);
  yield `${head},\n  "pages": [`;
  let separator = '\n';
  for (const page of pages) {
    yield `${separator}    ${JSON.stringify(page)}`;
    separator = ',\n';
  }
  yield separator === '\n' ? ']\n}\n' : '\n  ]\n}\n';
}

const left = (title: string): TextColumn => ({ title, align: 'left' });
const right = (title: string): TextColumn => ({ title, align: 'right' });

const indented = (lines: readonly string[]): string => lines.map((line) => `  ${line}\n`).join('');

/** Pages of one table: its columns are as wide as these need. */
const PAGES_PER_TABLE = 1024;

/** The answer for people, piece by piece. */
export function* explanationText(answer: Explanation): Generator<string> {
  const { image, path, steps, inode, type, entries, at } = answer;
  yield `${image}: ${path}\n`;
  yield indented(
    textTable(
      [left('path'), right('inode'), left('type'), left('leads to')],
      steps.map((step) => [step.path, String(step.inode), step.type, step.leads]),
    ),
  );
  yield `\ninode ${String(inode)}, a ${type}\n`;
  yield indented(
    entryTable(
      entries,
      entries.map(({ meaning }) => meaning),
    ),
  );
  if (answer.children !== undefined)
    yield `\nchildren: inodes from ${String(answer.children.first)} to ${String(answer.children.last)}\n`;
  if (answer.rdev !== undefined) {
    const { raw, major, minor } = answer.rdev;
    yield `\ndevice: raw 0x${raw.toString(16).padStart(4, '0')}, major ${String(major)}, minor ${String(minor)}\n`;
  }
  if (at !== undefined)
    yield `\nbyte ${String(at.offset)}: byte ${String(at.inPage)} of page ${String(at.page)}\n`;
  const pending: PageExplanation[] = [];
  for (const page of answer.pages) {
    pending.push(page);
    if (pending.length === PAGES_PER_TABLE) yield pageTable(pending.splice(0), at);
  }
  const [only] = pending;
  if (only !== undefined) yield pageTable(pending, at);
  if (at !== undefined && only?.error === undefined && only !== undefined)
    yield `\nlook-ups\n${indented(entryTable(only.entries))}`;
}

/** Table entries; `meanings` are one more column. */
function entryTable(
  entries: readonly TableEntry[],
  meanings?: readonly string[],
): readonly string[] {
  return textTable(
    [
      left('table'),
      right('entry'),
      right('value'),
      right('depth'),
      right('at'),
      left('bytes'),
      ...(meanings === undefined ? [] : [left('meaning')]),
    ],
    entries.map((entry, i) => [
      entry.table,
      String(entry.index),
      String(entry.value),
      String(entry.depth),
      placeText(entry),
      entry.bytes,
      ...(meanings === undefined ? [] : [meanings[i] ?? '']),
    ]),
  );
}

/** An offset in the image, or of each byte where they lie apart; behind a '+', in a region that is stored compressed. */
const placeText = (place: {
  readonly imageOffset: number | null;
  readonly regionOffset: number;
  readonly byteOffsets?: readonly number[];
}): string =>
  (place.imageOffset === null ? '+' : '') +
  (place.byteOffsets ?? [place.imageOffset ?? place.regionOffset]).join(',');

/** Where the byte asked for stands. */
const byteText = (page: PageExplanation | undefined): string =>
  page === undefined || page.error !== undefined
    ? ''
    : page.byteOffset === null
      ? '\nthe byte itself is not in the image: it is stored compressed\n'
      : `\nthe byte is at ${String(page.byteOffset)} in the image\n`;

const PAGE_COLUMNS: readonly TextColumn[] = [
  right('page'),
  right('node'),
  left('type'),
  right('index'),
  right('cblock'),
  right('in it'),
  right('stored at'),
  right('bytes'),
  right('expanded'),
  right('frame'),
  left('first bytes'),
];

const optional = (value: number | undefined): string => (value === undefined ? '' : String(value));

function pageTable(pages: readonly PageExplanation[], at: Explanation['at']): string {
  const rows = pages.map((page): readonly string[] =>
    page.error !== undefined
      ? [String(page.page), String(page.node), 'damaged']
      : [
          String(page.page),
          String(page.node),
          page.type,
          String(page.index),
          optional(page.cblock),
          optional(page.cnodeOffset),
          placeText(page),
          humanCount(page.storedBytes),
          humanCount(page.expandedBytes),
          optional(page.frame),
          page.firstBytes,
        ],
  );
  const errors = pages.flatMap(({ page, error }) =>
    error === undefined ? [] : [`page ${String(page)}: ${error}`],
  );
  const columns =
    at === undefined
      ? PAGE_COLUMNS
      : [...PAGE_COLUMNS.slice(0, -1), left(`bytes from ${String(at.inPage)} on`)];
  return `\npages\n${indented(textTable(columns, rows))}${indented(errors)}${at === undefined ? '' : byteText(pages[0])}`;
}
