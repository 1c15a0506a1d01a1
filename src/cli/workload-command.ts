/**
 * The command line of `axfs workload`: traces of page touches, from recordings, from chance, from each other.
 *
 * @module
 */
import type { Command } from 'commander';
import type { Host } from '../host/host.ts';
import { addWorkloadCombine } from './workload-combine.ts';
import { addWorkloadGenerate } from './workload-generate.ts';
import { addWorkloadImport } from './workload-import.ts';
import { addWorkloadInfo } from './workload-info.ts';
import { addWorkloadProfile } from './workload-profile.ts';

/** `axfs workload`. */
export function addWorkload(program: Command, host: Host): void {
  const workload = program
    .command('workload')
    .description('Makes traces of page touches: imports, generates, combines and describes them.');
  for (const add of [
    addWorkloadImport,
    addWorkloadGenerate,
    addWorkloadCombine,
    addWorkloadInfo,
    addWorkloadProfile,
  ])
    add(workload, host);
}
