/**
 * The machine that a run is priced on, as options: CPU, cache, RAM, fault route, a flash part from a file.
 *
 * @module
 */
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { AxfsError } from '../base/errno.ts';
import { PAGE_SIZE } from '../base/units.ts';
import type { MachineSpec } from '../compare/evaluate.ts';
import { CPU_NAMES, cpuPreset } from '../cost/params.ts';
import { FAULT_ROUTES } from '../fs/file.ts';
import type { FaultRoute } from '../fs/file.ts';
import { REPLACEMENT_POLICIES, checkCacheShape } from '../sim/cpu-cache.ts';
import type { CpuCacheShape, ReplacementPolicy } from '../sim/cpu-cache.ts';
import { DEFAULT_RAM_PAGES } from '../sim/machine.ts';
import type { MtdPart } from '../mtd/part.ts';
import { machineWith, namedMachine, repeated } from './params-command.ts';
import { parseSize } from './sizes.ts';

/** CPU that prices when none is named: the class of board AXFS was made for. */
export const DEFAULT_CPU = 'arm926-200';

/** What {@link addMachineOptions} gives. */
export interface MachineOptions {
  readonly faultRoute: FaultRoute;
  readonly partFile?: string;
  readonly cache?: CpuCacheShape;
  readonly cpu: string;
  readonly ram: number;
  readonly machine?: string;
  readonly set: readonly string[];
}

const RAM_MAX = 2 ** 36;

/** Bytes of RAM, whole pages. */
export function parseRam(text: string): number {
  const size = parseSize(text);
  if (size === undefined || size < PAGE_SIZE || size > RAM_MAX || size % PAGE_SIZE !== 0)
    throw new InvalidArgumentError(
      'Expected bytes with K, M or G, whole pages of 4096 bytes, at most 64G.',
    );
  return size;
}

/** What `read` makes of an option's value, its complaints as commander wants them. */
export function asArgument<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof AxfsError) throw new InvalidArgumentError(error.message);
    throw error;
  }
}

const CACHE_SHAPE = new RegExp(`^([^,]+),([0-9]+)(?:,(${REPLACEMENT_POLICIES.join('|')}))?$`);

/** `16K,4` or `16K,4,lru`. */
export function parseCache(text: string): CpuCacheShape {
  const [, sizeText = '', ways = '', policy = 'lru'] = CACHE_SHAPE.exec(text) ?? [];
  const size = parseSize(sizeText);
  if (size === undefined)
    throw new InvalidArgumentError(
      `Expected size,ways or size,ways,policy such as 16K,4,lru; policies are ${REPLACEMENT_POLICIES.join(', ')}.`,
    );
  const shape = { size, ways: Number(ways), policy: policy as ReplacementPolicy };
  asArgument(() => {
    checkCacheShape(shape);
  });
  return shape;
}

/** Options that a named machine answers, unless the command line does. */
type OfMachine = 'cpu' | 'ram' | 'faultRoute' | 'flash';

/** What a named machine and `--set` make of the options of a command. */
export interface ChosenMachine {
  /** Parts to run on. */
  readonly flash: readonly MtdPart[];
  /** The machine around a part; absent when neither a machine nor a number was named. */
  readonly machineFor?: (part: MtdPart) => MachineSpec;
}

/**
 * The machine that `--machine` and `--set` describe; what else is said on the command line comes before the machine's
 * own.
 *
 * @throws UsageError for unknown machines and numbers.
 */
export function chosenMachine(
  command: Command,
  options: MachineOptions,
  flash: readonly MtdPart[],
): ChosenMachine {
  if (options.machine === undefined && options.set.length === 0) return { flash };
  const isSaid = (name: OfMachine): boolean =>
    options.machine === undefined || command.getOptionValueSource(name) === 'cli';
  const { part, ...preset } =
    options.machine === undefined
      ? { part: undefined, cpu: cpuPreset(options.cpu), faultRoute: options.faultRoute }
      : namedMachine(options.machine);
  const base = {
    ...preset,
    ...(isSaid('cpu') ? { cpu: cpuPreset(options.cpu) } : {}),
    ...(isSaid('faultRoute') ? { faultRoute: options.faultRoute } : {}),
    ...(isSaid('ram') ? { ramPages: options.ram / PAGE_SIZE } : {}),
    ...(options.cache === undefined ? {} : { cache: options.cache }),
  };
  const usesOwnPart = part !== undefined && !isSaid('flash') && options.partFile === undefined;
  return {
    flash: usesOwnPart ? [part] : flash,
    machineFor: (wanted) => machineWith({ ...base, part: wanted }, options.set),
  };
}

/** Adds the options of {@link MachineOptions}. */
export const addMachineOptions = (command: Command): Command =>
  command
    .addOption(
      new Option('--fault-route <route>', 'how pages of RAM enter page tables')
        .choices([...FAULT_ROUTES])
        .default('insert'),
    )
    .option('--machine <name>', 'machine whose parameters are used (axfs params lists them)')
    .addOption(
      new Option('--set <name=value>', 'another value for a parameter; may be repeated')
        .argParser(repeated)
        .default([], 'none'),
    )
    .option('--part-file <file>', 'flash part from a JSON file, instead of --flash')
    .addOption(
      new Option(
        '--cache <shape>',
        "the CPU's cache, e.g. 16K,4 or 32K,4,random: size, ways, policy",
      ).argParser(parseCache),
    )
    .addOption(
      new Option('--cpu <name>', 'price list').choices([...CPU_NAMES]).default(DEFAULT_CPU),
    )
    .addOption(
      new Option('--ram <size>', 'RAM of the machine, e.g. 32M')
        .argParser(parseRam)
        .default(DEFAULT_RAM_PAGES * PAGE_SIZE, '256M'),
    );
