#!/usr/bin/env node
/** The `axfs` command on this machine. */
import { runAxfs } from '../src/cli/axfs.ts';
import { createNodeHost } from '../src/host/node-host.ts';

process.exitCode = await runAxfs(process.argv.slice(2), createNodeHost());
