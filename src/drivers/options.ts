/**
 * Options of drivers and of their actions: tables of rows, and the one parser that turns `option=value` texts
 * into typed values. A wrong option is an error that names it and what is expected.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import { pfn, type Pfn } from '../base/units.ts';

interface Row {
  /** What it is, with its unit, as a phrase for lists. */
  readonly purpose: string;
}

/** A whole number of `unit`, decimal or 0x…, within bounds. */
export interface NumberRow extends Row {
  readonly kind: 'number';
  readonly unit: string;
  readonly default: number;
  readonly min: number;
  readonly max: number;
}

/** A page frame number, decimal or 0x…. */
export interface PfnRow extends Row {
  readonly kind: 'pfn';
  readonly default: number;
}

/** `yes` or `no`. */
export interface SwitchRow extends Row {
  readonly kind: 'switch';
  readonly default: boolean;
}

/** One word of several. */
export interface ChoiceRow<Choice extends string = string> extends Row {
  readonly kind: 'choice';
  readonly choices: readonly Choice[];
  readonly default: NoInfer<Choice>;
}

/** Page numbers: `0,2,5-7`, `even`, `odd`, `all` or `none`. */
export interface PageSetRow extends Row {
  readonly kind: 'page_set';
  readonly default: string;
}

/** One option. */
export type OptionRow = NumberRow | PfnRow | SwitchRow | ChoiceRow | PageSetRow;

/** Options by name. */
export type OptionTable = Readonly<Record<string, OptionRow>>;

/** True for the pages of a set. */
export type PageSet = (index: number) => boolean;

/** What a row's text becomes. */
export type OptionValue<R extends OptionRow> = R extends NumberRow
  ? number
  : R extends PfnRow
    ? Pfn
    : R extends SwitchRow
      ? boolean
      : R extends ChoiceRow<infer Choice>
        ? Choice
        : PageSet;

/** Values of all options of a table. */
export type OptionValues<T extends OptionTable> = {
  readonly [Name in keyof T]: OptionValue<T[Name]>;
};

/** Texts as a script line or a command line has them. */
export type OptionTexts = Readonly<Record<string, string>>;

/** Rows, short to write. */
export const number = (
  purpose: string,
  unit: string,
  initial: number,
  [min, max]: readonly [number, number],
): NumberRow => ({ kind: 'number', purpose, unit, default: initial, min, max });
export const frame = (purpose: string, initial: number): PfnRow => ({
  kind: 'pfn',
  purpose,
  default: initial,
});
export const yesOrNo = (purpose: string, initial: boolean): SwitchRow => ({
  kind: 'switch',
  purpose,
  default: initial,
});
export const choice = <const Choice extends string>(
  purpose: string,
  choices: readonly Choice[],
  initial: NoInfer<Choice>,
): ChoiceRow<Choice> => ({ kind: 'choice', purpose, choices, default: initial });
export const pageSet = (purpose: string, initial: string): PageSetRow => ({
  kind: 'page_set',
  purpose,
  default: initial,
});

/** What an option may be, for error messages and lists. */
export function expectationOf(row: OptionRow): string {
  switch (row.kind) {
    case 'number':
      return `a whole number of ${row.unit} from ${String(row.min)} to ${String(row.max)}`;
    case 'pfn':
      return 'a page frame number such as 0x34000';
    case 'switch':
      return 'yes or no';
    case 'choice':
      return `one of ${row.choices.join(', ')}`;
    case 'page_set':
      return 'page numbers such as 0,2,5-7, or even, odd, all, none';
  }
}

const wholeNumber = (text: string): number | undefined =>
  /^(0x[0-9a-f]+|[0-9]+)$/i.test(text) && Number.isSafeInteger(Number(text))
    ? Number(text)
    : undefined;

const NAMED_PAGE_SETS: Readonly<Record<string, PageSet>> = {
  all: () => true,
  none: () => false,
  even: (index) => index % 2 === 0,
  odd: (index) => index % 2 === 1,
};

function parsePageSet(text: string): PageSet | undefined {
  if (Object.hasOwn(NAMED_PAGE_SETS, text)) return NAMED_PAGE_SETS[text];
  if (!/^\d{1,9}(-\d{1,9})?(,\d{1,9}(-\d{1,9})?)*$/.test(text)) return undefined;
  const ranges = text.split(',').map((part) => {
    const [first, last] = part.split('-').map(Number);
    return { first: first ?? 0, last: last ?? first ?? 0 };
  });
  if (ranges.some(({ first, last }) => last < first)) return undefined;
  return (index) => ranges.some(({ first, last }) => index >= first && index <= last);
}

/** Value of a text, or undefined when it is not what the row expects. */
function parseText(row: OptionRow, text: string): OptionValue<OptionRow> | undefined {
  switch (row.kind) {
    case 'number': {
      const value = wholeNumber(text);
      return value !== undefined && value >= row.min && value <= row.max ? value : undefined;
    }
    case 'pfn': {
      const value = wholeNumber(text);
      return value === undefined ? undefined : pfn(value);
    }
    case 'switch':
      return text === 'yes' || text === 'no' ? text === 'yes' : undefined;
    case 'choice':
      return row.choices.includes(text) ? text : undefined;
    case 'page_set':
      return parsePageSet(text);
  }
}

/** The default as a user would have typed it. */
export const defaultText = (row: OptionRow): string =>
  row.kind === 'switch'
    ? row.default
      ? 'yes'
      : 'no'
    : row.kind === 'pfn'
      ? `0x${row.default.toString(16)}`
      : String(row.default);

/**
 * Values of all options of `table`, defaults for those without text. `owner` is whose options they are, as in
 * `device kind test`.
 *
 * @throws AxfsError EINVAL naming the option and what is expected.
 */
export function parseOptions<T extends OptionTable>(
  owner: string,
  table: T,
  texts: OptionTexts,
): OptionValues<T> {
  for (const name of Object.keys(texts))
    if (!Object.hasOwn(table, name)) {
      const names = Object.keys(table);
      throw new AxfsError(
        'EINVAL',
        `${owner}: no option '${name}', expected ${names.length === 0 ? 'none' : names.join(', ')}`,
      );
    }
  const values = Object.entries(table).map(([name, row]) => {
    const text = Object.hasOwn(texts, name) ? (texts[name] ?? '') : defaultText(row);
    const value = parseText(row, text);
    if (value === undefined)
      throw new AxfsError(
        'EINVAL',
        `${owner}: option '${name}' is '${text}', expected ${expectationOf(row)}`,
      );
    return [name, value];
  });
  return Object.fromEntries(values) as OptionValues<T>;
}
