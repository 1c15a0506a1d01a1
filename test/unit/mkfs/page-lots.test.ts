import { expect, it } from 'vitest';
import { fingerprint } from '../../../src/codec/page-hash.ts';
import { Column } from '../../../src/mkfs/columns.ts';
import { PAGE_KIND } from '../../../src/mkfs/page-kind.ts';
import { PageLots } from '../../../src/mkfs/page-lots.ts';
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

it('first nodes are found again among thousands, by what a page holds and its kind', () => {
  const lots = new PageLots();
  const page = (i: number): Uint8Array => Uint8Array.of(i % 256, Math.floor(i / 256), 7);
  const { plain, xip, target } = PAGE_KIND;
  for (let i = 0; i < 5000; i += 1) expect(lots.firstOf(page(i), plain, 10 * i)).toBeUndefined();
  for (let i = 0; i < 5000; i += 1) expect(lots.firstOf(page(i), plain, 7)).toBe(10 * i);
  for (const [i, kind] of [xip, target].entries()) {
    expect(lots.firstOf(page(3), kind, 60_000 + i)).toBeUndefined();
    expect(lots.firstOf(page(3), kind, 7)).toBe(60_000 + i);
  }
  expect(lots.firstOf(page(3), plain, 7)).toBe(30);
  expect(lots.count).toBe(5002);
});

it('columns grow and shrink, and refuse what does not fit', () => {
  const column = new Column(Uint8Array);
  for (let i = 0; i < 1000; i += 1) expect(column.push(i % 256)).toBe(i);
  expect(column.get(999)).toBe(999 % 256);
  expect(column.values().length).toBe(1000);
  column.truncate(10);
  expect([column.length, column.push(7), column.get(10)]).toEqual([10, 10, 7]);
  expect(() => {
    column.truncate(12);
  }).toThrow('a column has that many entries: 12 of 11');
  expect(() => column.push(256)).toThrow('a value fits its column: 256 became 0');
  expect(() => new Column(Uint8Array).get(0)).toThrow('a column has the entry: 0 of 0');
});
