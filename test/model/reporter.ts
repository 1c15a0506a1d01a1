/**
 * How a failed sequence is shown: what failed, the world, and the shortest sequence that fails, as a script of
 * `axfs lab` where its operations can be said in one.
 *
 * @module
 */
import type * as fc from 'fast-check';
import type { Operation, WorldSpec } from './contract.ts';

/** A fast-check reporter for properties over a world and a sequence of operations. */
export function reporter(details: fc.RunDetails<[WorldSpec, readonly Operation[]]>): void {
  if (!details.failed) return;
  const [spec, sequence] = details.counterexample ?? [];
  throw new Error(
    [
      `seed ${String(details.seed)} run ${String(details.numRuns)}: ${String(details.errorInstance)}`,
      JSON.stringify({ ...spec, files: undefined }),
      ...(sequence ?? []).map((operation) => JSON.stringify(operation)),
    ].join('\n'),
  );
}
