/**
 * The ways to an image: a library call with a tree in memory, the command with a source on disk, and a library
 * call with a tree read from such a source. All share compressors, because threads take their time to start.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toText } from '../../src/base/bytestring.ts';
import { runMkfs } from '../../src/cli/mkfs.ts';
import { readSource } from '../../src/cli/source.ts';
import { codecOf } from '../../src/codec/codecs.ts';
import type { CodecName } from '../../src/codec/codecs.ts';
import { createInlineCompressor } from '../../src/codec/compressor.ts';
import type { PageCompressor } from '../../src/codec/compressor.ts';
import type { Inflater } from '../../src/codec/zlib.ts';
import type { Host } from '../../src/host/host.ts';
import { createNodeHost, loadLibdeflate, loadZlibModule } from '../../src/host/node-host.ts';
import { createWorkerPool } from '../../src/host/worker-pool.ts';
import { buildImage } from '../../src/mkfs/build.ts';
import type { BuiltImage } from '../../src/mkfs/build.ts';
import { choosePages, policyOfChoice, sizerOf } from '../../src/mkfs/choose-pages.ts';
import { parseDeviceTable } from '../../src/mkfs/device-table.ts';
import type { Features } from '../../src/mkfs/features.ts';
import { profileOfPolicy } from '../../src/mkfs/policy.ts';
import type { XipPolicy } from '../../src/mkfs/policy.ts';
import { fixDriverPaths, writtenIn } from '../../src/mkfs/profile-forms.ts';
import { parseProfile } from '../../src/mkfs/profile.ts';
import { parseSortList } from '../../src/mkfs/sort-list.ts';
import { allRoot, applyDeviceTable, exclude, setOwner } from '../../src/mkfs/transform.ts';
import type { TreeDirectory } from '../../src/mkfs/tree.ts';
import { changed } from './tree-sources.ts';
import {
  DEVICE_TABLE,
  LISTS,
  pageListOf,
  patternsOf,
  sortListOf,
  wordsOf,
  xipRow,
} from './writer-options.ts';
import type { WriterOptions } from './writer-options.ts';

// --- compressors ----------------------------------------------------------------------------------------

/** The worker as built: Node 20 runs no TypeScript in a thread. The test run builds dist first. */
const workerUrl = new URL('../../dist/src/host/deflate-worker.js', import.meta.url);
const modules = { zlib: loadZlibModule(), libdeflate: loadLibdeflate() };

/** Compressors by codec and number of threads, 0 = the calling one, each made when it is first asked for. */
export class Compressors {
  readonly #made = new Map<string, PageCompressor>();

  get(codec: CodecName, jobs: number): PageCompressor {
    const key = `${codec} ${String(jobs)}`;
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const made =
      jobs === 0
        ? createInlineCompressor(codecOf(codec).makeDeflater(modules))
        : createWorkerPool({ workerUrl, jobs, codec, modules });
    this.#made.set(key, made);
    return made;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#made.values()].map((compressor) => compressor.close()));
  }
}

/** Finishes batches later than it gets them, each after another number of turns. */
export function reluctant(inline: PageCompressor, parallelism: number): PageCompressor {
  let batches = 0;
  return {
    ...inline,
    parallelism,
    compress: async (blocks) => {
      const results = await inline.compress(blocks);
      batches += 1;
      for (let turn = (batches * 7) % 5; turn > 0; turn -= 1) await Promise.resolve();
      return results;
    },
  };
}

/** An inflater for whatever a codec makes. */
export const inflaterFor = (codec: CodecName): Inflater => codecOf(codec).makeInflater(modules);

// --- library calls --------------------------------------------------------------------------------------

const sha1 = (): { update(bytes: Uint8Array): void; hex(): string } => {
  const hash = createHash('sha1');
  return {
    update(bytes) {
      hash.update(bytes);
    },
    hex: () => hash.digest('hex'),
  };
};

/** What the options of a source do, by the library. */
function transformed(tree: TreeDirectory, options: WriterOptions): TreeDirectory {
  const { owner, deviceTable } = options;
  const left = exclude(tree, patternsOf(options)).tree;
  const owned = owner.isAllRoot === true ? allRoot(left) : setOwner(left, owner);
  const rows = deviceTable ? parseDeviceTable(Buffer.from(DEVICE_TABLE), LISTS.table) : [];
  return applyDeviceTable(owned, rows);
}

async function policyFor(
  tree: TreeDirectory,
  options: WriterOptions,
  compressor: PageCompressor,
): Promise<XipPolicy> {
  const { excludeWritten, budget, xipTails, dedupe } = options;
  const row = xipRow(options);
  const listed = parseProfile(pageListOf(options), LISTS.profile);
  const list = row.isDriver === true ? fixDriverPaths(listed, tree).profile : listed;
  const policy = row.policy(list);
  const hasBudget = row.hasBudget === true;
  if (!excludeWritten && !hasBudget) return policy;
  const choice = await choosePages(tree, {
    ...{ policy, xipTails, mergeIdentical: dedupe },
    ...(excludeWritten ? { written: writtenIn(list), excludeElfData: true } : {}),
    ...(hasBudget ? { budget, sizer: sizerOf(compressor) } : {}),
  });
  return policyOfChoice(choice, profileOfPolicy(policy));
}

