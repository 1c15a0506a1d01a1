import { describe, expect, test } from 'vitest';
import { nearestName } from '../../../src/base/nearest.ts';

describe('nearestName', () => {
  test.each([
    ['p3O', 'p30'],
    ['P30-ASYNC', 'p30-async'],
    ['slc', 'slc'],
    ['', 'slc'],
    ['p31', 'p30'],
  ])('%j is %s', (wanted, expected) => {
    expect(nearestName(['p30-async', 'slc', 'p30'], wanted)).toBe(expected);
  });
  test('the first of several that are as near; none of none', () => {
    expect(nearestName(['ab', 'ac'], 'a')).toBe('ab');
    expect(nearestName([], 'a')).toBe('');
  });
});
