/**
 * What a choice of pages says of itself: a CSV with one line for every page and for every line of the list
 * that means none, and a few lines of text.
 *
 * @module
 */
import { toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { PAGE_SIZE } from '../base/units.ts';
import { CHOICE_REASONS } from '../mkfs/choose.ts';
import type { Choice, ChoiceReason } from '../mkfs/choose.ts';
import type { UnclearLine } from '../mkfs/profile-forms.ts';
import { humanBytes, humanCount } from '../report/sizes.ts';
import { counted } from './sizes.ts';

const HEADER = 'path,offset,count,stored,added,decision,reason';

/** Pages and bytes of flash, by reason. */
export type ChoiceTotals = Readonly<
  Record<ChoiceReason, { readonly pages: number; readonly added: number }>
>;

/** Sums a choice. */
export function totalsOf({ decisions }: Choice): ChoiceTotals {
  const totals = Object.fromEntries(
    Object.keys(CHOICE_REASONS).map((reason) => [reason, { pages: 0, added: 0 }]),
  ) as Record<ChoiceReason, { pages: number; added: number }>;
  for (const { reason, added, isTwin } of decisions) {
    totals[reason].pages += 1;
    if (!isTwin) totals[reason].added += added;
  }
  return totals;
}

/**
 * The CSV: the best page first. `stored` is what the page takes when it is not in place, `added` what it
 * takes more in place; both are empty where nobody measured. Fields with commas, quotes or line ends are
 * quoted (RFC 4180).
 */
export function choiceCsv(choice: Choice, unclear: readonly UnclearLine[]): ByteString {
  const rows = choice.decisions.map(({ path, page, count, stored, added, reason, isTwin }) => [
    ...[field(path), page * PAGE_SIZE, count],
    ...(stored === undefined ? ['', ''] : [stored, isTwin ? 0 : added]),
    ...[CHOICE_REASONS[reason].isTaken ? 'taken' : 'left', reason],
  ]);
  const lines = unclear.map(({ path, offset, count, files }) => [
    ...[field(path), offset, count, '', '', 'left'],
    files.length === 0 ? 'no-page' : field(`ambiguous: ${files.join(' ')}`),
  ]);
  return [[HEADER], ...rows, ...lines].map((row) => `${row.join(',')}\n`).join('') as ByteString;
}

const field = (text: string): string =>
  /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

/** Lines for people, in the form of the builder's summary. */
export function choiceText(choice: Choice, unclear: readonly UnclearLine[]): string {
  const totals = totalsOf(choice);
  const reasons = Object.keys(totals) as ChoiceReason[];
  const sum = (isTaken: boolean): number =>
    reasons
      .filter((reason) => CHOICE_REASONS[reason].isTaken === isTaken)
      .reduce((pages, reason) => pages + totals[reason].pages, 0);
  const left = reasons
    .filter((reason) => !CHOICE_REASONS[reason].isTaken && totals[reason].pages > 0)
    .map((reason) => `${humanCount(totals[reason].pages)} ${CHOICE_REASONS[reason].text}`);
  const isMeasured = choice.decisions.some(({ stored }) => stored !== undefined);
  const spent = isMeasured
    ? `, ${counted(choice.spent, 'byte')} of flash more than compressed (${humanBytes(choice.spent)})`
    : '';
  const budget = choice.budget === undefined ? '' : ` of ${humanCount(choice.budget)} allowed`;
  const ambiguous = unclear.filter(({ files }) => files.length > 0).length;
  const rows = [
    [
      'chosen',
      `${humanCount(sum(true))} of ${counted(choice.decisions.length, 'page')}${spent}${budget}`,
    ],
    ...(left.length === 0 ? [] : [['left', left.join(', ')]]),
    ...(unclear.length === 0
      ? []
      : [
          [
            'lines',
            `${humanCount(unclear.length - ambiguous)} without a page in the tree, ${humanCount(ambiguous)} ambiguous`,
          ],
        ]),
  ];
  return rows.map(([label = '', text = '']) => `${label.padEnd(8)} ${text}\n`).join('');
}

/** One line on lines that may mean several files, if there are any. */
export function ambiguousText(ambiguous: readonly UnclearLine[], name: string): string | undefined {
  const [first] = ambiguous;
  if (first === undefined) return undefined;
  return (
    `${name}: ${counted(ambiguous.length, 'line')} may mean more than one file and ` +
    `${ambiguous.length === 1 ? 'selects' : 'select'} none, first line ${String(first.line)}: ` +
    `${toPrintable(first.path)},${String(first.offset)}: ${first.files.map(toPrintable).join(' or ')}`
  );
}
