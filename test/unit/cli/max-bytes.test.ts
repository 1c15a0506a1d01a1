import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Manifest } from '../../../src/cli/manifest.ts';
import { NodeReader } from '../../../src/fs/nodes.ts';
import type { Hash } from '../../../src/host/host.ts';
import type { EntrySpec } from '../../../src/mkfs/tree.ts';
import { FakeHost } from '../../support/fake-host.ts';
import { noiseBytes, sha256, textBytes } from '../../support/sample-data.ts';
import type { Patch } from '../fs/patch.ts';
import { run } from './axfs-host.ts';
import { compatPatch } from './compat-image.ts';
import { watchReads } from './watched-reads.ts';
import type { Reads } from './watched-reads.ts';

const PAGE = 4096;
/** One long run of nodes, and files that come to 10 GiB by all having it. */
const RUN = 4 * 2 ** 20;
const FILES = 2500;
const LIMIT = 4 * 2 ** 30;

const nameOf = (i: number): string => `f${String(i).padStart(4, '0')}`;
const NAMES = Array.from({ length: FILES }, (_, i) => nameOf(i));

/** An image whose small files all have the nodes of `big`; file i is `shorter(i)` bytes shorter. */
async function sharing(
  shorter: (i: number) => number,
  more: Readonly<Record<string, EntrySpec>> = {},
): Promise<Patch> {
  const small = Object.fromEntries(NAMES.map((name) => [name, '']));
  // Children are numbered in the order of their names.
  const patch = await compatPatch({ big: { content: new Uint8Array(RUN) }, ...small, ...more });
  for (let i = 0; i < FILES; i += 1)
    patch
      .setEntry('inode_file_size', 2 + i, RUN - shorter(i))
      .setEntry('inode_num_entries', 2 + i, RUN / PAGE)
      .setEntry('inode_array_index', 2 + i, patch.entry('inode_array_index', 1));
  return patch;
}

/** A host with an image, what is read of that, and how many bytes are hashed. */
interface Watched {
  readonly host: FakeHost;
  readonly reads: Reads;
  readonly hashed: () => number;
}

function watched(image: Uint8Array): Watched {
  const host = new FakeHost({ '/i': image });
  let bytes = 0;
  const sha256Of = (): Hash => {
    const hash = host.hash('sha256');
    return {
      update(piece) {
        bytes += piece.length;
        hash.update(piece);
      },
      hex: () => hash.hex(),
    };
  };
  Object.assign(host, { sha256: sha256Of });
  return { host, reads: watchReads(host), hashed: () => bytes };
}

const tooMuch = (name: string, bytes: number, limit: number): string =>
  `axfs: ${name}: contents come to ${String(bytes)} bytes, expected at most ${String(limit)}: if that is meant, raise --max-bytes\n`;

afterEach(() => {
  vi.restoreAllMocks();
});

describe('an image whose files share one long run of nodes', () => {
  let image = new Uint8Array(0);
  beforeAll(async () => {
    image = new Uint8Array((await sharing(() => 0)).bytes);
    expect(image.length).toBeLessThan(LIMIT / 4096);
  });

  it('has a manifest, for which the run is read once', async () => {
    const { host, reads, hashed } = watched(image);
    const { code, out } = await run(['manifest', 'i'], host);
    expect(code).toBe(0);
    const { entries } = JSON.parse(out) as Manifest;
    const hashes = new Set(entries.flatMap((entry) => entry.sha256 ?? []));
    expect([...hashes]).toEqual([await sha256(new Uint8Array(RUN))]);
    expect([entries.length, hashed()]).toEqual([FILES + 2, RUN]);
    expect(reads.bytes).toBeLessThan(2 * image.length);
  });

  it('is compared with itself, for which the run is read once on either side', async () => {
    const { host, reads } = watched(image);
    const looks = vi.spyOn(NodeReader.prototype, 'type');
    expect(await run(['diff', 'i', 'i'], host)).toMatchObject({
      ...{ code: 0, out: 'i and i do not differ\n' },
    });
    // Contents, and then regions.
    expect(reads.bytes).toBeLessThan(5 * image.length);
    expect(looks).toHaveBeenCalledTimes((2 * 2 * RUN) / PAGE);
  });

  it('is told of by info, for which every node is looked at once', async () => {
    const looks = vi.spyOn(NodeReader.prototype, 'type');
    const { code, out } = await run(['info', '--json', 'i'], new FakeHost({ '/i': image }));
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      fileBytes: (FILES + 1) * RUN,
      nodes: { total: ((FILES + 1) * RUN) / PAGE },
    });
    expect(looks).toHaveBeenCalledTimes(RUN / PAGE);
  });

  it.each([
    ['extract', 'i', 'out'],
    ['extract', 'i', '--tar', 'o'],
    ['extract', 'i', '--cpio', '-'],
    ['cat', 'i', 'big', ...NAMES],
  ])('is not expanded by %s %s %s %s', async (...argv) => {
    const { host, reads } = watched(image);
    expect(await run(argv, host)).toMatchObject({
      ...{ code: 8, out: '', err: tooMuch('i', (FILES + 1) * RUN, LIMIT) },
    });
    expect(host.paths).toEqual(['/', '/i']);
    expect(reads.bytes).toBeLessThan(2 * image.length);
  });

  it('is read file by file', async () => {
    const { code, host } = await run(['cat', 'i', 'big', 'f0000'], new FakeHost({ '/i': image }));
    expect([code, host.stdoutBytes.length]).toEqual([0, 2 * RUN]);
  });
});

