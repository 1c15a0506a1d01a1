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

/** Says whether a character is meant. */
type CharacterTest = (c: string) => boolean;

/**
 * A place in a pattern. What is left of the path goes on from several places at once; characters move them on,
 * so that a path is looked at once, whatever the pattern.
 */
interface Place {
  /** Characters that lead to the next place. */
  readonly leads: CharacterTest;
  /** Characters that leave one here. */
  readonly stays: CharacterTest;
  /** Places further on that one is at, too, without any character. */
  readonly skips: readonly number[];
}

const never: CharacterTest = () => false;
const any: CharacterTest = () => true;
const inName: CharacterTest = (c) => c !== '/';
const isSlash: CharacterTest = (c) => c === '/';

const one = (leads: CharacterTest): readonly Place[] => [{ leads, stays: never, skips: [] }];
const literal = (c: string): readonly Place[] => one((other) => other === c);
const run = (stays: CharacterTest): readonly Place[] => [{ leads: never, stays, skips: [1] }];
/** Nothing, or anything that ends in a slash. */
const DIRECTORIES: readonly Place[] = [
  { leads: never, stays: never, skips: [1, 2] },
  { leads: isSlash, stays: any, skips: [] },
];

/** What each piece of a pattern means; the first row that fits is taken. */
const PIECES: readonly (readonly [
  piece: RegExp,
  meaning: (found: RegExpExecArray) => readonly Place[],
])[] = [
  [/^\*\*\//, () => DIRECTORIES],
  [/^\*\*/, () => run(any)],
  [/^\*/, () => run(inName)],
  [/^\?/, () => one(inName)],
  // A ']' at the start of a set is one of its characters. Without an end, '[' is a character.
  [/^\[([!^]?)(\]?(?:\\[^]|[^\]\\])*)\]/, ([, not = '', set = '']) => one(setOf(not !== '', set))],
  [/^\\([^])/, ([, c = '']) => literal(c)],
  [/^[^]/, ([c]) => literal(c)],
];

/** A range ends before its start. */
class BackwardsError extends Error {}

/** A set never matches '/', which only a pattern's own '/' does. */
function setOf(isNegative: boolean, set: string): CharacterTest {
  const ranges = Array.from(set.matchAll(/(\\?[^])(?:-(\\?[^]))?/g), ([, from = '', to = from]) => {
    const range = [from.slice(-1), to.slice(-1)] as const;
    if (range[1] < range[0]) throw new BackwardsError();
    return range;
  });
  return (c) => c !== '/' && ranges.some(([from, to]) => from <= c && c <= to) !== isNegative;
}

/**
 * Compiles a pattern. One without a '/' before its end matches a name at any depth, others the path from the
 * root; a '/' at the end asks for a directory. Matching takes time by the length of the path times that of
 * the pattern, whatever they hold.
 *
 * @throws AxfsError EINVAL naming the pattern when it is empty, has a class `[:name:]` or a range backwards.
 */
export function compileGlob(pattern: ByteString): PathMatcher {
  const refuse = (what: string): AxfsError =>
    new AxfsError('EINVAL', `pattern '${toPrintable(pattern)}' ${what}`);
  const wantsDirectory = pattern.endsWith('/');
  const body = withoutSlashes(pattern);
  const anchored = body.replace(/^(\.?\/)+/, '');
  if (anchored === '') throw refuse('names nothing, expected a name or a path');
  if (hasClass(pattern)) throw refuse('has a class [:name:], expected a set like [a-z]');
  const places: Place[] = body.includes('/') ? [] : [...DIRECTORIES];
  try {
    for (let rest = anchored; rest !== '';) {
      const [piece, length] = nextPiece(rest);
      places.push(...piece);
      rest = rest.slice(length);
    }
  } catch (error) {
    if (error instanceof BackwardsError) throw refuse('has a range whose end is before its start');
    throw error;
  }
  return (path, isDirectory) => (isDirectory || !wantsDirectory) && walk(places, path);
}

function withoutSlashes(pattern: ByteString): string {
  let end = pattern.length;
  while (pattern[end - 1] === '/') end -= 1;
  return pattern.slice(0, end);
}

/** A set is open where a '[:' stands. */
function hasClass(pattern: ByteString): boolean {
  for (let at = pattern.indexOf('[:', 1); at >= 0; at = pattern.indexOf('[:', at + 1))
    if (pattern.lastIndexOf('[', at - 1) > pattern.lastIndexOf(']', at)) return true;
  return false;
}

function nextPiece(rest: string): readonly [readonly Place[], number] {
  for (const [piece, meaning] of PIECES) {
    const found = piece.exec(rest);
    if (found !== null) return [meaning(found), found[0].length];
  }
  return [literal(rest), 1];
}

/** Says whether a path leads from the first place to behind the last one. */
function walk(places: readonly Place[], path: ByteString): boolean {
  let here = new Uint8Array(places.length + 1);
  let next = new Uint8Array(places.length + 1);
  enter(places, here, 0);
  for (const c of path) {
    next.fill(0);
    let isAnywhere = false;
    for (const [at, { leads, stays }] of places.entries()) {
      if (here[at] !== 1) continue;
      if (leads(c)) enter(places, next, at + 1);
      if (stays(c)) enter(places, next, at);
      isAnywhere = true;
    }
    if (!isAnywhere) return false;
    [here, next] = [next, here];
  }
  return here[places.length] === 1;
}

/** Is at a place, and at those that it skips to. */
function enter(places: readonly Place[], at: Uint8Array, first: number): void {
  const waiting = [first];
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    if (at[place] === 1) continue;
    at[place] = 1;
    for (const skip of places[place]?.skips ?? []) waiting.push(place + skip);
  }
}
