/**
 * What `axfs tune` says: text for people, JSON with exact numbers, curves as SVG.
 *
 * @module
 */
import { toPrintable } from '../base/bytestring.ts';
import { paretoSvg, paretoText } from '../report/pareto.ts';
import type { ParetoCurve, ParetoPoint } from '../report/pareto.ts';
import { humanBytes, humanCount, humanMillions, humanNanoseconds } from '../report/sizes.ts';
import { textTable } from '../report/table.ts';
import { METRICS, METRIC_NAMES } from '../tune/budgets.ts';
import type { Metric } from '../tune/budgets.ts';
import type { CurvePoint } from '../tune/curves.ts';
import type { Compression } from '../tune/prepare.ts';
import type { BudgetState, ChipStep, Tuned } from '../tune/tune.ts';
import { counted } from './sizes.ts';

/** Names of what was tuned. */
export interface TuneNames {
  readonly tree: string;
  readonly trace: string;
  readonly traceLines: number;
  readonly part: string;
  /** Where the page list goes, if it goes anywhere. */
  readonly list?: string;
}

const titleOf = (metric: Metric): string =>
  METRICS.find(({ key }) => key === metric)?.title ?? metric;

/** A figure for people. */
function figureText({ prices }: Tuned, metric: Metric, value: number): string {
  if (metric !== 'time') return humanBytes(value);
  return prices.unit === 'ns' ? humanNanoseconds(value) : `${humanMillions(value)} instructions`;
}

const compressionText = ({ codec, cblockSize }: Compression): string =>
  `${codec}, cblocks of ${humanBytes(cblockSize)}`;

