/**
 * A host with one image of every kind of file, and how `axfs` runs on it.
 *
 * @module
 */
import { resolve } from 'node:path';
import { runAxfs } from '../../../src/cli/axfs.ts';
import { fromText } from '../../../src/base/bytestring.ts';
import { buildImage } from '../../../src/mkfs/build.ts';
import { profileOf } from '../../../src/mkfs/profile.ts';
import { treeFrom } from '../../../src/mkfs/tree.ts';
import type { EntrySpec } from '../../../src/mkfs/tree.ts';
import { FakeHost } from '../../support/fake-host.ts';
import { noiseBytes, textBytes } from '../../support/sample-data.ts';

/** Where golden texts are. */
export const golden = (name: string): string =>
  resolve(import.meta.dirname, '..', '..', '..', 'images', 'golden', name);

/** Every type of inode, every type of node, names beyond UTF-8, all special mode bits. */
export const SPEC: Readonly<Record<string, EntrySpec>> = {
  'bin/prog': { content: textBytes(9000), mode: 0o4755, uid: 1000, gid: 50 },
  'bin/sh': { type: 'symlink', target: 'prog' },
  'dev/big': { type: 'block', rdev: { major: 259, minor: 70000 }, mode: 0o660, gid: 6 },
  'dev/null': { type: 'char', rdev: { major: 1, minor: 3 }, mode: 0o666 },
  'etc/empty': '',
  'etc/motd': 'hello\n',
  'lib/noise': noiseBytes(5000),
  'odd/line\nbreak': 'one',
  'odd/n\u00e9': 'two',
  'odd/raw\udcff': { type: 'symlink', target: '\udcfe' },
  'run/fifo': { type: 'fifo' },
  'run/socket': { type: 'socket', mode: 0o755 },
  slink: { type: 'symlink', target: 'bin' },
  tmp: { type: 'dir', mode: 0o1777 },
};

let image: Promise<Uint8Array> | undefined;

/** The image of {@link SPEC}; pages 0 and 2 of bin/prog are XIP. */
export const sampleImage = (): Promise<Uint8Array> => (image ??= buildSample());

async function buildSample(): Promise<Uint8Array> {
  const profile = profileOf(
    [0, 8192].map((offset) => ({ path: fromText('bin/prog'), offset, count: 1 })),
  );
  const built = await buildImage(treeFrom(SPEC), {
    xip: { kind: 'profile', profile },
    timestamp: 1_700_000_000,
  });
  return built.toBytes();
}

/** A host with the image as /rootfs.axfs, and things that are no images. */
export const usualHost = async (): Promise<FakeHost> =>
  new FakeHost({ '/hello': 'hello', '/rootfs.axfs': await sampleImage() })
    .directory('/directory')
    .special('/device', 'char');

/** How a command ended. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly host: FakeHost;
}

/** Runs `axfs` with arguments. */
export async function run(argv: readonly string[], host?: FakeHost): Promise<Outcome> {
  const machine = host ?? (await usualHost());
  const code = await runAxfs(argv, machine);
  return { code, out: machine.stdout, err: machine.stderr, host: machine };
}
