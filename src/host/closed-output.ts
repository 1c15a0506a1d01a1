/**
 * Nobody reads standard output any more.
 *
 * @module
 */

/**
 * The reader of standard output went away (`… | head`). It is no failure to tell anyone of, but ends a
 * command, which has not come to its result.
 */
export class ClosedOutputError extends Error {
  override readonly name = 'ClosedOutputError';

  constructor() {
    super('standard output is closed');
  }
}
