/**
 * Assertions about this program itself. A failed one is a defect here, never bad input.
 *
 * @module
 */

/** A rule of the emulator does not hold: a bug in this program. Never caught, never expected. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/**
 * States a rule positively. The text is a thunk, so that a passing assertion formats nothing.
 *
 * @throws InvariantError when `holds` is false.
 */
export function assert(holds: boolean, rule: () => string): asserts holds {
  if (!holds) throw new InvariantError(rule());
}

/** Marks a branch that the types rule out. */
export function unreachable(value: never): never {
  throw new InvariantError(`no case covers ${JSON.stringify(value)}`);
}
