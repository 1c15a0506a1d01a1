import { describe, expect, expectTypeOf, test, vi } from 'vitest';
import { assert, InvariantError, unreachable } from '../../../src/base/assert.ts';
import { AxfsError } from '../../../src/base/errno.ts';

describe('assert', () => {
  test('a rule that holds builds no text', () => {
    const rule = vi.fn(() => 'never built');
    assert(true, rule);
    expect(rule).not.toHaveBeenCalled();
  });

  test('a broken rule throws its text as an InvariantError', () => {
    const error = (() => {
      try {
        assert(false, () => 'every mapping holds a reference: pfn 7 map 2 ref 1');
      } catch (caught) {
        return caught;
      }
    })();
    expect(error).toBeInstanceOf(InvariantError);
    expect(error).not.toBeInstanceOf(AxfsError);
    expect(error).toMatchObject({
      name: 'InvariantError',
      message: 'every mapping holds a reference: pfn 7 map 2 ref 1',
    });
  });

  test('narrows the type of what it states', () => {
    const value = [1, undefined][0];
    assert(value !== undefined, () => 'the first element is present');
    expectTypeOf(value).toEqualTypeOf<number>();
  });
});

describe('unreachable', () => {
  test.each([
    ['new_kind', 'no case covers "new_kind"'],
    [7, 'no case covers 7'],
    [{ type: 'x' }, 'no case covers {"type":"x"}'],
  ])('%j is named', (value, message) => {
    expect(() => unreachable(value as never)).toThrow(new InvariantError(message));
  });
});
