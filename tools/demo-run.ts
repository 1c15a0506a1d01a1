/** The demo on this machine; tools/demo.js installs and builds what it needs first. */
import { resolve } from 'node:path';
import { fromText } from '../src/base/bytestring.ts';
import { runDemo } from '../src/cli/demo.ts';
import { createNodeHost } from '../src/host/node-host.ts';

const root = resolve(import.meta.dirname, '..', '..');
process.exitCode = await runDemo(createNodeHost(), fromText(root));
