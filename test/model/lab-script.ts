/**
 * Operations on a world as a script of `axfs lab`, so that what a random test found can be looked at, step by
 * step, and be kept.
 *
 * @module
 */
import type { FileSpec, FrameName, Operation, WorldSpec } from './contract.ts';

const hex = (value: number): string => `0x${value.toString(16)}`;
const file = (number: number): string => `f${String(number)}`;
const page = (number: number): string => `p${String(number)}`;
const frame = (name: FrameName): string => ('flash' in name ? hex(name.flash) : page(name.page));
const flag = (name: string, isSet: boolean): string => (isSet ? ` ${name}` : '');

/** Letters of an AXFS file, in the set-up. */
const lettersOf = ({ pages }: Extract<FileSpec, { kind: 'axfs' }>): string =>
  pages.map((kind) => (kind === 'xip' ? 'x' : 'c')).join('');

function deviceLine(spec: FileSpec, number: number): readonly string[] {
  if (spec.kind === 'axfs') return [];
  if (spec.kind === 'cached')
    return [`device ${file(number)} cached pages=${String(spec.pages)} readahead=1 writable=yes`];
  const options = `flags=${spec.flags} fault=${spec.fault} writable=${spec.writable ? 'yes' : 'no'}`;
  const base = hex(0x36000 + number * 0x100);
  return [`device ${file(number)} test ${options} pages=${String(spec.pages)} base=${base}`];
}

/** Names of tasks: a number that is used again is another task. */
class TaskNames extends Map<number, string> {
  forks = 0;
}

/** One operation. */
function operationLine(o: Operation, { files }: WorldSpec, names: TaskNames): string {
  const task = (number: number): string => names.get(number) ?? 'main';
  const by = 'task' in o && o.task !== 0 ? `${task(o.task)}: ` : '';
  const range = 'at' in o && 'pages' in o ? `${hex(o.at)} pages=${String(o.pages)}` : '';
  const at = 'at' in o ? hex(o.at) : '';
  switch (o.op) {
    case 'mmap': {
      const what = o.file === undefined ? 'anon' : file(o.file);
      const offset = o.pgoff === undefined ? '' : ` offset=${String(o.pgoff)}`;
      return `${by}mmap m ${what} pages=${String(o.pages)}${offset} prot=${o.prot}${flag('shared', o.shared && o.file !== undefined)} at=${at}`;
    }
    case 'access':
      return `${by}${o.access} ${at}${o.access === 'write' ? ` value=${String(o.value ?? 0)}` : ''}`;
    case 'insertPage':
      return `${by}insert-page ${at} ${page(o.page)} vma=${hex(o.vma)} lock=${o.lock}`;
    case 'insertPfn':
      return `${by}insert-pfn ${at} ${frame(o.frame)} vma=${hex(o.vma)}`;
    case 'insertMixed':
      return `${by}insert-mixed ${at} ${frame(o.frame)} vma=${hex(o.vma)}${flag('mkwrite', o.mkwrite)}`;
    case 'remap':
      return `${by}remap ${at} ${hex(o.flash)} pages=${String(o.pages)} vma=${hex(o.vma)}`;
    case 'allocPage':
      return `page ${page(o.id)} fill=${String(o.value)}`;
    case 'putPage':
      return `put-page ${page(o.id)}`;
    case 'fork':
      names.set(o.child, `t${String(names.forks)}`);
      names.forks += 1;
      return `${by}fork ${task(o.child)}`;
    case 'exit':
      return `${by}exit`;
    case 'munmap':
    case 'mlock':
    case 'munlock':
      return `${by}${o.op} ${range}`;
    case 'mprotect':
      return `${by}mprotect ${range} prot=${o.prot}`;
    case 'mremap':
      return `${by}mremap ${range} to-pages=${String(o.newPages)}${o.to === undefined ? '' : ` to=${hex(o.to)}`}`;
    case 'madvise':
      return `${by}madvise ${range} ${o.advice}`;
    case 'gup':
      return `${by}gup ${at}${flag('write', o.write)}${flag('force', o.force)} as=g${String(o.id)}`;
    case 'gupPut':
      return `put-page g${String(o.id)}`;
    case 'unmapMapping':
      return `unmap ${file(o.file)} page=${String(o.pgoff)} pages=${String(o.pages)}${flag('even-cows', o.evenCows)}`;
    case 'truncate':
      return `truncate ${file(o.file)} pages=${String(o.pages)}`;
    case 'read':
      return files[o.file]?.kind === 'axfs'
        ? `pread ${file(o.file)} page=${String(o.pgoff)}`
        : `action ${file(o.file)} read offset=${String(o.pgoff * 4096)}`;
    case 'reclaimFilePage':
      return `shrink ${file(o.file)}:${String(o.pgoff)}`;
    case 'reclaimAnonPage':
      return `${by}shrink ${at}`;
    case 'mincore':
      return `${by}mincore ${at} pages=1`;
  }
}

/**
 * A script that performs the operations on the preset of the world. Frames have other numbers there, and the
 * pages of AXFS files lie one behind the other; kinds, counts and results are the same.
 */
export function labScript(spec: WorldSpec, operations: readonly Operation[]): string {
  const names = new TaskNames();
  const used = new Set(operations.flatMap((o) => ('file' in o ? [o.file] : [])));
  const files = spec.files
    .map((row, number) => ({ row, number }))
    .filter(({ number }) => used.has(number));
  return [
    '# Found by random operations.',
    `presets ${spec.preset}`,
    ...(spec.debugVm ? ['debug-vm'] : []),
    `ram pages=${String(spec.ramFrames + 64)} page-tables=no`,
    ...(spec.swapSlots > 0 ? [`swap slots=${String(spec.swapSlots)}`] : []),
    ...files.flatMap(({ row, number }) =>
      row.kind === 'axfs' ? [`file ${file(number)} ${lettersOf(row)}`] : [],
    ),
    ...files.flatMap(({ row, number }) => deviceLine(row, number)),
    ...operations.map((operation) => operationLine(operation, spec, names)),
    'show tasks',
    'show ptes',
    'show pages',
    '',
  ].join('\n');
}
