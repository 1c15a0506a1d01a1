import { describe, expect, it } from 'vitest';
import { compareVersions, isSelected } from '../../../src/lab/selector.ts';
import { KERNELS } from '../../../src/mm/kernel.ts';
import type { KernelName } from '../../../src/mm/kernel.ts';

const words = (text: string): { text: string; column: number }[] =>
  text === '' ? [] : text.split(' ').map((word) => ({ text: word, column: 1 }));
const chosen = (text: string, debugVm = false): readonly string[] =>
  (Object.keys(KERNELS) as KernelName[]).filter((name) =>
    isSelected(words(text), { preset: KERNELS[name], debugVm }),
  );

describe('selectors', () => {
  it.each([
    ['', Object.keys(KERNELS)],
    ['4.9-arm 6.1-x86', ['4.9-arm', '6.1-x86']],
    ['>=4.9', ['4.9-arm', '6.1-x86', '6.12-x86']],
    ['<2.6.28', ['2.6.23', '2.6.24']],
    ['>2.6.24 <=4.9 arm', ['2.6.28-arm', '4.9-arm']],
    ['sp <6', ['2.6.28-x86']],
    ['nsp >=2.6.28', ['2.6.28-arm', '4.9-arm']],
    ['debug', []],
  ])('%s', (text, kernels) => {
    expect(chosen(text)).toEqual(kernels);
  });

  it('knows of DEBUG_VM', () => {
    expect(chosen('debug 4.9-arm', true)).toEqual(['4.9-arm']);
    expect(chosen('nodebug', true)).toEqual([]);
  });

  it('compares versions by their numbers', () => {
    expect(compareVersions('6.12', '6.1')).toBeGreaterThan(0);
    expect(compareVersions('2.6.28', '2.6.28.0')).toBe(0);
    expect(compareVersions('2.6.9', '2.6.10')).toBeLessThan(0);
  });

  it('refuses other words', () => {
    expect(() => chosen('mips')).toThrow("'mips' chooses no kernel");
  });
});
