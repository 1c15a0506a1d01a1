/**
 * `axfs dump`: the command around the dump.
 *
 * @module
 */
import { Option } from 'commander';
import type { Command } from 'commander';
import type { Host } from '../host/host.ts';
import { TABLE_NAMES } from '../ondisk/regions.ts';
import type { TableName } from '../ondisk/regions.ts';
import { dumpJson, dumpText } from './dump.ts';
import { SECOND_DEVICE, withImageFile } from './image-file.ts';
import type { SecondOption } from './image-file.ts';
import { writePieces } from './pieces.ts';

interface DumpOptions extends SecondOption {
  readonly table?: TableName;
  readonly json?: true;
}

/** `axfs dump`. */
export function addDump(program: Command, host: Host): void {
  program
    .command('dump')
    .description('Prints superblock, descriptors and tables of an image, entry by entry.')
    .argument('<image>', 'image file')
    .addOption(new Option('--table <name>', 'this table alone').choices(TABLE_NAMES))
    .option('--json', 'as JSON')
    .option(...SECOND_DEVICE)
    .action((image: string, { table, json, ...options }: DumpOptions) =>
      withImageFile(host, { ...options, image }, (volume) => {
        const write = json === true ? dumpJson : dumpText;
        writePieces(host.terminal, write(volume, table));
      }),
    );
}
