/**
 * One random sequence on both models: they must agree after every operation, every invariant must hold, and
 * nothing may stay behind when all tasks are gone.
 *
 * @module
 */
import type { Operation, WorldSpec } from './contract.ts';
import { differences } from './difference.ts';
import { makeFastWorld } from './fast-world.ts';
import { labScript } from './lab-script.ts';
import { makeNaiveWorld } from './naive/naive-world.ts';
import { Script } from './random-operations.ts';

/**
 * Performs a sequence; gives how many operations were performed. `make` makes the world under test.
 *
 * @throws Error naming operation and differences, or the invariant that does not hold, with a script of `axfs
 * lab` that does the same.
 */
export function compareModels(
  spec: WorldSpec,
  sequence: readonly Operation[],
  make = makeFastWorld,
): number {
  const fast = make(spec);
  const naive = makeNaiveWorld(spec);
  const script = new Script(spec.preset);
  const performed: Operation[] = [];
  const perform = (operation: Operation): void => {
    performed.push(operation);
    const outcome = fast.apply(operation);
    const found = [
      ...differences(outcome, naive.apply(operation), 'outcome'),
      ...differences(fast.snapshot(), naive.snapshot(), 'state'),
    ];
    if (found.length > 0)
      throw new Error(`after ${JSON.stringify(operation)}:\n${found.join('\n')}`);
    fast.check();
    script.done(operation, outcome.result);
  };
  try {
    for (const drawn of sequence) {
      const operation = script.settle(drawn, fast);
      if (operation === undefined) break;
      if (script.admits(operation, fast)) perform(operation);
    }
    for (const [task, { mm }] of [...fast.tasks]) if (!mm.dead) perform({ op: 'exit', task });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`${why}\nas a script of axfs lab:\n${labScript(spec, performed)}`, {
      cause: error,
    });
  }
  return performed.length;
}
