import { describe, expect, it } from 'vitest';
import { fromText } from '../../../src/base/bytestring.ts';
import {
  XIP_POLICIES,
  isElfProgram,
  matchProfile,
  profileOfPolicy,
  selectPages,
} from '../../../src/mkfs/policy.ts';
import type { XipPolicy } from '../../../src/mkfs/policy.ts';
import { profileOf } from '../../../src/mkfs/profile.ts';
import type { TreeFile } from '../../../src/mkfs/tree.ts';

const ELF = Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 1);
const file = (content: Uint8Array, mode = 0o755): TreeFile => ({
  type: 'file',
  mode,
  uid: 0,
  gid: 0,
  content,
});
const profile = profileOf([
  { path: fromText('bin/a'), offset: 4096, count: 1 },
  { path: fromText('bin/b'), offset: 0, count: 1 },
]);

describe('isElfProgram', () => {
  it.each([
    ['an executable ELF file', ELF, 0o755, true],
    ['owner-executable only', ELF, 0o100, true],
    ['setuid', ELF, 0o4711, true],
    ['not owner-executable', ELF, 0o677, false],
    ['exactly the magic', ELF.subarray(0, 4), 0o755, true],
    ['three bytes of it', ELF.subarray(0, 3), 0o755, false],
    ['a script', new TextEncoder().encode('#!/bin/sh'), 0o755, false],
    ['nothing', new Uint8Array(0), 0o755, false],
  ] as const)('%s', (_name, content, mode, expected) => {
    expect(isElfProgram(file(content, mode), content)).toBe(expected);
  });
});

describe('selectPages', () => {
  const plain = new Uint8Array(10_000);
  const program = new Uint8Array(10_000);
  program.set(ELF);
  const list = { kind: 'profile', profile } as const;
  const files = { kind: 'files', profile } as const;
  const cases: readonly (readonly [string, XipPolicy, string, Uint8Array, readonly number[]])[] = [
    ['none', { kind: 'none' }, 'bin/a', program, []],
    ['all', { kind: 'all' }, 'x', plain, [0, 1, 2]],
    ['profile', list, 'bin/a', plain, [1]],
    ['profile, not listed', list, 'bin', plain, []],
    ['files', files, 'bin/a', plain, [0, 1, 2]],
    ['files, not listed', files, 'bin/ab', program, []],
    ['elf', { kind: 'elf' }, 'x', program, [0, 1, 2]],
    ['elf, no ELF', { kind: 'elf' }, 'bin/a', plain, []],
    ['elf and a list, no ELF', { kind: 'elf', listed: list }, 'bin/a', plain, [1]],
    ['elf and a list, ELF', { kind: 'elf', listed: list }, 'bin/a', program, [0, 1, 2]],
    ['elf and files, no ELF', { kind: 'elf', listed: files }, 'bin/b', plain, [0, 1, 2]],
  ];
  it.each(cases)('%s', (_name, policy, path, content, expected) => {
    const wanted = selectPages(policy, fromText(path), file(content), content.subarray(0, 4096));
    expect([0, 1, 2].filter(wanted)).toEqual(expected);
  });

  it('knows the list of each policy', () => {
    expect(profileOfPolicy({ kind: 'none' })).toBeUndefined();
    expect(profileOfPolicy({ kind: 'elf' })).toBeUndefined();
    expect(profileOfPolicy(files)).toBe(profile);
    expect(profileOfPolicy({ kind: 'elf', listed: list })).toBe(profile);
    expect(XIP_POLICIES).toEqual(['none', 'profile', 'files', 'elf', 'all']);
  });
});

it('counts and lists lines that select nothing', () => {
  const at = (
    path: string,
    offset: number,
  ): { path: ReturnType<typeof fromText>; offset: number; count: number } => ({
    path: fromText(path),
    offset,
    count: 1,
  });
  const lines = profileOf([
    at('f', 0),
    at('f', 4096),
    at('f', 4999),
    at('f', 5000),
    at('g', 0),
    at('empty', 0),
    at('f', 0),
  ]);
  const match = matchProfile(
    lines,
    new Map([
      [fromText('f'), file(new Uint8Array(5000))],
      [fromText('empty'), file(new Uint8Array(0))],
    ]),
  );
  expect(match.lines).toBe(7);
  expect(match.matched).toBe(4);
  expect(match.unmatched.map(({ line }) => line)).toEqual([4, 5, 6]);
});
