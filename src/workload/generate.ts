/**
 * Made-up workloads over real files: a boot, launches of programs, then steady work. Everything is drawn from
 * seeded streams, one for each phase, so that a phase does not change when another one's options do. None of
 * the distributions is measured: they are for studying how designs react, not for numbers of a product.
 *
 * boot    process 1 touches `pages` different pages: sequential runs from pages drawn evenly over all files,
 *         lengths 1 + geometric with mean `runLength`, not over the end of a file; 64 pages an epoch.
 * launch  `processes` processes, one after the other, each an epoch: a program drawn by Zipf over the
 *         executable files (over all, if none is) in random order, then `pages` pages of it in such runs.
 * steady  `epochs` epochs of `touches` touches: a launched process drawn evenly (process 1, if none), and a
 *         page drawn by Zipf with `exponent` over all pages in random order.
 * A page is writable data with probability `writeShare`, in every phase and process the same: its touches read
 * and write. Touches of other pages fetch in executable files, and read elsewhere. A touch counts once for
 * each access and a geometric number of times more, with mean `TOUCHES_MEAN`.
 *
 * @module
 */
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import { createRandom } from '../base/random.ts';
import type { Random } from '../base/random.ts';
import { PAGE_SIZE } from '../base/units.ts';
import type { TraceAccess } from './access.ts';
import { TouchLog } from './touch-log.ts';
import type { Trace } from './trace.ts';
import { createZipf, shuffled } from './zipf.ts';

/** A file that a workload may touch. */
export interface WorkloadFile {
  readonly path: ByteString;
  /** Bytes. */
  readonly size: number;
  readonly executable: boolean;
}

/** What to make. */
export interface WorkloadOptions {
  readonly seed: number;
  readonly boot: { readonly pages: number };
  readonly launch: { readonly processes: number; readonly pages: number };
  readonly steady: { readonly epochs: number; readonly touches: number };
  /** Mean length of sequential runs, pages; at least 1. */
  readonly runLength: number;
  /** Zipf's exponent, of programs and pages. */
  readonly exponent: number;
  /** Share of pages that are written, 0 to 1. */
  readonly writeShare: number;
}

/** What is made unless told. */
export const WORKLOAD_DEFAULTS: Omit<WorkloadOptions, 'seed'> = {
  boot: { pages: 500 },
  launch: { processes: 10, pages: 100 },
  steady: { epochs: 20, touches: 200 },
  runLength: 8,
  exponent: 1,
  writeShare: 0.05,
};

/** Mean of touches beyond the first of each access. */
export const TOUCHES_MEAN = 99;
/** Different pages of a boot in one epoch. */
export const BOOT_EPOCH_PAGES = 64;

/** Random streams, by what they are for. */
const STREAMS = { boot: 1, launch: 2, steady: 3, writable: 4, order: 5 } as const;

/** Pages of all files, numbered through. */
class PageSpace {
  readonly total: number;
  readonly files: readonly WorkloadFile[];
  readonly #starts: readonly number[];

  constructor(files: readonly WorkloadFile[]) {
    this.files = files.filter(({ size }) => size > 0);
    const starts: number[] = [];
    let total = 0;
    for (const file of this.files) {
      starts.push(total);
      total += pagesOf(file);
    }
    this.#starts = starts;
    this.total = total;
  }

  /** Number of the file's first page. */
  start(file: number): number {
    return this.#starts[file] ?? 0;
  }

