/**
 * Temporary files of the host made of maps: in memory, counted, and as large as its disk has room.
 *
 * @module
 */
import type { AxfsError } from '../../src/base/errno.ts';
import type { Spool } from '../../src/host/host.ts';

/** What a fake host lends to its temporary files. */
export interface FakeRoom {
  readonly spools: { made: number; closed: number };
  diskBytes: number;
}

/** Makes a temporary file; `full` is what appending throws when there is no room. */
export function createFakeSpool(host: FakeRoom, full: () => AxfsError): Spool {
  const { spools } = host;
  spools.made += 1;
  let content: Uint8Array = new Uint8Array(0);
  return {
    get size() {
      return content.length;
    },
    append(bytes) {
      if (bytes.length > host.diskBytes) throw full();
      host.diskBytes -= bytes.length;
      content = Buffer.concat([content, bytes]);
    },
    readAt(into, position) {
      const part = content.subarray(position, position + into.length);
      into.set(part);
      return part.length;
    },
    close() {
      spools.closed += 1;
    },
  };
}
