/** One small image for each feature of the builder: the same bytes, the same dump, the same tree. */
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { PAGE_SIZE } from '../../src/base/units.ts';
import { CODECS, codecOf } from '../../src/codec/codecs.ts';
import { dumpText } from '../../src/cli/dump.ts';
import { manifestOf } from '../../src/cli/manifest.ts';
import { checkImage } from '../../src/fs/check.ts';
import type { ImageOptions } from '../../src/fs/image.ts';
import { AxfsVolume } from '../../src/fs/volume.ts';
import { createNodeHost } from '../../src/host/node-host.ts';
import { buildImage } from '../../src/mkfs/build.ts';
import type { BuildOptions } from '../../src/mkfs/build.ts';
import { ORIGINAL_FEATURES, PLAIN_FEATURES } from '../../src/mkfs/features.ts';
import type { Features } from '../../src/mkfs/features.ts';
import { XIP_POLICIES } from '../../src/mkfs/policy.ts';
import { treeFrom } from '../../src/mkfs/tree.ts';
import { memoryContents } from '../../src/mtd/contents.ts';
import type { MtdDevice } from '../../src/mtd/device.ts';
import { createRamDevice } from '../../src/mtd/ram.ts';
import { comparableTree } from '../support/comparable-tree.ts';
import { ROOT } from '../support/demo.ts';
import { GOLDEN_IMAGES, featuresFor } from '../support/golden-images.ts';
import type { GoldenImage } from '../support/golden-images.ts';
import { ReferenceReader } from '../support/reference-reader.ts';
import { treeOfImage } from '../support/volume-tree.ts';

const FOLDER = resolve(ROOT, 'images', 'golden', 'features');
const SUMS = 'SHA256SUMS';
const README = 'README.md';
const IMAGE_LIMIT = 64 * 1024;
const FOLDER_LIMIT = 400 * 1024;

const host = createNodeHost();
/** Set by test/vitest.images.config.ts. */
const isWriting = process.env['AXFS_WRITE_IMAGES'] === '1';

const isSplit = ({ options }: GoldenImage): boolean => options.features?.split === true;

/** An image's files, in the order of their bytes. */
const imageFiles = (golden: GoldenImage): readonly string[] =>
  isSplit(golden)
    ? [`${golden.name}.first.img`, `${golden.name}.second.img`]
    : [`${golden.name}.axfs`];
const textFile = ({ name }: GoldenImage): string => `${name}.txt`;

interface Made {
  readonly bytes: Uint8Array;
  readonly parts: readonly Uint8Array[];
}

async function make(golden: GoldenImage, changed: Partial<Features> = {}): Promise<Made> {
  const { options } = golden;
  const { xip = { kind: 'none' }, compat = false, timestamp = 0, sort } = options;
  const features = { ...featuresFor(golden), ...changed };
  const compressor = host.makeCompressor(0, features.codec);
  const image = await buildImage(treeFrom(golden.tree), {
    ...{ xip, compat, timestamp, features, compressor },
    ...(sort === undefined ? {} : { sort }),
    ...(options.digest === true ? { sha1: () => host.hash('sha1') } : {}),
  });
  await compressor.close();
  const bytes = image.toBytes();
  const { mmapSize } = image;
  const parts = isSplit(golden) ? [bytes.slice(0, mmapSize), bytes.slice(mmapSize)] : [bytes];
  return { bytes, parts };
}

const deviceOf = (name: string, bytes: Uint8Array): MtdDevice =>
  createRamDevice(name, memoryContents(bytes));

const optionsOf = (name: string, second?: MtdDevice): ImageOptions => ({
  name,
  inflater: host.makeInflater(),
  inflaterFor: (codec) => host.makeInflater(codec),
  ...(second === undefined ? {} : { second }),
});

/** An image of one or two parts, opened as a user would. */
function open(golden: GoldenImage, parts: readonly Uint8Array[]): AxfsVolume {
  const [first = '', other = ''] = imageFiles(golden);
  const [head = new Uint8Array(), rest] = parts;
  const second = rest && deviceOf(other, rest);
  return new AxfsVolume(deviceOf(first, head), optionsOf(first, second));
}

