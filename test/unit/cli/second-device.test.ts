import { beforeAll, describe, expect, it } from 'vitest';
import { runMkfs } from '../../../src/cli/mkfs.ts';
import { FakeHost } from '../../support/fake-host.ts';
import { noiseBytes, textBytes } from '../../support/sample-data.ts';
import { Patch } from '../fs/patch.ts';
import { run } from './axfs-host.ts';
import type { Outcome } from './axfs-host.ts';

/** `/front` needs `/tail`, or `/whole`, which is the same image uncut. */
const IMAGES = ['front', 'tail', 'whole'] as const;
let images: Readonly<Record<string, Uint8Array>> = {};
let mmapSize = 0;

beforeAll(async () => {
  const host = new FakeHost({
    '/tree/bin/prog': textBytes(20_000),
    '/tree/etc/noise': noiseBytes(5000),
    '/list.csv': 'bin/prog,0,1\n',
  }).symlink('/tree/bin/sh', 'prog');
  const mkfs = async (option: string, rest: string): Promise<void> => {
    const argv = ['--codec', 'zlib', '-q', '-i', 'list.csv', option, 'tree', 'front', rest];
    expect([await runMkfs(argv, host), host.stderr]).toEqual([0, '']);
  };
  await mkfs('--split', 'tail');
  await mkfs('--split-block', 'whole');
  images = Object.fromEntries(
    IMAGES.map((name) => [`/${name}`, host.contentOf(`/${name}`) ?? new Uint8Array(0)]),
  );
  mmapSize = new Patch(images['/whole'] ?? new Uint8Array(0)).get('mmap_size');
});

/** What is said of a second device on standard error. */
const taken = (second: string): string =>
  second === 'tail'
    ? `axfs: tail: taken as the part of the image from byte ${String(mmapSize)} on\n`
    : `axfs: whole: taken as a whole image, used from byte ${String(mmapSize)} on\n`;

const axfs = (...argv: readonly string[]): Promise<Outcome> => run(argv, new FakeHost(images));

/** Commands that take one image, with the arguments behind it. */
const COMMANDS: readonly (readonly [string, ...string[]])[] = [
  ['info'],
  ['ls', '-lR'],
  ['cat', 'bin/prog', 'etc/noise'],
  ['manifest'],
  ['dump'],
  ['dump', '--json', '--table', 'cblock_offset'],
  ['explain', 'bin/prog'],
  ['explain', 'etc/noise:4500', '--json'],
  ['extract', '--cpio', '-'],
];

describe('--second-device', () => {
  it.each(COMMANDS)('%s %s reads a split image as a whole one', async (command, ...rest) => {
    // Names have the same length, so that text is laid out alike.
    const expected = await axfs(command, 'whole', ...rest);
    expect([expected.code, expected.err]).toEqual([0, '']);
    for (const second of ['tail', 'whole']) {
      const { code, out, err } = await axfs(command, 'front', ...rest, '--second-device', second);
      expect({ code, err }).toEqual({ code: 0, err: taken(second) });
      expect(out.replaceAll('front', 'whole')).toBe(expected.out);
    }
  });

  it('is missed where it is not given', async () => {
    for (const [command, ...rest] of COMMANDS) {
      const { code, out, err } = await axfs(command, 'front', ...rest);
      expect([code, out]).toEqual([8, '']);
      expect(err).toContain('may be on a second device');
    }
    expect((await axfs('diff', 'front', 'whole')).err).toContain('may be on a second device');
  });

  it.each(['tail', 'whole'])('extract puts files from a %s into a directory', async (second) => {
    const { code, host } = await axfs('extract', 'front', 'out', '--second-device', second);
    expect(code).toBe(0);
    expect(host.contentOf('/out/bin/prog')).toEqual(textBytes(20_000));
    expect(host.contentOf('/out/etc/noise')).toEqual(noiseBytes(5000));
  });

  it('extract does not replace it by the archive', async () => {
    const { code, err, host } = await axfs(
      ...['extract', 'front', '--tar', 'tail', '--second-device', 'tail'],
    );
    expect(code).toBe(16);
    expect(err).toContain('axfs: archive tail is the image itself, expected another file\n');
    expect(host.contentOf('/tail')).toEqual(images['/tail']);
  });
});

describe('diff --second-device-a and --second-device-b', () => {
  it.each([
    { a: 'front', b: 'whole', seconds: [['a', 'tail']] },
    { a: 'front', b: 'whole', seconds: [['a', 'whole']] },
    { a: 'whole', b: 'front', seconds: [['b', 'tail']] },
    { a: 'whole', b: 'front', seconds: [['b', 'whole']] },
    {
      ...{ a: 'front', b: 'front' },
      seconds: [
        ['a', 'tail'],
        ['b', 'whole'],
      ],
    },
  ] as const)('$a $b $seconds', async ({ a, b, seconds }) => {
    const options = seconds.flatMap(([image, file]) => [`--second-device-${image}`, file]);
    expect(await axfs('diff', a, b, ...options)).toMatchObject({
      code: 0,
      out: `${a} and ${b} do not differ\n`,
      err: seconds.map(([, file]) => taken(file)).join(''),
    });
  });

  it('belong to one image each', async () => {
    const { code, err } = await axfs('diff', 'front', 'whole', '--second-device-b', 'tail');
    expect(code).toBe(8);
    expect(err).toMatch(/^axfs: front: .* may be on a second device\n$/);
    expect((await axfs('diff', 'front', 'front', '--second-device', 'tail')).code).toBe(16);
  });
});
