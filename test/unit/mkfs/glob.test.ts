import { describe, expect, it } from 'vitest';
import { fromText } from '../../../src/base/bytestring.ts';
import { compileGlob } from '../../../src/mkfs/glob.ts';
import { refusal } from '../../support/archives.ts';

const match = (pattern: string, path: string, isDirectory = false): boolean =>
  compileGlob(fromText(pattern))(fromText(path), isDirectory);

describe('compileGlob', () => {
  it.each<[pattern: string, yes: readonly string[], no: readonly string[]]>([
    ['*.o', ['a.o', 'd/e/a.o', '.o'], ['a.oo', 'a.o/b', 'ao']],
    ['name', ['name', 'a/name'], ['aname', 'name2', 'name/x']],
    ['/name', ['name'], ['a/name']],
    ['./name', ['name'], ['a/name']],
    ['a/*', ['a/b', 'a/.b'], ['a', 'a/b/c', 'x/a/b']],
    ['a/**', ['a/b', 'a/b/c'], ['a', 'b/a/c']],
    ['**/b', ['b', 'a/b', 'a/c/b'], ['ab', 'b/a']],
    ['a/**/z', ['a/z', 'a/b/z', 'a/b/c/z'], ['az', 'a/bz']],
    ['a**z', ['az', 'abz', 'x/az'], ['a/y']],
    ['?', ['a', '\n', 'd/b'], ['', 'ab']],
    ['a?b', ['axb'], ['a/b', 'ab']],
    ['[a-c]x', ['ax', 'cx'], ['dx', '-x']],
    ['[!a-c]x', ['dx'], ['ax', 'd/ax']],
    ['[^a]x', ['bx'], ['ax']],
    ['[]a]', [']', 'a'], ['b']],
    ['[a-]', ['a', '-'], ['b']],
    ['a[/]b', [], ['a/b']],
    ['[', ['['], ['a']],
    ['a[b', ['a[b'], ['ab']],
    ['\\*', ['*'], ['a']],
    ['[\\]]', [']'], ['\\']],
    ['a.b', ['a.b'], ['axb']],
    ['(a|b)+$^', ['(a|b)+$^'], ['a']],
    ['\udcff*', ['\udcffa'], ['a']],
    ['a/**/**/b', ['a/b', 'a/x/b', 'a/x/y/b'], ['ab', 'b']],
    ['**', ['a', 'a/b'], []],
    ['a[b-]-', ['ab-', 'a--'], ['a-']],
    ['*a*', ['a', 'xax', 'd/a'], ['a/b', 'x']],
  ])('%s', (pattern, yes, no) => {
    for (const path of yes) expect(match(pattern, path), path).toBe(true);
    for (const path of no) expect(match(pattern, path), path).toBe(false);
  });

  it.each(['*a*a*a*a*a*a*a*a*a*a*a*a*b', `${'**/'.repeat(30)}b`, `${'[a-b]*'.repeat(30)}c`])(
    'looks at a path once: %s',
    (pattern) => {
      const start = performance.now();
      expect(match(pattern, `${'a'.repeat(200)}/`.repeat(20))).toBe(false);
      expect(performance.now() - start).toBeLessThan(2000);
    },
  );

  it('asks for a directory when it ends in a slash', () => {
    expect(match('d/', 'a/d', true)).toBe(true);
    expect(match('d/', 'a/d', false)).toBe(false);
  });

  it.each([
    ['', 'names nothing'],
    ['/', 'names nothing'],
    ['[[:alpha:]]', 'has a class [:name:]'],
    ['[:[[:alpha:]]', 'has a class [:name:]'],
    ['[z-a]', 'has a range whose end is before its start'],
  ])('refuses %s', (pattern, message) => {
    expect(refusal(() => compileGlob(fromText(pattern)))).toContain(
      `EINVAL pattern '${pattern}' ${message}`,
    );
  });
});
