/**
 * Whether extraction loses anything: archives of reference images build the same images again, byte for
 * byte, and directories have what the images say. Needs the reference data (AXFS_REFERENCE); directories
 * need root, too, for owners and devices.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCpio } from '../../src/archive/cpio-read.ts';
import type { ArchiveListing } from '../../src/archive/entry.ts';
import { readTar } from '../../src/archive/tar-read.ts';
import { fromBytes } from '../../src/base/bytestring.ts';
import type { Manifest, ManifestEntry } from '../../src/cli/manifest.ts';
import { createInlineCompressor } from '../../src/codec/compressor.ts';
import { createPakoDeflater } from '../../src/codec/pako.ts';
import { createWasmZlib } from '../../src/codec/wasm-zlib.ts';
import { loadZlibModule } from '../../src/host/node-host.ts';
import { buildImage } from '../../src/mkfs/build.ts';
import { treeFromArchive } from '../../src/mkfs/from-archive.ts';
import type { XipPolicy } from '../../src/mkfs/policy.ts';
import { parseProfile } from '../../src/mkfs/profile.ts';
import { inputOf } from '../support/archives.ts';
import { REFERENCE, canExtract, hasReference, whyNoCorpus, whyNoReference } from './reference.ts';
import { axfs } from './run-axfs.ts';

const imagePath = (name: string, extension = 'axfs'): string =>
  join(REFERENCE, 'reference-images', `${name}.${extension}`);

const none = (): XipPolicy => ({ kind: 'none' });
const readList =
  (kind: 'profile' | 'files') =>
  (name: string): XipPolicy => {
    const list = imagePath(name, 'csv');
    return { kind, profile: parseProfile(fs.readFileSync(list), list) };
  };

/** Images of the original builder that are whole, with the policy each was built with. */
const IMAGES = [
  ['01-sizes', none],
  ['02-text', none],
  ['03-random', none],
  ['04-symlinks', none],
  ['05-special', none],
  ['07-many', none],
  ['08-names', none],
  ['11-zeros', none],
  ['12-xip-profile', readList('profile')],
  ['12-noprofile', none],
  ['13-busybox', readList('profile')],
  ['15-elf-entire', readList('files')],
  ['17-single', none],
  ['18-empty-root', none],
  ['20-pad-4', none],
] as const;

const FORMATS = [
  ['cpio', readCpio],
  ['tar', readTar],
] as const;

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Builds an image from an archive as the original builder would from the files in it. */
async function rebuild(listing: ArchiveListing, xip: XipPolicy): Promise<Uint8Array> {
  const module = loadZlibModule();
  const deflater = module === undefined ? createPakoDeflater() : createWasmZlib(module);
  const built = await buildImage(treeFromArchive(listing.entries, 'archive'), {
    compat: true,
    xip,
    compressor: createInlineCompressor(deflater),
  });
  return built.toBytes();
}

describe.skipIf(!hasReference)(`images from their archives${whyNoReference}`, () => {
  const cases = FORMATS.flatMap(([format, read]) =>
    IMAGES.map(([name, policy]) => ({ format, read, name, policy })),
  ).filter(({ format, name }) => format === 'cpio' || name !== '05-special');

  it.each(cases)('$name, through $format', async ({ format, read, name, policy }) => {
    const { code, bytes, err } = await axfs(
      'extract',
      imagePath(name),
      '--strict',
      `--${format}`,
      '-',
    );
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const rebuilt = await rebuild(read(inputOf(bytes)), policy(name));
    expect(sha256(rebuilt)).toBe(sha256(fs.readFileSync(imagePath(name))));
  });

  it('05-special: tar has no sockets; they are named, and an error under --strict', async () => {
    const { code, bytes, err } = await axfs('extract', imagePath('05-special'), '--tar', '-');
    expect(code).toBe(0);
    expect(err).toMatch(/^axfs: warning: 1 socket left out: tar has no type for them: \S+\n$/);
    expect(readTar(inputOf(bytes)).entries.some(({ type }) => type === 'block')).toBe(true);
    const strict = await axfs('extract', imagePath('05-special'), '--strict', '--tar', '-');
    expect([strict.code, strict.bytes.length]).toEqual([8, 0]);
  });
});

describe.skipIf(!canExtract)(`directories${whyNoCorpus}`, () => {
  let folder = '';
  beforeAll(() => {
    folder = fs.mkdtempSync(join(tmpdir(), 'axfs-extract-'));
  });
  afterAll(() => {
    fs.rmSync(folder, { recursive: true, force: true });
  });

  /** Paths below a directory as bytes, the directory itself as '.'. */
  function pathsBelow(top: string, path = '.'): string[] {
    const at = Buffer.from(path === '.' ? top : `${top}/${path}`, 'latin1');
    if (!fs.lstatSync(at).isDirectory()) return [path];
    const names = fs.readdirSync(at, { encoding: 'buffer' });
    const below = names.map((name) => fromBytes(name));
    return [
      path,
      ...below.flatMap((name) => pathsBelow(top, path === '.' ? name : `${path}/${name}`)),
    ];
  }

  const bytesOf = (entry: ManifestEntry, key: 'path' | 'linkTarget'): string =>
    entry[`${key}Hex`] === undefined
      ? Buffer.from(entry[key] ?? '').toString('latin1')
      : Buffer.from(entry[`${key}Hex`] ?? '', 'hex').toString('latin1');

  /** What lstat and the contents say, in the terms of a manifest. */
  function lookAt(top: string, path: string): Readonly<Record<string, unknown>> {
    const at = Buffer.from(`${top}/${path}`, 'latin1');
    const stat = fs.lstatSync(at);
    const isDevice = stat.isBlockDevice() || stat.isCharacterDevice();
    return {
      path,
      mode: `0${stat.mode.toString(8)}`,
      uid: stat.uid,
      gid: stat.gid,
      mtime: stat.mtimeMs / 1000,
      ...(isDevice ? { rdevRaw: stat.rdev } : {}),
      ...(stat.isFile() ? { sha256: sha256(fs.readFileSync(at)) } : {}),
      ...(stat.isSymbolicLink()
        ? { linkTarget: fs.readlinkSync(at, { encoding: 'buffer' }).toString('latin1') }
        : {}),
    };
  }

  const expected = (entry: ManifestEntry): Readonly<Record<string, unknown>> => ({
    path: bytesOf(entry, 'path'),
    mode: entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    mtime: 0,
    ...(entry.rdevRaw === undefined ? {} : { rdevRaw: entry.rdevRaw }),
    ...(entry.type === 'file' ? { sha256: entry.sha256 } : {}),
    ...(entry.type === 'symlink' ? { linkTarget: bytesOf(entry, 'linkTarget') } : {}),
  });

  const byPath = (
    a: Readonly<Record<string, unknown>>,
    b: Readonly<Record<string, unknown>>,
  ): number => (String(a['path']) < String(b['path']) ? -1 : 1);

  it.each(['01-sizes', '04-symlinks', '05-special', '08-names', '13-busybox'])(
    '%s: owners, modes, devices, targets and contents are the manifest’s',
    async (name) => {
      const top = join(folder, name);
      const { code } = await axfs('extract', imagePath(name), top);
      expect(code).toBe(0);
      const manifest = JSON.parse(
        fs.readFileSync(imagePath(name, 'manifest.json'), 'utf8'),
      ) as Manifest;
      const entries = manifest.entries.filter(({ type }) => type !== 'socket');
      expect(
        pathsBelow(top)
          .map((path) => lookAt(top, path))
          .sort(byPath),
      ).toEqual(entries.map(expected).sort(byPath));
    },
  );
});
