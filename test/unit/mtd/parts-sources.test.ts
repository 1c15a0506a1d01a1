import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { partRows } from '../../../src/mtd/part.ts';
import { MTD_PART_NAMES, MTD_PARTS } from '../../../src/mtd/parts.ts';
import type { MtdPart } from '../../../src/mtd/parts.ts';

interface Expected {
  readonly name: string;
  readonly value: string;
  readonly status: string;
  readonly words: string;
}

/** parts-sources.txt: a part a paragraph, a row a line. */
function expectedRows(): Map<string, Expected[]> {
  const parts = new Map<string, Expected[]>();
  let rows: Expected[] = [];
  const text = readFileSync(new URL('parts-sources.txt', import.meta.url), 'utf8');
  for (const line of text.trimEnd().split('\n')) {
    if (line.startsWith('#')) continue;
    if (!line.startsWith(' ')) {
      rows = [];
      parts.set(line, rows);
      continue;
    }
    const [name = '', value = '', status = '', words = ''] = line.trim().split(' | ');
    rows.push({ name, value, status, words });
  }
  return parts;
}

const EXPECTED = expectedRows();
/** To a millionth, as the table has it. */
const shown = (value: number | null, unit: string): string =>
  `${value === null ? '-' : String(Math.round(value * 1e6) / 1e6)} ${unit}`;

describe('every figure with its source', () => {
  test('the table lists every part', () => {
    expect([...EXPECTED.keys()]).toEqual([...MTD_PART_NAMES]);
  });

  test.each(Object.entries<MtdPart>(MTD_PARTS))('%s', (name, part) => {
    const expected = EXPECTED.get(name)!;
    const rows = partRows(part);
    expect(
      rows.map(
        ({ name: figure, row }) => `${figure} | ${shown(row.value, row.unit)} | ${row.status}`,
      ),
    ).toEqual(expected.map((row) => `${row.name} | ${row.value} | ${row.status}`));
    for (const [index, { words }] of expected.entries()) {
      expect(words.length).toBeGreaterThan(2);
      expect(rows[index]!.row.source).toContain(words);
    }
  });
});
