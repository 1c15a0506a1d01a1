import { describe, expect, it } from 'vitest';
import { byteStringOf } from '../../../src/base/bytestring.ts';
import { landingOf } from '../../../src/host/landing.ts';
import type { Links } from '../../../src/host/landing.ts';

/** A machine whose directories are all there, below /w where the path is relative. */
const links = (targets: Readonly<Record<string, string>>): Links => ({
  realpath: (path) =>
    byteStringOf(new URL(path === '.' ? '.' : path, 'file:///w/').pathname.replace(/(.)\/$/, '$1')),
  target: (path) => (path in targets ? byteStringOf(targets[path]!) : undefined),
});

describe('landingOf', () => {
  it.each([
    ['new', '/w/new'],
    ['/new', '/new'],
    ['d/../new', '/w/new'],
    ['link', '/w/there'],
    ['/w/link', '/w/there'],
    ['up', '/there'],
    ['far', '/a/b'],
    ['chain', '/w/there'],
    ['d/', '/w/d'],
    ['.', '/w'],
    ['d/..', '/w'],
  ])('%s leads to %s', (path, expected) => {
    const machine = links({
      ...{ '/w/link': 'there', '/w/up': '../there', '/w/far': '/a/b' },
      ...{ '/w/chain': './link' },
    });
    expect(landingOf(machine, byteStringOf(path))).toBe(expected);
  });

  it('goes in no circle', () => {
    expect(() => landingOf(links({ '/w/a': 'b', '/w/b': 'a' }), byteStringOf('a'))).toThrow(
      expect.objectContaining({
        code: 'ELOOP',
        message: 'cannot resolve a: more than 40 symlinks, expected a file',
      }),
    );
  });
});
