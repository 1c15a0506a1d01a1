#!/usr/bin/env node
/** The command `mkfs.axfs`. */
import { runMkfs } from '../src/cli/mkfs.ts';
import { createNodeHost } from '../src/host/node-host.ts';

process.exitCode = await runMkfs(process.argv.slice(2), createNodeHost());
