/**
 * What the statement `show` prints: views of a world for people.
 *
 * @module
 */
import { formatMaps } from '../mm/maps.ts';
import type { MmStruct } from '../mm/mm.ts';
import { formatSmaps } from '../mm/smaps.ts';
import type { Arguments } from './arguments.ts';
import { frameState, taskState, vmaState, worldState } from './state.ts';
import type { FrameState, PteState } from './state.ts';
import { ColumnError } from './syntax.ts';
import type { LabWorld } from './world.ts';

const hex = (value: number): string => `0x${value.toString(16)}`;

const SHOWN_BITS = ['write', 'dirty', 'young', 'exec', 'special'] as const;

/** One line of an entry. */
export function pteLine(address: number, pte: PteState): string {
  const where = pte.kind === 'swap' ? `slot ${String(pte.pfn)}` : `pfn ${hex(pte.pfn)}`;
  const bits = SHOWN_BITS.filter((bit) => pte[bit]).join(' ');
  return `${hex(address)}  ${pte.kind.padEnd(4)}  ${where.padEnd(12)}  ${bits}`.trimEnd();
}

const frameLine = ({ pfn, use, count, map, flags }: FrameState): string =>
  `pfn ${hex(pfn)}  ${use}  count ${String(count)}  map ${String(map)}  ${flags.join(' ')}`.trimEnd();

function showPtes(_args: Arguments, _world: LabWorld, mm: MmStruct): string {
  return [...mm.vmas]
    .flatMap((vma) => {
      const state = vmaState(vma);
      return [
        `${hex(state.start)}-${hex(state.end)}  ${state.file ?? 'anonymous'}  pgoff ${hex(state.pgoff)}  ${state.flagNames.join(' ')}`,
        ...state.ptes.map((pte) => `  ${pteLine(pte.address, pte)}`),
      ];
    })
    .join('\n');
}

function showPages(args: Arguments, world: LabWorld, mm: MmStruct): string {
  const word = args.optional();
  if (word === undefined) return worldState(world).frames.map(frameLine).join('\n');
  const page = world.page(mm, word);
  return page === undefined ? `${word.text}: no struct page` : frameLine(frameState(world, page));
}

function showTasks(_args: Arguments, world: LabWorld): string {
  return [...world.tasks]
    .map(([name, mm]) => {
      const task = taskState(name, mm);
      return `${name}  ${task.state}  file ${String(task.file)}  anon ${String(task.anon)}  swap ${String(task.swap)}  locked ${String(task.locked)}  minflt ${String(task.minflt)}  majflt ${String(task.majflt)}`;
    })
    .join('\n');
}

/** What can be shown, and how. */
export const VIEWS = {
  maps: {
    summary: '/proc/<pid>/maps of the task',
    show: (_args, _world, mm) => formatMaps(mm).trimEnd(),
  },
  smaps: {
    summary: '/proc/<pid>/smaps of the task',
    show: (_args, _world, mm) => formatSmaps(mm).trimEnd(),
  },
  ptes: { summary: 'mappings of the task and their page-table entries', show: showPtes },
  pages: { summary: 'struct pages: all that are in use, or one by name', show: showPages },
  tasks: { summary: 'tasks with their counters', show: showTasks },
  reports: {
    summary: 'what the kernel has reported',
    show: (_args, world) =>
      world.reports
        .map(({ kind, function: name, rule }) => `${kind} in ${name}: not true: ${rule}`)
        .join('\n'),
  },
} as const satisfies Readonly<
  Record<
    string,
    {
      readonly summary: string;
      readonly show: (args: Arguments, world: LabWorld, mm: MmStruct) => string;
    }
  >
>;

/** Text of a view. @throws ColumnError */
export function showView(args: Arguments, world: LabWorld, mm: MmStruct): string {
  const word = args.next('a view');
  if (!Object.hasOwn(VIEWS, word.text))
    throw new ColumnError(
      word.column,
      `'${word.text}' cannot be shown, expected ${Object.keys(VIEWS).join(' or ')}`,
    );
  const text = VIEWS[word.text as keyof typeof VIEWS].show(args, world, mm);
  args.finish();
  return text === '' ? '(nothing)' : text;
}
