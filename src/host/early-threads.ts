/**
 * Threads that compress, started before anyone knows what for: a thread takes as long to start as this
 * program takes to load, read its arguments and look at the tree, and meanwhile a processor is free. So that
 * this begins at once, nothing is imported here but Node.
 *
 * @module
 */
import { lstatSync, opendirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { MAX_JOBS, WORTH_A_WORKER } from './host.ts';

/**
 * The compiled worker. Sources run directly (as tests do) have none, because Node 20 runs no TypeScript in
 * a worker; compression then stays in the calling thread, with the same bytes.
 */
export const WORKER_URL = import.meta.url.endsWith('.js')
  ? new URL('./deflate-worker.js', import.meta.url)
  : undefined;

/** Names that are looked at to find out whether there is work: a few milliseconds. */
const LOOKS = 400;

/** Starts a thread, which does not keep the process alive. */
export function startThread(workerUrl: URL): Worker {
  // Not this process's own options: `node -e` has some that no worker starts with.
  const worker = new Worker(workerUrl, { execArgv: [] });
  worker.unref();
  return worker;
}

/** Threads that wait for someone to take them. One that fails is not there any more. */
export class EarlyThreads {
  readonly #waiting = new Set<Worker>();

  constructor(workerUrl: URL, count: number) {
    for (let i = 0; i < count; i += 1) {
      const worker = startThread(workerUrl);
      const forget = (): void => {
        this.#waiting.delete(worker);
      };
      worker.on('error', forget).on('exit', forget);
      this.#waiting.add(worker);
    }
  }

  /** Threads that are left. */
  get count(): number {
    return this.#waiting.size;
  }

  /** A thread, if there is one left; it is the caller's from now on. */
  take(): Worker | undefined {
    const [worker] = this.#waiting;
    if (worker !== undefined) this.#waiting.delete(worker);
    return worker;
  }

  /** Ends those that nobody took. */
  end(): void {
    for (const worker of this.#waiting) void worker.terminate();
    this.#waiting.clear();
  }
}

/** One thread a processor, if `argv` names enough to compress; a wrong guess costs time and nothing else. */
export function startEarly(argv: readonly string[]): EarlyThreads | undefined {
  if (WORKER_URL === undefined || !argv.some(isWorthThreads)) return undefined;
  return new EarlyThreads(WORKER_URL, Math.min(MAX_JOBS, availableParallelism()));
}

/** The argument names a directory that holds enough, as far as a quick look shows. */
export function isWorthThreads(argument: string): boolean {
  let [bytes, looks] = [0, LOOKS];
  try {
    if (!lstatSync(argument).isDirectory()) return false;
    const folders = [argument];
    for (const folder of folders) {
      const entries = opendirSync(folder);
      try {
        for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) {
          const path = join(folder, entry.name);
          if (entry.isDirectory()) folders.push(path);
          else if (entry.isFile()) bytes += lstatSync(path).size;
          looks -= 1;
          if (bytes >= WORTH_A_WORKER) return true;
          if (looks === 0) return false;
        }
      } finally {
        entries.closeSync();
      }
    }
  } catch {
    // No path, or none that can be read: whoever needs it says so.
  }
  return false;
}
