/**
 * Files that are still being written, under names that nobody else has; they are removed when the process
 * ends before they are complete: by an exception, by `process.exit`, or by a signal that a terminal or a
 * service manager sends. A signal is noticed when the event loop turns, so long work pauses now and then.
 *
 * @module
 */
import { randomUUID } from 'node:crypto';
import { openSync, rmSync } from 'node:fs';
import { byteStringOf, toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import { attempt } from './world-error.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
/** Names to try before something else than chance must be at work. */
const TRIES = 8;
/** Less what the umask takes away. */
const USUAL_MODE = 0o666;

/** Text for a name that no other process comes up with. */
export type RandomText = () => string;

/** A temporary file, open for writing. */
export interface UnfinishedFile {
  readonly path: Buffer;
  readonly descriptor: number;
  /** Removes the file, or keeps it under whatever name it has by now. Only the first call counts. */
  readonly settle: (fate: 'remove' | 'keep') => void;
}

/** What to make a temporary file for. */
export interface UnfinishedPlace {
  /** What messages call it: the path as the user has it. */
  readonly path: ByteString;
  /** The file that it will become; it is made in the same directory. */
  readonly target: ByteString;
  /** Permission bits; default: as the umask has them. */
  readonly mode?: number;
}

/** Opens a file that it makes; `undefined` when there is one of that name. */
function openUnlessThere(path: Buffer, mode: number): number | undefined {
  try {
    return openSync(path, 'wx', mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    throw error;
  }
}

/** Temporary files of this process. */
export class UnfinishedFiles {
  readonly #paths = new Set<Buffer>();
  readonly #random: RandomText;
  readonly #removeAll = (): void => {
    for (const path of this.#paths) rmSync(path, { force: true });
    this.#paths.clear();
  };
  readonly #onSignal = (signal: NodeJS.Signals): void => {
    this.#removeAll();
    this.#listen(false);
    process.kill(process.pid, signal);
  };

  constructor(random: RandomText = randomUUID) {
    this.#random = random;
  }

  /**
   * Makes a temporary file. What a killed process left behind is not touched: another name is taken.
   *
   * @throws AxfsError naming the path; EEXIST, when every name is taken, naming the last temporary file.
   */
  open({ path, target, mode = USUAL_MODE }: UnfinishedPlace): UnfinishedFile {
    const folder = target.slice(0, target.lastIndexOf('/') + 1);
    for (let tries = 1; ; tries += 1) {
      const name = byteStringOf(`${folder}.axfs-${this.#random()}.tmp`);
      const bytes = Buffer.from(name, 'latin1');
      const descriptor = attempt('create', path, () => openUnlessThere(bytes, mode));
      if (descriptor !== undefined)
        return { path: bytes, descriptor, settle: this.#remember(bytes) };
      if (tries === TRIES)
        throw new AxfsError(
          'EEXIST',
          `cannot create ${toPrintable(path)}: its temporary file ${toPrintable(name)} exists, expected a name that is free`,
        );
    }
  }

  #remember(path: Buffer): UnfinishedFile['settle'] {
    if (this.#paths.size === 0) this.#listen(true);
    this.#paths.add(path);
    return (fate) => {
      if (!this.#paths.delete(path)) return;
      if (fate === 'remove') rmSync(path, { force: true });
      if (this.#paths.size === 0) this.#listen(false);
    };
  }

  #listen(on: boolean): void {
    const method = on ? 'on' : 'off';
    process[method]('exit', this.#removeAll);
    for (const signal of SIGNALS) process[method](signal, this.#onSignal);
  }
}
