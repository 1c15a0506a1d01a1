/**
 * The real machine: Node's files, terminal, clock, environment and threads.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { DEFAULT_CODEC, codecOf } from '../codec/codecs.ts';
import type { CodecModules } from '../codec/codecs.ts';
import { createInlineCompressor } from '../codec/compressor.ts';
import { LIBDEFLATE_PACKAGE, readLibdeflate } from '../codec/libdeflate.ts';
import type { LibdeflateModule } from '../codec/libdeflate.ts';
import { compileWasm } from '../codec/wasm.ts';
import type { WasmModule } from '../codec/wasm.ts';
import { WORKER_URL } from './early-threads.ts';
import type { EarlyThreads } from './early-threads.ts';
import { MAX_JOBS } from './host.ts';
import type { Hash, HashAlgorithm, Host } from './host.ts';
import { createNodeFiles } from './node-files.ts';
import { createNodeTree } from './node-tree.ts';
import { createSpool, gunzipStream, readStandardInput } from './spool.ts';
import { createTaskPool } from './task-pool.ts';
import { createTerminal } from './terminal.ts';
import { createWorkerPool } from './worker-pool.ts';

const ZLIB_MODULE = '@zip.js/zip.js/dist/zip-module.wasm';
const LIBDEFLATE_FILE = 'dist/libdeflate.wasm.mjs';
/** Where tools/build.js puts it, below dist. */
const LIBDEFLATE_COPY = 'libdeflate/libdeflate.wasm.mjs';

/** The threads of a task pool, below dist. */
const TASK_WORKER_URL =
  WORKER_URL === undefined ? undefined : new URL('../../tools/task-worker.js', WORKER_URL);

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

/**
 * libdeflate, or `undefined` where WebAssembly is disabled. The build puts the package's file and licence
 * beside the compiled program, so that the default codec does not hang on what else is installed: as a
 * dependency the package would make an install that enforces engines fail, because it asks for Node 24,
 * although its module runs on any that this project supports.
 */
export function loadLibdeflate(): LibdeflateModule | undefined {
  try {
    const text = readFileSync(libdeflateFile(), 'utf8');
    return readLibdeflate(text, (base64) => Buffer.from(base64, 'base64'));
  } catch {
    return undefined;
  }
}

/** The build's copy; sources that run directly, as tests do, take the package that it is copied from. */
function libdeflateFile(): string | URL {
  if (WORKER_URL !== undefined) return new URL(`../../${LIBDEFLATE_COPY}`, import.meta.url);
  const index = createRequire(import.meta.url).resolve(LIBDEFLATE_PACKAGE.name);
  return join(dirname(index), LIBDEFLATE_FILE);
}

/** Codecs of this machine, each compiled when it is first asked for. */
function codecModules(): (wanted: keyof CodecModules | undefined) => CodecModules {
  const load = { zlib: loadZlibModule, libdeflate: loadLibdeflate } as const;
  const loaded = new Map<keyof CodecModules, CodecModules>();
  return (wanted) => {
    if (wanted === undefined) return {};
    const known = loaded.get(wanted);
    if (known !== undefined) return known;
    const modules: CodecModules = { [wanted]: load[wanted]() };
    loaded.set(wanted, modules);
    return modules;
  };
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

function nodeHash(algorithm: HashAlgorithm): Hash {
  const hash = createHash(algorithm);
  return {
    update(bytes) {
      hash.update(bytes);
    },
    hex: () => hash.digest('hex'),
  };
}

/** The machine this process runs on. Make one per process. Its first compressor takes `early` threads. */
export function createNodeHost(early?: EarlyThreads): Host {
  const modulesFor = codecModules();
  return {
    files: createNodeFiles(),
    tree: createNodeTree(),
    terminal: createTerminal(),
    cpus: Math.min(MAX_JOBS, availableParallelism()),
    version: packageVersion(),
    now: () => performance.now(),
    breathe: () => setImmediate(),
    environment: (name) => process.env[name],
    makeCompressor(jobs, name = DEFAULT_CODEC) {
      const codec = codecOf(name);
      const modules = modulesFor(codec.modules.deflate);
      const compressor =
        jobs === 0 || WORKER_URL === undefined
          ? createInlineCompressor(codec.makeDeflater(modules))
          : createWorkerPool({ workerUrl: WORKER_URL, jobs, codec: name, modules, early });
      early?.end();
      return compressor;
    },
    makeTaskPool:
      TASK_WORKER_URL === undefined ? undefined : (jobs) => createTaskPool(TASK_WORKER_URL, jobs),
    makeInflater(name = DEFAULT_CODEC) {
      const codec = codecOf(name);
      return codec.makeInflater(modulesFor(codec.modules.inflate));
    },
    sha256: () => nodeHash('sha256'),
    hash: nodeHash,
    readInput: readStandardInput,
    spool: createSpool,
    gunzip: gunzipStream,
  };
}
