/**
 * How much commands read of a host's files.
 *
 * @module
 */
import type { ByteString } from '../../../src/base/bytestring.ts';
import type { OpenFile } from '../../../src/host/host.ts';
import type { FakeHost } from '../../support/fake-host.ts';

/** What was read of files that were opened, all together. */
export interface Reads {
  /** Bytes, as often as they were read. */
  bytes: number;
  /** End of the part that ends last. */
  end: number;
}

/** Counts from now on. */
export function watchReads(host: FakeHost): Reads {
  const reads: Reads = { bytes: 0, end: 0 };
  const files = { ...host.files };
  Object.assign(host.files, {
    open: (path: ByteString): OpenFile => {
      const file = files.open(path);
      return {
        ...file,
        readAt: (into, position) => {
          reads.bytes += into.length;
          reads.end = Math.max(reads.end, position + into.length);
          return file.readAt(into, position);
        },
      };
    },
  });
  return reads;
}
