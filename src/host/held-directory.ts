/**
 * Directories held open on the real machine. Linux reaches what is in one through /proc, whatever became of
 * its path; where there is no /proc, the path is used, and a directory that somebody puts in place of
 * another between a look at it and its use goes unnoticed.
 *
 * @module
 */
import * as fs from 'node:fs';
import { byteStringOf } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import type { DirectoryStat, HeldDirectory } from './host.ts';
import { setByDescriptor } from './tree-metadata.ts';
import { attempt } from './world-error.ts';

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = fs.constants;
const EXACT = { bigint: true } as const;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const native = (path: ByteString): Buffer => Buffer.from(path, 'latin1');

const statOf = ({ mode, dev, ino, mtimeNs }: fs.BigIntStats): DirectoryStat => ({
  mode: Number(mode),
  device: Number(dev),
  inode: ino,
  modified: mtimeNs,
});

/**
 * Signals that come while a tree is made. Without a listener, one would be lost when it comes just while the
 * file that is being written has one.
 */
export class AwaitedSignals {
  #held = 0;
  readonly #onSignal = (signal: NodeJS.Signals): void => {
    this.#listen(false);
    // Others that listen have their turn, too; then nobody does.
    process.kill(process.pid, signal);
  };

  /** One more directory is held, or one less. */
  add(change: 1 | -1): void {
    const before = this.#held;
    this.#held += change;
    if (before === 0 || this.#held === 0) this.#listen(this.#held > 0);
  }

  #listen(on: boolean): void {
    for (const signal of SIGNALS) process[on ? 'on' : 'off'](signal, this.#onSignal);
  }
}

/** A path to what the descriptor is, for this process and those it starts; `undefined` without /proc. */
function reachOf(descriptor: number): ByteString | undefined {
  const reach = byteStringOf(`/proc/${String(process.pid)}/fd/${String(descriptor)}`);
  const there = fs.statSync(native(reach), { ...EXACT, throwIfNoEntry: false });
  const own = fs.fstatSync(descriptor, EXACT);
  return there?.dev === own.dev && there.ino === own.ino ? reach : undefined;
}

/** Opens the directory at `place`; messages call it `path`. @throws AxfsError ENOTDIR, ELOOP when it is none. */
export function holdDirectory(
  path: ByteString,
  place: ByteString,
  signals: AwaitedSignals,
): HeldDirectory {
  return attempt('open', path, () => {
    const descriptor = fs.openSync(native(place), O_RDONLY + O_DIRECTORY + O_NOFOLLOW);
    const reach = reachOf(descriptor);
    signals.add(1);
    return {
      path,
      reach: reach ?? path,
      stat: () =>
        attempt('stat', path, () =>
          statOf(
            reach === undefined
              ? fs.lstatSync(native(path), EXACT)
              : fs.fstatSync(descriptor, EXACT),
          ),
        ),
      setMetadata(metadata) {
        attempt('set owner, mode or time of', path, () => {
          setByDescriptor(descriptor, metadata);
        });
      },
      close() {
        fs.closeSync(descriptor);
        signals.add(-1);
      },
    };
  });
}
