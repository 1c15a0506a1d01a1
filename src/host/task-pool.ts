/**
 * Runs tasks on worker threads, one task at a time on each. See {@link ./task-worker.ts} for the other side. Idle
 * threads do not keep the process alive; the failure of a thread fails every task.
 *
 * @module
 */
import { Worker } from 'node:worker_threads';
import { assert } from '../base/assert.ts';
import { AxfsError } from '../base/errno.ts';
import type { Errno } from '../base/errno.ts';
import type { TaskPool } from './host.ts';

/** From a worker: what a task came to. */
export type TaskDone =
  | { readonly result: unknown }
  | { readonly failure: { readonly code: Errno | undefined; readonly message: string } };

interface Waiting {
  readonly task: unknown;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface Thread {
  readonly worker: Worker;
  current: Waiting | undefined;
}

/** A pool of `jobs` threads, at least 1, that run the compiled file at `workerUrl`. */
export function createTaskPool(workerUrl: URL, jobs: number): TaskPool {
  assert(Number.isInteger(jobs) && jobs >= 1, () => `a pool has a thread: ${String(jobs)}`);
  return new NodeTaskPool(workerUrl, jobs);
}

class NodeTaskPool implements TaskPool {
  readonly parallelism: number;
  readonly #threads: readonly Thread[];
  readonly #waiting: Waiting[] = [];
  #failure: AxfsError | undefined;

  constructor(workerUrl: URL, jobs: number) {
    this.parallelism = jobs;
    this.#threads = Array.from({ length: jobs }, () => this.#start(workerUrl));
  }

  run(task: unknown): Promise<unknown> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ task, resolve, reject });
      this.#hand();
    });
  }

  async close(): Promise<void> {
    this.#fail('the task pool was closed');
    await Promise.all(
      this.#threads.map(({ worker }) => {
        worker.ref();
        return worker.terminate();
      }),
    );
  }

  #start(workerUrl: URL): Thread {
    // Not this process's own options: `node -e` has some that no worker starts with.
    const worker = new Worker(workerUrl, { execArgv: [] });
    const thread: Thread = { worker, current: undefined };
    worker.on('message', (done: TaskDone) => {
      const { current } = thread;
      thread.current = undefined;
      worker.unref();
      if (current !== undefined) settle(current, done);
      this.#hand();
    });
    worker.on('error', (error) => {
      this.#fail(`a thread failed: ${error.message.replaceAll(/\s+/g, ' ')}`);
    });
    worker.on('exit', (code) => {
      this.#fail(`a thread ended early with code ${String(code)}`);
    });
    worker.unref();
    return thread;
  }

  /** Gives waiting tasks to idle threads. */
  #hand(): void {
    for (const thread of this.#threads) {
      if (thread.current !== undefined) continue;
      const next = this.#waiting.shift();
      if (next === undefined) return;
      thread.current = next;
      thread.worker.ref();
      thread.worker.postMessage(next.task);
    }
  }

  /** The first failure is the one reported. */
  #fail(why: string): void {
    if (this.#failure !== undefined) return;
    this.#failure = new AxfsError('EIO', why);
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
    for (const thread of this.#threads) {
      thread.current?.reject(this.#failure);
      thread.current = undefined;
      thread.worker.unref();
    }
  }
}

function settle({ resolve, reject }: Waiting, done: TaskDone): void {
  if ('result' in done) {
    resolve(done.result);
    return;
  }
  const { code, message } = done.failure;
  reject(code === undefined ? new Error(message) : new AxfsError(code, message));
}
