/**
 * Where a report goes: standard output, or a file that appears when it is complete.
 *
 * @module
 */
import { fromText } from '../base/bytestring.ts';
import type { Host } from '../host/host.ts';

/** Writes `text` to the file at `path`, or to standard output. */
export const writeReport = (host: Host, path: string | undefined, text: string): void => {
  writeReportBytes(host, path, new TextEncoder().encode(text));
};

/** The same for bytes: names in a list may be any. */
export function writeReportBytes(host: Host, path: string | undefined, bytes: Uint8Array): void {
  if (path === undefined) {
    host.terminal.out(bytes);
    return;
  }
  const file = host.files.create(fromText(path));
  try {
    file.write(bytes);
    file.commit();
  } finally {
    file.discard();
  }
}