describe('an image whose files overlap', () => {
  // Every run ends elsewhere, so that no two files have the same contents.
  const total = FILES * RUN - (FILES * (FILES - 1)) / 2;

  it.each([['manifest'], ['diff', 'i'], ['extract', 'out']])(
    'is not expanded by %s',
    async (command, ...rest) => {
      const { bytes } = await sharing((i) => i);
      const { host, reads } = watched(bytes);
      const name = command === 'diff' ? 'i and i' : 'i';
      // The first of the files has the same contents as big, and is extracted all the same.
      const expected = command === 'extract' ? total + RUN : total;
      expect(await run([command, 'i', ...rest], host)).toMatchObject({
        ...{ code: 8, out: '', err: tooMuch(name, expected, LIMIT) },
      });
      expect(reads.bytes).toBeLessThan(4 * bytes.length);
    },
  );

  it('may expand to 4096 times its size where that is more', async () => {
    const noise = 3 * 2 ** 19;
    const patch = await sharing((i) => i, { noise: { content: noiseBytes(noise) } });
    const limit = 4096 * patch.get('size');
    expect(limit).toBeGreaterThan(LIMIT);
    const { err } = await run(['manifest', 'i'], new FakeHost({ '/i': patch.bytes }));
    expect(err).toBe(tooMuch('i', total + noise, limit));
  });
});

describe('--max-bytes', () => {
  const hostOf = async (): Promise<FakeHost> => {
    const patch = await compatPatch({ a: { content: textBytes(5000) }, b: 'four' });
    return new FakeHost({ '/i': patch.bytes });
  };
  const COMMANDS: readonly (readonly [string, ...string[]])[] = [
    ['manifest', 'i'],
    ['cat', 'i', 'a', 'b'],
    ['extract', 'i', 'out'],
    ['extract', 'i', '--tar', 'o'],
    ['diff', 'i', 'i'],
  ];

  it.each(COMMANDS)('sets the limit of %s %s %s', async (...argv) => {
    const name = argv[0] === 'diff' ? 'i and i' : 'i';
    const refused = await run([...argv, '--max-bytes', '5003'], await hostOf());
    expect(refused).toMatchObject({ code: 8, out: '', err: tooMuch(name, 5004, 5003) });
    expect(refused.host.paths).toEqual(['/', '/i']);
    expect((await run([...argv, '--max-bytes', '5004'], await hostOf())).code).toBe(0);
    expect((await run([...argv, '--max-bytes', '1g'], await hostOf())).code).toBe(0);
  });

  it.each(COMMANDS)('and its unit are in the help of %s', async (command) => {
    const { out } = await run([command, '--help']);
    expect(out).toContain('--max-bytes <size>');
    expect(out).toContain('more than 4096 times the image and 4 GiB');
  });

  it.each(['', 'x', '-1', '1.5G', '9T'])('is not %j', async (size) => {
    expect(await run(['manifest', 'i', '--max-bytes', size], await hostOf())).toMatchObject({
      code: 16,
      out: '',
      err: `axfs: option '--max-bytes <size>' argument '${size}' is invalid. Expected bytes, or a number with K, M or G.\n`,
    });
  });
});
