/**
 * What a command tells of damage that it goes on behind: a line for each of the first entries on standard
 * error, how many more there were, and in the end that it failed.
 *
 * @module
 */
import { toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import { FINDINGS_PER_RULE } from '../fs/check-rules.ts';
import type { DamageSink } from '../fs/volume.ts';
import type { Host } from '../host/host.ts';
import { counted } from './sizes.ts';

/** Lines printed; a tiny image can have millions of damaged entries. */
const LINES_MAX = FINDINGS_PER_RULE;
/** Entries kept for programs. */
const KEPT_MAX = 1000;

/** An entry that is damaged. */
export interface DamagedEntry {
  readonly path: ByteString;
  readonly error: string;
}

/** Damage of one image, told as it is found. */
export class DamageReport {
  /** Entries told of so far. */
  count = 0;
  /** The first of them. */
  readonly first: DamagedEntry[] = [];
  readonly #host: Host;

  constructor(host: Host) {
    this.#host = host;
  }

  /** Tells of one entry; `path` is as far as it is known. */
  readonly tell = (path: ByteString, { message }: AxfsError): void => {
    this.count += 1;
    if (this.count <= KEPT_MAX) this.first.push({ path, error: message });
    if (this.count > LINES_MAX) return;
    this.#host.terminal.err(`axfs: ${toPrintable(path)}: ${message}\n`);
  };

  /** The same for a walk. */
  readonly sink: DamageSink = (error, _inode, path) => {
    this.tell(path, error);
  };

  /**
   * Ends the report. `what` follows the number of entries: `could not be extracted, see above`.
   *
   * @throws AxfsError EIO when there was damage.
   */
  end(image: string, what: string): void {
    if (this.count === 0) return;
    const more = this.count - LINES_MAX;
    if (more > 0)
      this.#host.terminal.err(`axfs: and ${counted(more, 'more entry', 'more entries')}\n`);
    throw new AxfsError('EIO', `${image}: ${counted(this.count, 'entry', 'entries')} ${what}`);
  }
}

/** What `get` gives, or `otherwise` after damage has been told of; without `damaged`, it is thrown. */
export function unlessDamaged<T>(
  get: () => T,
  damaged: ((error: AxfsError) => void) | undefined,
  otherwise: (error: AxfsError) => T,
): T {
  try {
    return get();
  } catch (error) {
    if (damaged === undefined || !(error instanceof AxfsError)) throw error;
    damaged(error);
    return otherwise(error);
  }
}