function featuresOf(options: WriterOptions): Partial<Features> {
  if (options.compat) return {};
  const { codec, cblockSize, compressTables, minimalTables, dedupe, xipTails } = options;
  const split = options.split !== 'no';
  return { codec, cblockSize, compressTables, minimalTables, dedupe, xipTails, split };
}

/** Builds from a tree that all options on sources went over. */
async function buildTree(
  tree: TreeDirectory,
  options: WriterOptions,
  compressor: PageCompressor,
): Promise<BuiltImage> {
  const { compat, sort, timestamp, digest } = options;
  return buildImage(tree, {
    ...{ compat, compressor, features: featuresOf(options) },
    xip: await policyFor(tree, options, compressor),
    ...(sort === undefined ? {} : { sort: parseSortList(sortListOf(options), LISTS.sort) }),
    ...(timestamp === undefined ? {} : { timestamp }),
    ...(digest ? { sha1 } : {}),
  });
}

/** Builds from a tree in memory. */
export const buildFromMemory = (
  tree: TreeDirectory,
  options: WriterOptions,
  compressor: PageCompressor,
): Promise<BuiltImage> => buildTree(transformed(tree, options), options, compressor);

const PIECES = [1, 4095, 70_000, 3];

function* inPieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0, i = 0; at < bytes.length; i += 1) {
    const length = PIECES[i % PIECES.length]!;
    yield bytes.slice(at, at + length);
    at += length;
  }
}

/** The same tree, with contents that come when they are asked for, in pieces of odd lengths. */
export const lazily = (tree: TreeDirectory): TreeDirectory =>
  changed(tree, (entry) => {
    if (entry.type !== 'file' || !(entry.content instanceof Uint8Array)) return entry;
    const bytes = entry.content;
    return { ...entry, content: { size: bytes.length, read: () => inPieces(bytes) } };
  });

// --- sources on disk ------------------------------------------------------------------------------------

/** Where an image came to be, and how it is cut. */
export interface WrittenImage {
  /** All bytes, whether or not they are in one file. */
  readonly whole: Uint8Array;
  /** With `--split`: what is in the two files. */
  readonly parts?: readonly [Uint8Array, Uint8Array];
}

/** This machine, with a compressor that others use, too, and a terminal that nobody sees. */
function quietHost(compressor: PageCompressor, said: string[]): Host {
  return {
    ...createNodeHost(),
    environment: () => undefined,
    makeCompressor: () => ({ ...shared(compressor), close: () => Promise.resolve() }),
    terminal: {
      out: () => undefined,
      err: (text) => void said.push(text),
      ...{ outIsTty: false, errIsTty: false, columns: 80, color: false },
    },
  };
}

const shared = (compressor: PageCompressor): Omit<PageCompressor, 'close'> => ({
  parallelism: compressor.parallelism,
  compress: (blocks) => compressor.compress(blocks),
});

/** Builds from a source in `folder`: by the command, or where that has no words for it, by the library. */
export async function buildFromSource(
  source: string,
  options: WriterOptions,
  compressor: PageCompressor,
  folder: string,
): Promise<WrittenImage> {
  const at = (list: keyof typeof LISTS): string => join(folder, LISTS[list]);
  writeFileSync(at('profile'), pageListOf(options));
  writeFileSync(at('sort'), sortListOf(options));
  writeFileSync(at('table'), DEVICE_TABLE);
  const said: string[] = [];
  const host = quietHost(compressor, said);
  if (!options.compat && !options.xipTails) return byLibrary(host, source, options, at('table'));
  const targets = ['first.img', 'second.img']
    .slice(0, options.split === 'no' ? 1 : 2)
    .map((name) => join(folder, name));
  const code = await runMkfs(['-q', ...wordsOf(options, at), source, ...targets], host);
  if (code !== 0) throw new Error(`mkfs.axfs ended with ${String(code)}: ${said.join('')}`);
  const [first = new Uint8Array(), second] = targets.map((path) => readFileSync(path));
  if (second === undefined) return { whole: first };
  const whole = options.split === 'split' ? Buffer.concat([first, second]) : second;
  return { whole, parts: [first, second] };
}

async function byLibrary(
  host: Host,
  path: string,
  options: WriterOptions,
  table: string,
): Promise<WrittenImage> {
  const { isAllRoot, ...owner } = options.owner;
  const source = await readSource(host, path, {
    ...owner,
    ...(isAllRoot === true ? { allRoot: true } : {}),
    exclude: patternsOf(options).map(toText),
    ...(options.deviceTable ? { deviceTable: table } : {}),
  });
  try {
    const image = await buildTree(source.tree, options, host.makeCompressor(0));
    return { whole: image.toBytes() };
  } finally {
    source.close();
  }
}
