/**
 * Where a report goes: standard output, or a file that appears when it is complete.
 *
 * @module
 */
import { fromText } from '../base/bytestring.ts';
import type { Host } from '../host/host.ts';

/** Writes `text` to the file at `path`, or to standard output. */
export function writeReport(host: Host, path: string | undefined, text: string): void {
  if (path === undefined) {
    host.terminal.out(text);
    return;
  }
  const file = host.files.create(fromText(path));
  try {
    file.write(new TextEncoder().encode(text));
    file.commit();
  } finally {
    file.discard();
  }
}
