/**
 * What the options of `axfs compare` mean: parts, and the axes of a grid.
 *
 * @module
 */
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { fromText, toPrintable } from '../base/bytestring.ts';
import { CODECS, isCodecName } from '../codec/codecs.ts';
import type { CodecName } from '../codec/codecs.ts';
import { NAMED_POLICIES, USUAL_AXES, gridDesigns, listPolicy } from '../compare/grid.ts';
import type { GridPolicy, PlannedDesign } from '../compare/grid.ts';
import type { Host } from '../host/host.ts';
import { isCblockSize } from '../mkfs/features.ts';
import { parseProfile } from '../mkfs/profile.ts';
import type { MtdPart } from '../mtd/part.ts';
import { parsePart } from '../mtd/part-file.ts';
import { partNamed } from '../mtd/parts.ts';
import { UsageError } from './exit.ts';
import { asArgument } from './machine-options.ts';
import { parseSize } from './sizes.ts';

/** Options that span a grid. */
export interface GridOptions {
  readonly policies?: readonly string[];
  readonly cblockSize?: readonly number[];
  readonly codec?: readonly CodecName[];
  readonly split?: true;
  readonly second?: MtdPart;
  readonly compat?: true;
}

/** A part by name. */
export const parsePartName = (text: string): MtdPart => asArgument(() => partNamed(text));

/** Values separated by commas, each once. */
const listOf =
  <T>(parse: (word: string) => T) =>
  (text: string): readonly T[] => {
    const words = text.split(',');
    const twice = words.find((word, i) => words.indexOf(word) !== i);
    if (twice !== undefined) throw new InvalidArgumentError(`'${twice}' is there twice.`);
    return words.map(parse);
  };

/** Parts by name. */
export const parseParts = (text: string): readonly MtdPart[] =>
  text.split(',').map((name) => parsePartName(name));

function parseCblockSize(text: string): number {
  const size = parseSize(text);
  if (size === undefined || !isCblockSize(size))
    throw new InvalidArgumentError(`'${text}' is no power of two from 4K to 1M.`);
  return size;
}

function parseCodec(text: string): CodecName {
  if (!isCodecName(text))
    throw new InvalidArgumentError(
      `'${text}' is none of ${CODECS.map(({ name }) => name).join(', ')}.`,
    );
  return text;
}

const POLICY_NAMES = NAMED_POLICIES.map(({ name }) => name);
/** What tells a file from a policy's name. */
const FILE_MARK = /[./]/;

function parsePolicy(text: string): string {
  if (!POLICY_NAMES.includes(text) && !FILE_MARK.test(text))
    throw new InvalidArgumentError(
      `'${text}' is none of ${POLICY_NAMES.join(', ')}, and no page list's file: those have a dot or a slash in their name.`,
    );
  return text;
}

/** Adds the options of {@link GridOptions}. */
export const addGridOptions = (command: Command): Command =>
  command
    .addOption(
      new Option(
        '--policies <names>',
        `which pages are in place: ${POLICY_NAMES.join(', ')}, or page lists' files`,
      ).argParser(listOf(parsePolicy)),
    )
    .addOption(
      new Option('--cblock-size <sizes>', 'cblocks, e.g. 4K,16K (default: 4K)').argParser(
        listOf(parseCblockSize),
      ),
    )
    .addOption(
      new Option(
        '--codec <names>',
        `codecs: ${CODECS.map(({ name }) => name).join(', ')} (default: ${USUAL_AXES.codecs.join()})`,
      ).argParser(listOf(parseCodec)),
    )
    .option('--split', 'each design also cut for two parts')
    .addOption(
      new Option('--second <part>', 'with --split: part that holds the rest, e.g. NAND').argParser(
        parsePartName,
      ),
    );

/**
 * The designs of a grid; `undefined` when no option asks for one.
 *
 * @throws UsageError for options that cannot stand together; AxfsError for a page list that cannot be read.
 */
export function plannedDesigns(
  host: Host,
  options: GridOptions,
): readonly PlannedDesign[] | undefined {
  const { policies, cblockSize, codec, split, second, compat } = options;
  if (second !== undefined && split !== true)
    throw new UsageError('option --second needs --split: only such designs have something for it');
  const given = { '--cblock-size': cblockSize, '--codec': codec, '--split': split };
  for (const [name, value] of Object.entries(given))
    if (compat === true && value !== undefined)
      throw new UsageError(`option --compat leaves nothing to choose: leave out ${name}`);
  if ([policies, ...Object.values(given)].every((value) => value === undefined)) return undefined;
  return gridDesigns({
    policies: policies?.map((name) => readPolicy(host, name)) ?? USUAL_AXES.policies,
    cblockSizes: cblockSize ?? USUAL_AXES.cblockSizes,
    codecs: codec ?? USUAL_AXES.codecs,
    splits: split === true ? [false, true] : USUAL_AXES.splits,
  }).map((design) => (compat === true ? { name: design.name, policy: design.policy } : design));
}

function readPolicy(host: Host, name: string): GridPolicy {
  const known = NAMED_POLICIES.find((policy) => policy.name === name);
  if (known !== undefined) return known;
  const path = fromText(name);
  const printable = toPrintable(path);
  return listPolicy(printable, parseProfile(host.files.readFile(path), printable));
}

/** Reads a part of its own from a file. */
export function readPart(host: Host, path: string): MtdPart {
  const bytePath = fromText(path);
  const text = new TextDecoder().decode(host.files.readFile(bytePath));
  return parsePart(text, toPrintable(bytePath));
}
