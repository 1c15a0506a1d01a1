import { runAxfs } from '../../src/cli/axfs.ts';
import { createNodeHost } from '../../src/host/node-host.ts';
import type { Host } from '../../src/host/host.ts';

const machine = createNodeHost();

/** How a command ended, and what it printed. */
export interface Finished {
  readonly code: number;
  readonly out: string;
  readonly bytes: Buffer;
  readonly err: string;
}

/** Runs `axfs` on this machine with its output captured. */
export async function axfs(...argv: readonly string[]): Promise<Finished> {
  const chunks: Buffer[] = [];
  let err = '';
  const host: Host = {
    ...machine,
    terminal: {
      // A copy: what is written belongs to the writer again afterwards.
      out: (data) => chunks.push(Buffer.from(data)),
      err: (text) => {
        err += text;
      },
      outIsTty: false,
      errIsTty: false,
      columns: 80,
      color: false,
    },
  };
  const code = await runAxfs(argv, host);
  const bytes = Buffer.concat(chunks);
  return { code, out: bytes.toString('utf8'), bytes, err };
}
