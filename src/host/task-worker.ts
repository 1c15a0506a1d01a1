/**
 * A thread that runs tasks, one after another. See {@link ./task-pool.ts} for the other side.
 *
 * @module
 */
import { parentPort } from 'node:worker_threads';
import { assert } from '../base/assert.ts';
import { AxfsError } from '../base/errno.ts';
import type { Host } from './host.ts';
import { createNodeHost } from './node-host.ts';
import type { TaskDone } from './task-pool.ts';

/** Answers the tasks that this thread is sent with what `work` makes of them, on a host of its own. */
export function serveTasks(work: (task: unknown, host: Host) => unknown): void {
  const port = parentPort;
  assert(port !== null, () => 'this is called in the body of a worker thread');
  const host = createNodeHost();
  port.on('message', (task: unknown) => {
    port.postMessage(attempt(() => work(task, host)));
  });
}

function attempt(work: () => unknown): TaskDone {
  try {
    return { result: work() };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return error instanceof AxfsError
      ? { failure: { code: error.code, message } }
      : { failure: { code: undefined, message: (error as Error).stack ?? message } };
  }
}
