/**
 * Which flash part a command means: one known by name, or one from a file.
 *
 * @module
 */
import type { Command } from 'commander';
import { fromText, toPrintable } from '../base/bytestring.ts';
import type { Host } from '../host/host.ts';
import type { MtdPart } from '../mtd/part.ts';
import { parsePart } from '../mtd/part-file.ts';
import { partNamed } from '../mtd/parts.ts';
import { UsageError } from './exit.ts';

/** What {@link addPartOptions} gives. */
export interface PartOptions {
  readonly part?: string;
  readonly partFile?: string;
}

/** Adds `--part` and `--part-file`. */
export const addPartOptions = (command: Command): Command =>
  command
    .option('--part <name>', 'flash part, see `axfs flash parts`')
    .option('--part-file <file>', 'flash part of your own, as JSON');

/** Text of a file. */
export const readText = (
  host: Host,
  path: string,
): { readonly text: string; readonly name: string } => {
  const bytePath = fromText(path);
  const text = new TextDecoder().decode(host.files.readFile(bytePath));
  return { text, name: toPrintable(bytePath) };
};

/** The part meant. @throws UsageError unless exactly one option names it; AxfsError for one that is not known. */
export function partMeant(host: Host, { part, partFile }: PartOptions): MtdPart {
  if ((part === undefined) === (partFile === undefined))
    throw new UsageError('a flash part is needed: give either --part or --part-file');
  if (partFile !== undefined) {
    const { text, name } = readText(host, partFile);
    return parsePart(text, name);
  }
  return partNamed(part ?? '');
}
