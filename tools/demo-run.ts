/** The demo on this machine; tools/bootstrap.js installs and builds what it needs first. */
import { resolve } from 'node:path';
import { fromText } from '../src/base/bytestring.ts';
import { runDemo } from '../src/cli/demo.ts';
import { runProgram } from '../src/host/program.ts';

const root = resolve(import.meta.dirname, '..', '..');
await runProgram((_argv, host) => runDemo(host, fromText(root)));
