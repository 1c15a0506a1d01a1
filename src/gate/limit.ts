/**
 * Limits of budgets: numbers with the units that their metric is measured in.
 *
 * @module
 */

/** What a metric is measured in. Times are in ns, instructions are counted. */
export type MetricKind = 'bytes' | 'count' | 'time' | 'instructions';

/** How a measured value is compared with a limit. */
export const OPERATORS = {
  '<=': (value: number, limit: number): boolean => value <= limit,
  '<': (value: number, limit: number): boolean => value < limit,
  '>=': (value: number, limit: number): boolean => value >= limit,
  '>': (value: number, limit: number): boolean => value > limit,
  '==': (value: number, limit: number): boolean => value === limit,
  '!=': (value: number, limit: number): boolean => value !== limit,
} as const;

/** One of {@link OPERATORS}. */
export type Operator = keyof typeof OPERATORS;

interface KindRule {
  /** Factors by unit; '' is a number without unit. */
  readonly units: Readonly<Record<string, number>>;
  /** For messages. */
  readonly expected: string;
  readonly whole: boolean;
  /** A sum of products: exactly equal to nothing in particular. */
  readonly inexact: boolean;
}

const KIB = 1024;

const RULES: Readonly<Record<MetricKind, KindRule>> = {
  bytes: {
    units: { B: 1, KiB: KIB, MiB: KIB ** 2, GiB: KIB ** 3, K: KIB, M: KIB ** 2, G: KIB ** 3 },
    expected: 'a size with its unit, B, KiB, MiB or GiB, such as 6MiB',
    whole: true,
    inexact: false,
  },
  count: {
    units: { '': 1 },
    expected: 'a whole number without unit, such as 100',
    whole: true,
    inexact: false,
  },
  time: {
    units: { '': 1e6, ns: 1, us: 1e3, ms: 1e6, s: 1e9 },
    expected: 'milliseconds, or a time in ns, us, ms or s, such as 400 or 0.4s',
    whole: false,
    inexact: true,
  },
  instructions: {
    units: { '': 1, M: 1e6 },
    expected: 'a number of instructions, or of millions with M, such as 20M',
    whole: false,
    inexact: true,
  },
};

/** A limit that was read, or what is wrong with it. */
export type ParsedLimit =
  { readonly value: number } | { readonly problem: string; readonly expected: string };

const NUMBER = /^([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z%]*)$/;

/** Reads `6MiB`, `400`, `0.4s` for a metric of this kind. */
export function parseLimit(text: string, kind: MetricKind, operator: Operator): ParsedLimit {
  const { units, expected, whole, inexact } = RULES[kind];
  const wrong = (problem: string): ParsedLimit => ({ problem, expected });
  const [, digits = '', unit = ''] = NUMBER.exec(text) ?? [];
  if (digits === '') return wrong(`limit is '${text}'`);
  const number = Number(digits);
  if (inexact && (operator === '==' || operator === '!='))
    return { problem: `operator is '${operator}'`, expected: '<=, <, >= or > for a sum of prices' };
  // Nothing is the same in every unit.
  const factor = Object.hasOwn(units, unit)
    ? units[unit]
    : number === 0 && unit === ''
      ? 1
      : undefined;
  if (factor === undefined)
    return wrong(unit === '' ? `limit '${text}' has no unit` : `limit '${text}' is in '${unit}'`);
  const value = number * factor;
  if (
    !Number.isFinite(value) ||
    value > Number.MAX_SAFE_INTEGER ||
    (whole && !Number.isInteger(value))
  )
    return wrong(`limit '${text}' is ${String(value)}`);
  return { value };
}
