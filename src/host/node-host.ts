/**
 * The real machine: Node's files, terminal, clock, environment and threads.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { createInlineCompressor } from '../codec/compressor.ts';
import type { PageCompressor } from '../codec/compressor.ts';
import { createPakoDeflater, createPakoInflater } from '../codec/pako.ts';
import { compileWasm, createWasmZlib } from '../codec/wasm-zlib.ts';
import type { WasmModule } from '../codec/wasm-zlib.ts';
import { MAX_JOBS } from './host.ts';
import type { Host } from './host.ts';
import { createNodeFiles } from './node-files.ts';
import { createTerminal } from './terminal.ts';
import { createWorkerPool } from './worker-pool.ts';

const ZLIB_MODULE = '@zip.js/zip.js/dist/zip-module.wasm';

/**
 * The compiled worker. Sources run directly (as tests do) have none, because Node 20 runs no TypeScript in
 * a worker; compression then stays in the calling thread, with the same bytes.
 */
const WORKER_URL = import.meta.url.endsWith('.js')
  ? new URL('./deflate-worker.js', import.meta.url)
  : undefined;

/**
 * The stock zlib of `@zip.js/zip.js`, or `undefined` where it is missing or WebAssembly is disabled; pako,
 * five times slower and identical in its bytes, takes its place then.
 */
export function loadZlibModule(): WasmModule | undefined {
  try {
    return compileWasm(readFileSync(createRequire(import.meta.url).resolve(ZLIB_MODULE)));
  } catch {
    return undefined;
  }
}

/** Version in the nearest package.json above this file: the package's own, compiled or not. */
function packageVersion(): string {
  for (const up of ['../../package.json', '../../../package.json']) {
    try {
      const { name, version } = JSON.parse(
        readFileSync(new URL(up, import.meta.url), 'utf8'),
      ) as Partial<Record<'name' | 'version', string>>;
      if (name === 'axfs' && version !== undefined) return version;
    } catch {
      // Not there: one folder further up when compiled.
    }
  }
  return 'unknown';
}

/** The machine this process runs on. Make one per process. */
export function createNodeHost(): Host {
  let loaded: { readonly module: WasmModule | undefined } | undefined;
  const zlibModule = (): WasmModule | undefined => (loaded ??= { module: loadZlibModule() }).module;
  const makeInline = (): PageCompressor => {
    const module = zlibModule();
    return createInlineCompressor(
      module === undefined ? createPakoDeflater() : createWasmZlib(module),
    );
  };
  return {
    files: createNodeFiles(),
    terminal: createTerminal(),
    cpus: Math.min(MAX_JOBS, availableParallelism()),
    version: packageVersion(),
    now: () => performance.now(),
    environment: (name) => process.env[name],
    makeCompressor: (jobs) =>
      jobs === 0 || WORKER_URL === undefined
        ? makeInline()
        : createWorkerPool({ workerUrl: WORKER_URL, jobs, module: zlibModule() }),
    makeInflater: () => {
      const module = zlibModule();
      return module === undefined ? createPakoInflater() : createWasmZlib(module);
    },
    sha256: () => {
      const hash = createHash('sha256');
      return {
        update(bytes) {
          hash.update(bytes);
        },
        hex: () => hash.digest('hex'),
      };
    },
  };
}
