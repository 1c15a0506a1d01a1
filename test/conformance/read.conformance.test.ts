/**
 * Whether every valid image of the original builder is read as its manifest says, through the command.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Manifest, ManifestEntry } from '../../src/cli/manifest.ts';
import { REFERENCE, hasReference, whyNoReference } from './reference.ts';
import { axfs } from './run-axfs.ts';

const imagePath = (name: string): string => join(REFERENCE, 'reference-images', `${name}.axfs`);

/** Fields of the reference manifests that an image holds; a link count of the source tree is not one. */
type ReferenceEntry = ManifestEntry & { nlink?: number };

const VALID = (
  '01-sizes 02-text 03-random 04-symlinks 05-special 07-many 08-names 11-zeros 12-noprofile ' +
  '12-xip-profile 13-busybox 15-elf-entire 17-single 18-empty-root 20-pad-4 30-exotic-depth ' +
  '31-exotic-zregions 32-exotic-cblock16k 34-v1-planar 36-exotic-dedup'
).split(' ');

describe.skipIf(!hasReference)(`reference images${whyNoReference}`, () => {
  it.each(VALID)('%s: the manifest is the reference manifest, entry by entry', async (name) => {
    const { code, out, err } = await axfs('manifest', imagePath(name));
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const expected = JSON.parse(
      readFileSync(imagePath(name).replace('.axfs', '.manifest.json'), 'utf8'),
    ) as { readonly entries: readonly ReferenceEntry[] };
    const entries = expected.entries.map((entry) => {
      const held: Partial<ReferenceEntry> = { ...entry };
      delete held.nlink;
      return held;
    });
    expect((JSON.parse(out) as Manifest).entries).toEqual(entries);
  });

  it.each([
    ['20-pad-0', /truncated: the superblock says 8196 bytes .* but there are 8192/],
    ['20-pad-2', /truncated: the superblock says 8194 bytes .* but there are 8192/],
    ['90-newer-mkfs', /packed 253-byte superblock of the unfinished newer builder/],
  ])('%s is refused with a sentence that says why', async (name, sentence) => {
    for (const command of ['info', 'ls', 'manifest']) {
      const { code, out, err } = await axfs(command, imagePath(name));
      expect({ code, out }).toEqual({ code: 8, out: '' });
      expect(err).toMatch(sentence);
      expect(err.trim().split('\n')).toHaveLength(1);
    }
  });

  it('cat writes the bytes of a file whose pages are of all three kinds', async () => {
    const { out } = await axfs('manifest', imagePath('12-xip-profile'));
    const prog = (JSON.parse(out) as Manifest).entries.find(({ path }) => path === 'bin/prog');
    const cat = await axfs('cat', imagePath('12-xip-profile'), 'bin/link');
    expect(cat.code).toBe(0);
    expect(cat.bytes.length).toBe(17618);
    expect(createHash('sha256').update(cat.bytes).digest('hex')).toBe(prog?.sha256);
  });
});
