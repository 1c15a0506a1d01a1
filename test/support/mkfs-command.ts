/**
 * `mkfs.axfs` on a fake host with a small tree and a page list.
 *
 * @module
 */
import { runMkfs } from '../../src/cli/mkfs.ts';
import { FakeHost } from './fake-host.ts';
import { textBytes } from './sample-data.ts';

const ELF = Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, ...textBytes(9000));

/** `/tree` with a text, an ELF program of three pages and two pages of data; `/list.csv` lists two pages. */
export const usual = (): FakeHost =>
  new FakeHost({ '/tree/only': 'only file' })
    .file('/tree/bin/prog', ELF, { mode: 0o755 })
    .file('/tree/lib/data', textBytes(4096 * 2))
    .file('/list.csv', './bin/prog,4096,3\nlib/data,0,1\n');

/** How a run ended. */
export interface Outcome {
  readonly code: number;
  readonly host: FakeHost;
  /** What is at /out.axfs. */
  readonly image: Uint8Array | undefined;
}

/** Runs the command with the words of `line`. */
export const run = async (line: string, host = usual()): Promise<Outcome> => {
  const code = await runMkfs(line === '' ? [] : line.split(' '), host);
  return { code, host, image: host.contentOf('/out.axfs') };
};
