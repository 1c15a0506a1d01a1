/**
 * Remembers files that are still being written, and removes them when the process ends before they are
 * complete: by an exception, by `process.exit`, or by a signal that a terminal or a service manager sends.
 *
 * @module
 */
import { rmSync } from 'node:fs';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/** Temporary files of this process. */
export class UnfinishedFiles {
  readonly #paths = new Set<Buffer>();
  #count = 0;
  readonly #removeAll = (): void => {
    for (const path of this.#paths) rmSync(path, { force: true });
    this.#paths.clear();
  };
  readonly #onSignal = (signal: NodeJS.Signals): void => {
    this.#removeAll();
    this.#listen(false);
    process.kill(process.pid, signal);
  };

  /** A name for a temporary file, unique in its directory among running processes. */
  freshName(): string {
    this.#count += 1;
    return `.axfs-${String(process.pid)}-${String(this.#count)}.tmp`;
  }

  /** Remembers `path` until the returned function is called, which removes the file or keeps it. */
  remember(path: Buffer): (fate: 'remove' | 'keep') => void {
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
