/**
 * Power goes away: an event of the world, not an answer of a device. It carries no errno, so that nothing
 * that handles a device's errors takes it for one.
 *
 * @module
 */

/** What the interrupted operation was. */
export type TornOperation = 'program' | 'erase';

/** Power was lost; nothing answers until it is back. */
export class PowerLoss extends Error {
  override readonly name = 'PowerLoss';
  /** What was going on: `undefined` for every call after it. */
  readonly operation: TornOperation | undefined;

  constructor(message: string, operation?: TornOperation) {
    super(message);
    this.operation = operation;
  }
}