/** The whole report for people. */
export function tuneText(tuned: Tuned, names: TuneNames): string {
  const sections = [
    headLines(tuned, names),
    figureLines(tuned),
    budgetLines(tuned),
    chipLines(tuned),
    ...curvesOf(tuned).map((curve) => paretoText(curve)),
    useLines(tuned, names),
  ].filter((lines) => lines.length > 0);
  return `${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function headLines(tuned: Tuned, { tree, trace, traceLines, part }: TuneNames): string[] {
  const { design, isMet, objective, verifications } = tuned;
  const wanted = `least ${titleOf(objective)}`;
  const what = `${counted(design.result.xipPages, 'page')} in place, ${compressionText(design)}`;
  return [
    `${tree} under ${trace} (${counted(traceLines, 'line')}) on ${part}, ${tuned.prices.preset.name}`,
    isMet
      ? `Chosen for ${wanted}: ${what}.`
      : `The budgets cannot be met. The nearest design: ${what}.`,
    `Built and run${verifications > 1 ? `, ${String(verifications)} times with corrected estimates` : ''}: the figures below are measured.`,
  ];
}

function figureLines(tuned: Tuned): string[] {
  const { design, budgets } = tuned;
  const rows = METRIC_NAMES.map((metric) => {
    const budget = budgets.find((state) => state.metric === metric);
    const figure = design.figures[metric];
    const show = (value: number): string => figureText(tuned, metric, value);
    const off = figure === 0 ? 0 : (design.estimate[metric] / figure - 1) * 100;
    return [
      titleOf(metric),
      show(figure),
      budget === undefined ? '-' : show(budget.limit),
      budget === undefined ? '-' : slackText(budget, show),
      `${off.toFixed(2)} %`,
    ];
  });
  const columns = [
    { title: '', align: 'left' },
    { title: 'figure', align: 'right' },
    { title: 'budget', align: 'right' },
    { title: 'slack', align: 'right' },
    { title: 'estimate off by', align: 'right' },
  ] as const;
  return textTable(columns, rows);
}

const slackText = ({ slack }: BudgetState, show: (value: number) => string): string =>
  slack >= 0 ? show(slack) : `-${show(-slack)}`;

/** Which budget binds, or what is missing. */
function budgetLines(tuned: Tuned): string[] {
  const { budgets, isMet, objective, design } = tuned;
  if (isMet) {
    const binding = budgets.filter(({ objectiveWithout }) => objectiveWithout !== undefined);
    if (budgets.length === 0) return [];
    if (binding.length === 0)
      return [`No budget binds: ${titleOf(objective)} would be no less without.`];
    return binding.map(
      ({ metric, objectiveWithout = 0 }) =>
        `The ${titleOf(metric)} budget binds: without it ${titleOf(objective)} could be ${figureText(tuned, objective, objectiveWithout)} instead of ${figureText(tuned, objective, design.figures[objective])}.`,
    );
  }
  const lines = budgets.flatMap(({ metric, limit, least }) => {
    if (least === undefined || least <= limit) return [];
    const [more, all] = [least - limit, least].map((value) => figureText(tuned, metric, value));
    const kept = budgets.length > 1 ? 'the other budgets kept, by estimate' : 'by estimate';
    return [`${titleOf(metric)}: ${String(all)} would do, ${String(more)} more (${kept}).`];
  });
  return lines.length > 0 ? lines : ['No budget alone would have to be larger: several would.'];
}

function chipLines(tuned: Tuned): string[] {
  const { chips, design } = tuned;
  const chip =
    design.chip === undefined
      ? 'No chip that was asked for holds the image.'
      : `The smallest chip that holds the image: ${humanBytes(design.chip)}.`;
  if (chips.length < 2) return [chip];
  const columns = [
    { title: 'chip', align: 'right' },
    ...METRIC_NAMES.map((metric) => ({ title: titleOf(metric), align: 'right' }) as const),
    { title: 'best design in it, by estimate', align: 'left' },
  ] as const;
  const rows = chips.map(({ size, best }: ChipStep) => [
    humanBytes(size),
    ...METRIC_NAMES.map((metric) =>
      best === undefined ? '-' : figureText(tuned, metric, best.figures[metric]),
    ),
    best === undefined ? 'budgets cannot be met' : compressionText(best),
  ]);
  return [chip, ...textTable(columns, rows)];
}

/** The curves in the form of the report. */
function curvesOf(tuned: Tuned): ParetoCurve[] {
  const { curves, design } = tuned;
  return curves.map(({ metric, points, knee }) => {
    const label = (point: CurvePoint): string =>
      `${humanCount(point.xipPages)} in place, ${compressionText(point)}`;
    const drawn = new Map(
      points.map((point): [CurvePoint, ParetoPoint] => [
        point,
        { x: point.x, y: point.y, label: label(point) },
      ]),
    );
    return {
      title: `Flash against ${titleOf(metric)}, by estimate`,
      x: { title: 'flash', format: humanBytes },
      y: {
        title: titleOf(metric),
        format: (value: number) => figureText(tuned, metric, Math.max(0, value)),
      },
      points: [...drawn.values()],
      knee: knee === undefined ? undefined : drawn.get(knee),
      chosen: { x: design.figures.flash, y: design.figures[metric], label: 'chosen' },
    };
  });
}

function useLines({ design, isMet }: Tuned, { tree, list }: TuneNames): string[] {
  if (!isMet || list === undefined) return [];
  const { codec, cblockSize } = design;
  return [
    'Build it with',
    `  mkfs.axfs -i ${list} --cblock-size ${String(cblockSize)} --codec ${codec} ${tree} IMAGE`,
  ];
}

/** The curves as one SVG document. */
export const tuneSvg = (tuned: Tuned, { tree, trace, part }: TuneNames): string =>
  paretoSvg(`${tree} under ${trace} on ${part}, ${tuned.prices.preset.name}`, curvesOf(tuned));

/** Everything, exactly. Sizes in bytes, time in `unit`. */
export function tuneJson(tuned: Tuned, { list, ...names }: TuneNames): string {
  const { design, prices, isMet, objective, budgets, chips, curves, verifications } = tuned;
  const { profile, result, ...chosen } = design;
  const value = {
    ...names,
    cpu: prices.preset.name,
    unit: prices.unit,
    ...{ isMet, objective, verifications },
    design: {
      ...chosen,
      chip: chosen.chip ?? null,
      xipPages: result.xipPages,
      pages: profile.entries.map(({ path, offset, count }) => ({
        ...{ path: toPrintable(path), offset, count },
      })),
    },
    list: list ?? null,
    budgets,
    chips,
    curves: curves.map(({ metric, points, knee }) => ({ metric, points, knee: knee ?? null })),
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}
