/**
 * Running kernel code in the context of a task: an assertion that does not hold stops the task, not the
 * program.
 *
 * @module
 */
import { KernelBug } from './kernel-bug.ts';
import type { MmStruct } from './mm.ts';

/** What came of kernel code: its value, or the assertion that stopped the task. */
export type TaskResult<T> =
  { readonly value: T; readonly bug?: never } | { readonly bug: KernelBug; readonly value?: never };

/**
 * Runs `body` as the task of `mm`. When the kernel stops in it, the task is dead: its memory, counts and locks
 * stay as they were at that line, and the machine's `onReport` is told. Mirrors an oops: the task ends in the
 * kernel, and nobody cleans up after it.
 *
 * @throws whatever else `body` throws.
 */
export function asTask<T>(mm: MmStruct, body: () => T): TaskResult<T> {
  try {
    return { value: body() };
  } catch (error) {
    if (!(error instanceof KernelBug)) throw error;
    mm.memory.reportBug(error);
    mm.die();
    return { bug: error };
  }
}
