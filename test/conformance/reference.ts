import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

const named = process.env['AXFS_REFERENCE'] ?? '';

/** Directory of the reference data; meaningful only with {@link hasReference}. */
export const REFERENCE = resolve(named === '' ? '.' : named);

/** There is reference data. */
export const hasReference = named !== '' && existsSync(join(REFERENCE, 'reference-images'));

/** Why suites are skipped, for their titles. */
export const whyNoReference = hasReference
  ? ''
  : ' (skipped: set AXFS_REFERENCE to the reference data)';

/** Owners are part of an image, so the root filesystem is extracted by root only. */
export const canExtract = hasReference && process.getuid?.() === 0;

/** Why suites on the root filesystem are skipped, for their titles. */
export const whyNoCorpus = canExtract
  ? ''
  : ' (skipped: needs AXFS_REFERENCE, and root for the owners)';

/** Extracts the root filesystem into `folder`, which is made. */
export function extractCorpus(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const archive = join(REFERENCE, 'corpus', 'armhf-rootfs.tar.xz');
  execFileSync('tar', ['-xJpf', archive, '--numeric-owner', '-C', folder]);
}
