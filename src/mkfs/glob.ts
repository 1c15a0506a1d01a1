/**
 * Shell patterns over paths of bytes: `*` and `?` within a name, `**` across names, `[a-z]` and `[!a-z]`, `\`
 * before a character that stands for itself. As in POSIX (XCU 2.13) and gitignore(5), without `[:classes:]`.
 *
 * @module
 */
import { toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';

/** Says whether a path, relative to the root and without a '/' in front, matches. */
export type PathMatcher = (path: ByteString, isDirectory: boolean) => boolean;

/** What each piece of a pattern matches; the first row that fits is taken. */
const PIECES: readonly (readonly [piece: RegExp, meaning: (found: RegExpExecArray) => string])[] = [
  [/^\*\*\//, () => '(?:.*/)?'],
  [/^\*\*/, () => '.*'],
  [/^\*/, () => '[^/]*'],
  [/^\?/, () => '[^/]'],
  // A ']' at the start of a set is one of its characters. Without an end, '[' is a character.
  [/^\[([!^]?)(\]?(?:\\[^]|[^\]\\])*)\]/, ([, not = '', set = '']) => setOf(not !== '', set)],
  [/^\\([^])/, ([, c = '']) => literal(c)],
  [/^[^]/, ([c]) => literal(c)],
];

const literal = (c: string): string => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`;

/** A set never matches '/', which only a pattern's own '/' does. */
function setOf(isNegative: boolean, set: string): string {
  const members = Array.from(set.matchAll(/(\\?[^])(?:-(\\?[^]))?/g), ([, from = '', to]) =>
    to === undefined
      ? literal(from.slice(-1))
      : `${literal(from.slice(-1))}-${literal(to.slice(-1))}`,
  ).join('');
  return `(?!/)[${isNegative ? '^' : ''}${members}]`;
}

/**
 * Compiles a pattern. One without a '/' before its end matches a name at any depth, others the path from the
 * root; a '/' at the end asks for a directory.
 *
 * @throws AxfsError EINVAL naming the pattern when it is empty, has a class `[:name:]` or a range backwards.
 */
export function compileGlob(pattern: ByteString): PathMatcher {
  const refuse = (what: string): AxfsError =>
    new AxfsError('EINVAL', `pattern '${toPrintable(pattern)}' ${what}`);
  const wantsDirectory = pattern.endsWith('/');
  const body = pattern.replace(/\/+$/, '');
  const anchored = body.replace(/^(\.?\/)+/, '');
  if (anchored === '') throw refuse('names nothing, expected a name or a path');
  if (/\[[^\]]*\[:/.test(pattern)) throw refuse('has a class [:name:], expected a set like [a-z]');
  const isName = !body.includes('/');
  let source = isName ? '^(?:.*/)?' : '^';
  for (let rest = anchored; rest !== '';) {
    const [piece, length] = nextPiece(rest);
    source += piece;
    rest = rest.slice(length);
  }
  let expression: RegExp;
  try {
    expression = new RegExp(`${source}$`, 's');
  } catch {
    throw refuse('has a range whose end is before its start');
  }
  return (path, isDirectory) => (isDirectory || !wantsDirectory) && expression.test(path);
}

function nextPiece(rest: string): readonly [string, number] {
  for (const [piece, meaning] of PIECES) {
    const found = piece.exec(rest);
    if (found !== null) return [meaning(found), found[0].length];
  }
  return [literal(rest), 1];
}
