/**
 * One image file run under one trace on one machine: options that say so, and what they come to.
 *
 * @module
 */
import { Option } from 'commander';
import type { Command } from 'commander';
import { alignUp } from '../base/bits.ts';
import { fromText, toPrintable } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import { PAGE_SIZE } from '../base/units.ts';
import type { MachineSpec, RunnableImage } from '../compare/evaluate.ts';
import { CPU_NAMES, cpuPreset } from '../cost/params.ts';
import { FAULT_ROUTES } from '../fs/file.ts';
import type { FaultRoute } from '../fs/file.ts';
import { readImage } from '../fs/source.ts';
import type { AxfsVolume } from '../fs/volume.ts';
import type { Host } from '../host/host.ts';
import type { MtdPart } from '../mtd/part.ts';
import { MTD_PARTS } from '../mtd/parts.ts';
import type { CpuCacheShape } from '../sim/cpu-cache.ts';
import { DEFAULT_RAM_PAGES } from '../sim/machine.ts';
import { parseTrace } from '../workload/trace.ts';
import type { Trace } from '../workload/trace.ts';
import { parsePartName, readPart } from './compare-options.ts';
import { UsageError } from './exit.ts';
import { DEFAULT_CPU, parseCache, parseRam } from './machine-options.ts';

/** What {@link addRunOptions} gives; what is missing has a default. */
export interface RunOptions {
  readonly part?: MtdPart;
  readonly partFile?: string;
  readonly secondPart?: MtdPart;
  readonly cpu?: string;
  readonly cache?: CpuCacheShape;
  readonly ram?: number;
  readonly faultRoute?: FaultRoute;
}

/** Adds the options of {@link RunOptions}; none has a value of its own, so that a file may give one. */
export const addRunOptions = (command: Command): Command =>
  command
    .addOption(
      new Option(
        '--part <name>',
        'flash part; axfs flash parts lists them (default: p30)',
      ).argParser(parsePartName),
    )
    .option('--part-file <file>', 'flash part from a JSON file, instead of --part')
    .addOption(
      new Option('--second-part <name>', 'part that holds the rest of a split image').argParser(
        parsePartName,
      ),
    )
    .addOption(
      new Option('--cpu <name>', `price list (default: ${DEFAULT_CPU})`).choices([...CPU_NAMES]),
    )
    .addOption(
      new Option(
        '--cache <shape>',
        "the CPU's cache, e.g. 16K,4: size, ways, policy (default: none that lasts)",
      ).argParser(parseCache),
    )
    .addOption(
      new Option('--ram <size>', 'RAM of the machine, e.g. 32M (default: 256M)').argParser(
        parseRam,
      ),
    )
    .addOption(
      new Option(
        '--fault-route <route>',
        'how pages of RAM enter page tables (default: insert)',
      ).choices([...FAULT_ROUTES]),
    );

/**
 * The machine that options ask for.
 *
 * @throws UsageError for options that exclude each other; AxfsError for a part's file.
 */
export function machineOf(host: Host, options: RunOptions): MachineSpec {
  const { part, partFile, secondPart, cpu, cache, ram, faultRoute } = options;
  if (part !== undefined && partFile !== undefined)
    throw new UsageError('option --part-file stands for --part: leave one of them out');
  return {
    cpu: cpuPreset(cpu ?? DEFAULT_CPU),
    part: partFile === undefined ? (part ?? MTD_PARTS.p30) : readPart(host, partFile),
    faultRoute: faultRoute ?? 'insert',
    ramPages: ram === undefined ? DEFAULT_RAM_PAGES : ram / PAGE_SIZE,
    ...(secondPart === undefined ? {} : { second: secondPart }),
    ...(cache === undefined ? {} : { cache }),
  };
}

/** Reads a trace. @throws AxfsError when it cannot be read or is malformed. */
export function readTrace(host: Host, path: string): Trace {
  const bytePath = fromText(path);
  return parseTrace(host.files.readFile(bytePath), toPrintable(bytePath));
}

/** Larger images take too much of one array, twice. */
const IMAGE_MAX = 2 ** 31;

/**
 * An open image, read whole, so that it can be run.
 *
 * @throws AxfsError EFBIG when it is too large for that; UsageError for a second part without use.
 */
export function imageToRun(
  { name, image: { source, superblock, descriptors } }: AxfsVolume,
  { second }: Pick<MachineSpec, 'second'>,
): RunnableImage {
  const { size, mmapSize } = superblock;
  if (size > IMAGE_MAX)
    throw new AxfsError(
      'EFBIG',
      `${name}: ${String(size)} bytes, expected at most ${String(IMAGE_MAX)} to run it`,
    );
  if (second !== undefined && !(mmapSize > 0 && mmapSize < size))
    throw new UsageError(
      `option --second-part: ${name} is not split, its mmap_size is ${String(mmapSize)} of ${String(size)} bytes`,
    );
  const bytes = new Uint8Array(alignUp(size, PAGE_SIZE));
  bytes.set(readImage(source, 0, size));
  return { name, bytes, mmapSize, xipPages: descriptors.xip.size / PAGE_SIZE };
}
