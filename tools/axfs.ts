#!/usr/bin/env node
/** The command `axfs`. */
import { runAxfs } from '../src/cli/axfs.ts';
import { runProgram } from '../src/host/program.ts';

await runProgram(runAxfs);
