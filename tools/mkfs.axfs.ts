#!/usr/bin/env node
/** The command `mkfs.axfs`. */
import { runMkfs } from '../src/cli/mkfs.ts';
import { runProgram } from '../src/host/program.ts';

await runProgram(runMkfs, { compilesLate: true });