const stored = (file: string): Uint8Array => new Uint8Array(readFileSync(resolve(FOLDER, file)));
const storedText = (file: string): string => readFileSync(resolve(FOLDER, file), 'utf8');
const storedParts = (golden: GoldenImage): readonly Uint8Array[] => imageFiles(golden).map(stored);

function sha256(bytes: Uint8Array): string {
  const hash = host.sha256();
  hash.update(bytes);
  return hash.hex();
}

const dumpOf = (golden: GoldenImage, parts: readonly Uint8Array[]): string =>
  [...dumpText(open(golden, parts))].join('');

const sumsOf = (made: ReadonlyMap<GoldenImage, Made>): string =>
  [...made]
    .flatMap(([golden, { parts }]) =>
      imageFiles(golden).map((file, i) => `${sha256(parts[i]!)}  ${file}\n`),
    )
    .join('');

const readme = (): string =>
  [
    '# Golden images',
    '',
    'One small image for each thing that the builder can do, from the table in',
    '`test/support/golden-images.ts`. Beside each is what `axfs dump` says of it. `npm run images` writes',
    'them again, `sha256sum -c SHA256SUMS` verifies them.',
    '',
    '| Image | What it shows |',
    '| --- | --- |',
    ...GOLDEN_IMAGES.map(
      (golden) =>
        `| ${imageFiles(golden)
          .map((file) => `\`${file}\``)
          .join(', ')} | ${golden.sentence} |`,
    ),
    '',
  ].join('\n');

function write(made: ReadonlyMap<GoldenImage, Made>): void {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  const put = (file: string, content: string | Uint8Array): void => {
    writeFileSync(resolve(FOLDER, file), content);
  };
  for (const [golden, { parts }] of made) {
    imageFiles(golden).forEach((file, i) => {
      put(file, parts[i]!);
    });
    put(textFile(golden), dumpOf(golden, parts));
  }
  put(SUMS, sumsOf(made));
  put(README, readme());
}

const made = new Map<GoldenImage, Made>();

beforeAll(async () => {
  for (const golden of GOLDEN_IMAGES) made.set(golden, await make(golden));
  if (isWriting) write(made);
});

describe.each(GOLDEN_IMAGES.map((golden) => [golden.name, golden] as const))('%s', (_, golden) => {
  it('is built with the same bytes', () => {
    const parts = storedParts(golden);
    made.get(golden)!.parts.forEach((part, i) => {
      expect({ sha256: sha256(part), size: part.length }).toEqual({
        sha256: sha256(parts[i]!),
        size: parts[i]!.length,
      });
      expect(Buffer.compare(part, parts[i]!)).toBe(0);
      expect(part.length).toBeLessThanOrEqual(IMAGE_LIMIT);
    });
  });

  it('has the recorded dump', () => {
    expect(dumpOf(golden, storedParts(golden))).toBe(storedText(textFile(golden)));
  });

  it('is read back as its tree', () => {
    const bytes = new Uint8Array(Buffer.concat(storedParts(golden)));
    const tree = comparableTree(treeFrom(golden.tree));
    expect(comparableTree(treeOfImage(bytes))).toEqual(tree);
    // The independent reader knows zlib alone.
    if (golden.options.features?.codec !== 'lz4')
      expect(comparableTree(new ReferenceReader(bytes).tree())).toEqual(tree);
  });

  it('breaks no rule of the format', () => {
    const bytes = new Uint8Array(Buffer.concat(storedParts(golden)));
    const result = checkImage(deviceOf(golden.name, bytes), {
      ...optionsOf(golden.name),
      sha1: () => host.hash('sha1'),
    });
    expect(result).toMatchObject({
      verdict: 'clean',
      counts: golden.name === 'empty-root' ? { empty_root: 1 } : {},
      digest: golden.options.digest === true ? 'verified' : 'none',
    });
  });

  if (!isSplit(golden)) return;

  it('is read from two devices, and from a whole one behind the cut', () => {
    const parts = storedParts(golden);
    const whole = new Uint8Array(Buffer.concat(parts));
    const { entries } = manifestOf(new AxfsVolume(deviceOf('w', whole), optionsOf('w')), host);
    for (const [form, second] of [
      ['tail', parts[1]!],
      ['whole', whole],
    ] as const) {
      const volume = open(golden, [parts[0]!, second]);
      expect(volume.image.source.second?.form).toBe(form);
      expect(manifestOf(volume, host).entries).toEqual(entries);
    }
  });
});

describe('the folder', () => {
  it('holds the images of the table, their dumps, sums and sentences, and nothing else', () => {
    const expected = GOLDEN_IMAGES.flatMap((golden) => [...imageFiles(golden), textFile(golden)]);
    expect(new Set(expected).size).toBe(expected.length);
    expect(readdirSync(FOLDER).sort()).toEqual([...expected, README, SUMS].sort());
    expect(storedText(SUMS)).toBe(sumsOf(made));
    expect(storedText(README)).toBe(readme());
  });

  it('stays small', () => {
    const sizes = readdirSync(FOLDER).map((file) => stored(file).length);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(FOLDER_LIMIT);
  });
});

/** Build options: those that change bytes, and how an image shows that it uses one. */
const BUILD_OPTIONS: Readonly<
  Record<keyof BuildOptions, ((golden: GoldenImage) => boolean) | 'changes no byte'>
> = {
  xip: ({ options }) => options.xip !== undefined,
  compat: ({ options }) => options.compat === true,
  features: ({ options }) => options.features !== undefined,
  sort: ({ options }) => options.sort !== undefined,
  timestamp: ({ options }) => options.timestamp !== undefined,
  sha1: ({ options }) => options.digest === true,
  compressor: 'changes no byte',
  makeStore: 'changes no byte',
  onProgress: 'changes no byte',
  pause: 'changes no byte',
};

describe('the table', () => {
  const features = GOLDEN_IMAGES.map((golden) => ({
    ...(golden.options.compat === true ? ORIGINAL_FEATURES : PLAIN_FEATURES),
    ...featuresFor(golden),
  }));

  it.each(Object.keys(ORIGINAL_FEATURES) as (keyof Features)[])(
    'has an image that is another without feature %s',
    async (feature) => {
      const without: Partial<Features> = { [feature]: ORIGINAL_FEATURES[feature] };
      const showing: string[] = [];
      for (const golden of GOLDEN_IMAGES) {
        const wanted = featuresFor(golden)[feature];
        if (wanted === undefined || wanted === ORIGINAL_FEATURES[feature]) continue;
        const { bytes } = await make(golden, without);
        if (Buffer.compare(bytes, made.get(golden)!.bytes) !== 0) showing.push(golden.name);
      }
      expect(showing).not.toEqual([]);
    },
  );

  it.each(Object.entries(BUILD_OPTIONS))('shows build option %s', (_, isShown) => {
    expect(isShown === 'changes no byte' || GOLDEN_IMAGES.some(isShown)).toBe(true);
  });

  it('shows every compression_type, and cblocks of several sizes', () => {
    expect(new Set(features.map(({ codec }) => codecOf(codec).compressionType))).toEqual(
      new Set(CODECS.map(({ compressionType }) => compressionType)),
    );
    expect(new Set(features.map(({ cblockSize }) => cblockSize / PAGE_SIZE))).toEqual(
      new Set([1, 4, 16]),
    );
  });

  it('shows every policy, and with compat those of the original', () => {
    const policies = (rows: readonly GoldenImage[]): ReadonlySet<string> =>
      new Set(rows.map(({ options }) => options.xip?.kind ?? 'none'));
    expect(policies(GOLDEN_IMAGES)).toEqual(new Set(XIP_POLICIES));
    expect(policies(GOLDEN_IMAGES.filter(({ options }) => options.compat === true))).toEqual(
      new Set(XIP_POLICIES.filter((kind) => kind !== 'all')),
    );
  });
});
