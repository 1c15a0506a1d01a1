#!/usr/bin/env node
/** The command `mkfs.axfs`. Threads that compress start first, while all else is still to be loaded. */
import { startEarly } from '../src/host/early-threads.ts';

const early = startEarly(process.argv.slice(2));
const { runMkfs } = await import('../src/cli/mkfs.ts');
const { runProgram } = await import('../src/host/program.ts');
await runProgram(runMkfs, { compilesLate: true, early });
