/** The benchmarks on this machine; tools/bootstrap.js installs and builds what they need first. */
import { resolve } from 'node:path';
import { fromText } from '../src/base/bytestring.ts';
import { runBench } from '../src/cli/bench.ts';
import { createNodeHost } from '../src/host/node-host.ts';

const root = resolve(import.meta.dirname, '..', '..');
process.exitCode = await runBench(process.argv.slice(2), createNodeHost(), fromText(root));
