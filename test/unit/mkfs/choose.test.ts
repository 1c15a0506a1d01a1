import { describe, expect, it } from 'vitest';
import { fromText } from '../../../src/base/bytestring.ts';
import { choose } from '../../../src/mkfs/choose.ts';
import type { Bar, Candidate } from '../../../src/mkfs/choose.ts';

const page = (
  path: string,
  number: number,
  count: number,
  added: number,
  more: { readonly bar?: Bar; readonly content?: string } = {},
): Candidate => ({ path: fromText(path), page: number, count, added, ...more });

const told = (candidates: readonly Candidate[], budget?: number): string[] =>
  choose(candidates, budget).decisions.map(
    (decision) => `${decision.path}:${String(decision.page)} ${decision.reason}`,
  );

describe('choose', () => {
  it('takes the best per byte first and goes on with what still fits', () => {
    const candidates = [
      page('a', 0, 10, 1000),
      page('a', 1, 90, 3000),
      page('b', 0, 1, 500),
      page('c', 0, 20, 1000),
    ];
    expect(told(candidates, 2600)).toEqual([
      'a:1 over-budget',
      'c:0 worth',
      'a:0 worth',
      'b:0 worth',
    ]);
    expect(choose(candidates, 2600)).toMatchObject({ spent: 2500, budget: 2600 });
  });

  it('settles ties by path, then page, whatever the order of the candidates', () => {
    const tied = [page('b', 0, 2, 200), page('a', 2, 1, 100), page('a', 10, 3, 300)];
    const expected = ['a:2 worth', 'a:10 worth', 'b:0 over-budget'];
    expect(told(tied, 450)).toEqual(expected);
    expect(told(tied.toReversed(), 450)).toEqual(expected);
  });

  it('takes what adds nothing, even for nothing, and never what was not used', () => {
    expect(told([page('a', 0, 0, 0), page('a', 1, 0, 1)], 0)).toEqual(['a:0 free', 'a:1 unused']);
  });

  it('keeps what is barred out, and takes all else without a budget', () => {
    const candidates = [page('a', 0, 9, 0, { bar: 'written' }), page('b', 0, 0, 4000)];
    expect(told(candidates)).toEqual(['b:0 listed', 'a:0 written']);
    expect(told(candidates, 5000)).toEqual(['b:0 unused', 'a:0 written']);
    expect([...choose(candidates).pages]).toEqual([['b', new Set([0])]]);
  });

  it('takes pages of one content together and pays once', () => {
    const twins = [
      page('a', 0, 2, 1000, { content: 'x' }),
      page('b', 0, 3, 1000, { content: 'x' }),
      page('c', 0, 4, 1000, { content: 'y' }),
    ];
    const { decisions, spent } = choose(twins, 1000);
    expect(decisions.map(({ path, reason, isTwin }) => [path, reason, isTwin])).toEqual([
      ['a', 'worth', false],
      ['b', 'worth', true],
      ['c', 'over-budget', false],
    ]);
    expect(spent).toBe(1000);
  });
});