  /** The file that page `page` belongs to. */
  fileAt(page: number): number {
    let [low, high] = [0, this.#starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.start(middle) <= page) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

const pagesOf = ({ size }: WorkloadFile): number => Math.ceil(size / PAGE_SIZE);

/** Makes one workload. */
class WorkloadMaker {
  readonly #log = new TouchLog();
  readonly #space: PageSpace;
  readonly #options: WorkloadOptions;
  readonly #writable = new Map<number, boolean>();
  #epoch = -1;

  constructor(space: PageSpace, options: WorkloadOptions) {
    this.#space = space;
    this.#options = options;
  }

  make(): TouchLog {
    this.#boot();
    const pids = this.#launch();
    this.#steady(pids);
    return this.#log;
  }

  #boot(): void {
    const { total } = this.#space;
    const random = this.#stream('boot');
    const wanted = Math.min(this.#options.boot.pages, total);
    const seen = new Set<number>();
    while (seen.size < wanted) {
      for (const page of this.#run(random.below(total), random)) {
        if (seen.has(page) || seen.size === wanted) continue;
        if (seen.size % BOOT_EPOCH_PAGES === 0) this.#epoch += 1;
        seen.add(page);
        this.#touch(1, page, random);
      }
    }
  }

  /** The launched processes. */
  #launch(): readonly number[] {
    const { processes, pages } = this.#options.launch;
    const random = this.#stream('launch');
    const { files } = this.#space;
    const numbers = files.map((_, i) => i);
    const executables = numbers.filter((i) => files[i]?.executable === true);
    const programs = executables.length > 0 ? executables : numbers;
    const order = shuffled(programs.length, this.#stream('launch', STREAMS.order));
    const zipf = createZipf(programs.length, this.#options.exponent);
    const pids: number[] = [];
    for (let k = 0; k < processes; k += 1) {
      this.#epoch += 1;
      const program = programs[order[zipf.draw(random)] ?? 0] ?? 0;
      const pid = k + 2;
      this.#launchOne(pid, program, pages, random);
      pids.push(pid);
    }
    return pids;
  }

  #launchOne(pid: number, program: number, pages: number, random: Random): void {
    const file = this.#space.files[program];
    const size = file === undefined ? 1 : pagesOf(file);
    for (let left = pages; left > 0;) {
      const start = this.#space.start(program) + random.below(size);
      for (const page of this.#run(start, random)) {
        if (left === 0) break;
        left -= 1;
        this.#touch(pid, page, random);
      }
    }
  }

  #steady(pids: readonly number[]): void {
    const { epochs, touches } = this.#options.steady;
    if (epochs === 0 || touches === 0) return;
    const random = this.#stream('steady');
    const order = shuffled(this.#space.total, this.#stream('steady', STREAMS.order));
    const zipf = createZipf(this.#space.total, this.#options.exponent);
    for (let epoch = 0; epoch < epochs; epoch += 1) {
      this.#epoch += 1;
      for (let touch = 0; touch < touches; touch += 1) {
        const pid = pids[random.below(Math.max(1, pids.length))] ?? 1;
        this.#touch(pid, order[zipf.draw(random)] ?? 0, random);
      }
    }
  }

  /** Pages of a sequential run from `start` on, within its file. */
  *#run(start: number, random: Random): Generator<number> {
    const file = this.#space.fileAt(start);
    const found = this.#space.files[file];
    const end = this.#space.start(file) + (found === undefined ? 0 : pagesOf(found));
    const length = 1 + random.gap(1 / this.#options.runLength);
    for (let page = start; page < Math.min(end, start + length); page += 1) yield page;
  }

  #touch(pid: number, page: number, random: Random): void {
    const number = this.#space.fileAt(page);
    const file = this.#space.files[number];
    if (file === undefined) return;
    const accesses: readonly TraceAccess[] = this.#isWritable(page)
      ? ['read', 'write']
      : [file.executable ? 'exec' : 'read'];
    this.#log.add({
      ...{ pid, epoch: this.#epoch, path: file.path, accesses },
      page: page - this.#space.start(number),
      count: accesses.length + random.gap(1 / (1 + TOUCHES_MEAN)),
    });
  }

  #isWritable(page: number): boolean {
    let known = this.#writable.get(page);
    if (known === undefined) {
      known = this.#stream('writable', page).chance(this.#options.writeShare);
      this.#writable.set(page, known);
    }
    return known;
  }

  #stream(of: keyof typeof STREAMS, part = 0): Random {
    return createRandom(this.#options.seed, STREAMS[of], part);
  }
}

/**
 * Makes a workload over `files`.
 *
 * @throws AxfsError EINVAL when no file has a page, an option is out of its range, or nothing is touched.
 */
export function generateWorkload(
  files: readonly WorkloadFile[],
  options: WorkloadOptions,
  name = 'generated',
): Trace {
  checkOptions(options);
  const space = new PageSpace(files);
  if (space.total === 0)
    throw new AxfsError('EINVAL', `${name}: no file has a page, expected files with content`);
  const { lines } = new WorkloadMaker(space, options).make();
  if (lines.length === 0)
    throw new AxfsError(
      'EINVAL',
      `${name}: nothing is touched: pages of boot, launch and steady are all 0`,
    );
  return { name, lines };
}

function checkOptions(options: WorkloadOptions): void {
  const { seed, boot, launch, steady, runLength, exponent, writeShare } = options;
  const whole = {
    seed,
    boot: boot.pages,
    launches: launch.processes,
    'launch pages': launch.pages,
  };
  const numbers = { ...whole, epochs: steady.epochs, touches: steady.touches };
  for (const [what, value] of Object.entries(numbers))
    if (!Number.isSafeInteger(value) || value < 0)
      throw new AxfsError('EINVAL', `${what} is ${String(value)}, expected a whole number from 0`);
  const ranges = [
    ['run length', runLength, 1, 1e6],
    ['exponent', exponent, 0, 10],
    ['write share', writeShare, 0, 1],
  ] as const;
  for (const [what, value, low, high] of ranges)
    if (!(value >= low && value <= high))
      throw new AxfsError(
        'EINVAL',
        `${what} is ${String(value)}, expected ${String(low)} to ${String(high)}`,
      );
}
