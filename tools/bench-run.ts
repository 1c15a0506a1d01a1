/** The benchmarks on this machine; tools/bootstrap.js installs and builds what they need first. */
import { resolve } from 'node:path';
import { fromText } from '../src/base/bytestring.ts';
import { runBench } from '../src/cli/bench.ts';
import { runProgram } from '../src/host/program.ts';

const root = resolve(import.meta.dirname, '..', '..');
await runProgram((argv, host) => runBench(argv, host, fromText(root)));
