import { expect, it } from 'vitest';
import { fingerprint } from '../../../src/codec/page-hash.ts';
import { Column } from '../../../src/mkfs/columns.ts';
import { PAGE_KIND, PageGroups, lotOf } from '../../../src/mkfs/page-groups.ts';
import { noiseBytes } from '../../support/sample-data.ts';

const print = (bytes: Uint8Array): string => {
  const found = { low: 0, high: 0 };
  fingerprint(bytes, found);
  return `${String(found.low)}:${String(found.high)}`;
};

it('fingerprints depend on every byte, on their order and number, not on where they stand', () => {
  const page = noiseBytes(4095);
  const prints = new Set([print(page)]);
  for (let i = 0; i < page.length; i += 1) {
    const changed = page.slice();
    changed[i] = (changed[i]! + 128) % 256;
    prints.add(print(changed));
  }
  for (let length = 0; length < 64; length += 1) prints.add(print(new Uint8Array(length)));
  prints.add(print(page.toReversed()));
  expect(prints.size).toBe(1 + 4095 + 64 + 1);
  const shifted = new Uint8Array(4099);
  shifted.set(page, 3);
  expect(print(shifted.subarray(3, 4098))).toBe(print(page));
});

it('groups are found again among thousands', () => {
  const groups = new PageGroups();
  const page = (i: number): Uint8Array => Uint8Array.of(i % 256, Math.floor(i / 256), 7);
  for (const round of [1, 2])
    for (let i = 0; i < 5000; i += 1)
      expect(groups.groupOf(page(i)), `round ${String(round)}`).toBe(i);
  expect(groups.count).toBe(5000);
  const { plain, xip, target } = PAGE_KIND;
  for (const kind of [plain, xip, plain, plain, target]) groups.meet(lotOf(3, kind));
  const lots = [lotOf(3, plain), lotOf(3, xip), lotOf(3, target), lotOf(4, plain)];
  expect(new Set(lots).size).toBe(4);
  expect(lots.map((lot) => groups.isRepeated(lot))).toEqual([true, false, false, false]);
});

it('columns grow, and refuse what does not fit', () => {
  const column = new Column(Uint8Array);
  for (let i = 0; i < 1000; i += 1) expect(column.push(i % 256)).toBe(i);
  expect(column.get(999)).toBe(999 % 256);
  expect(column.values().length).toBe(1000);
  expect(() => column.push(256)).toThrow('a value fits its column: 256 became 0');
  expect(() => new Column(Uint8Array).get(0)).toThrow('a column has the entry: 0 of 0');
});
