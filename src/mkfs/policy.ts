/**
 * Which pages go to the XIP region (builder description, sections 1.1 and 1.3).
 *
 * @module
 */
import type { ByteString } from '../base/bytestring.ts';
import type { PageProfile } from './profile.ts';
import { sizeOf } from './tree.ts';
import type { TreeFile } from './tree.ts';

/** Selects pages. Symlinks are never executed in place. */
export type XipPolicy =
  /** No page. */
  | { readonly kind: 'none' }
  /** The pages of the list (`-i`). */
  | { readonly kind: 'profile'; readonly profile: PageProfile }
  /** Every page of every file that the list names (`-e -i`). */
  | { readonly kind: 'files'; readonly profile: PageProfile }
  /** Every page of every owner-executable ELF file (`-a`), and what `listed` selects. */
  | { readonly kind: 'elf'; readonly listed?: Extract<XipPolicy, { profile: PageProfile }> }
  /** Every page of every regular file; the original builder has no such policy. */
  | { readonly kind: 'all' };

/** Name of a policy. */
export type XipPolicyKind = XipPolicy['kind'];

/** Names of the policies, for options. */
export const XIP_POLICIES = [
  'none',
  'profile',
  'files',
  'elf',
  'all',
] as const satisfies readonly XipPolicyKind[];

/** Says for each page of one file whether it goes to the XIP region. */
export type PageSelector = (page: number) => boolean;

const never: PageSelector = () => false;
const always: PageSelector = () => true;

const ELF_MAGIC = [0x7f, 0x45, 0x4c, 0x46] as const;
const OWNER_EXECUTE = 0o100;

/** Owner-executable with at least four bytes, the first four `7F 45 4C 46`. `head` starts the content. */
export const isElfProgram = (file: TreeFile, head: Uint8Array): boolean =>
  Math.floor(file.mode / OWNER_EXECUTE) % 2 === 1 && ELF_MAGIC.every((byte, i) => head[i] === byte);

/** The pages of one file that `policy` selects. `head` is the start of its content, up to a page. */
export function selectPages(
  policy: XipPolicy,
  path: ByteString,
  file: TreeFile,
  head: Uint8Array,
): PageSelector {
  switch (policy.kind) {
    case 'none':
      return never;
    case 'all':
      return always;
    case 'profile': {
      const pages = policy.profile.pages.get(path);
      return pages === undefined ? never : (page) => pages.has(page);
    }
    case 'files':
      return policy.profile.pages.has(path) ? always : never;
    case 'elf':
      if (isElfProgram(file, head)) return always;
      return policy.listed === undefined ? never : selectPages(policy.listed, path, file, head);
  }
}

/** The list that a policy uses, if any. */
export const profileOfPolicy = (policy: XipPolicy): PageProfile | undefined => {
  if (policy.kind === 'elf') return policy.listed?.profile;
  return 'profile' in policy ? policy.profile : undefined;
};

/** How the lines of a page list met the tree. */
export interface ProfileMatch {
  readonly lines: number;
  readonly matched: number;
  /** Lines whose path is no regular file of the tree, or whose offset is not inside the file. */
  readonly unmatched: PageProfile['entries'];
}

/** Compares a page list with the regular files of a tree, given as path → file. */
export function matchProfile(
  profile: PageProfile,
  files: ReadonlyMap<ByteString, TreeFile>,
): ProfileMatch {
  const unmatched = profile.entries.filter(({ path, offset }) => {
    const file = files.get(path);
    return file === undefined || offset >= sizeOf(file.content);
  });
  const lines = profile.entries.length;
  return { lines, matched: lines - unmatched.length, unmatched };
}
