import { describe, expect, test } from 'vitest';
import { textTable } from '../../../src/report/table.ts';

describe('textTable', () => {
  test('columns are as wide as their longest cell; numbers stand to the right', () => {
    expect(
      textTable(
        [
          { title: 'design', align: 'left' },
          { title: 'n', align: 'right' },
          { title: 'unit', align: 'left' },
        ],
        [
          ['none', '1,234', 'pages'],
          ['a longer name', '7', 'B'],
        ],
      ),
    ).toEqual([
      'design             n  unit',
      '-------------  -----  -----',
      'none           1,234  pages',
      'a longer name      7  B',
    ]);
  });

  test('lines have no blanks at their end', () => {
    const lines = textTable(
      [
        { title: 'a', align: 'left' },
        { title: 'a long heading', align: 'left' },
      ],
      [
        ['x', ''],
        ['', ''],
      ],
    );
    expect(lines).toEqual(['a  a long heading', '-  --------------', 'x', '']);
  });

  test('no rows: headings and rule', () => {
    expect(textTable([{ title: 'path', align: 'left' }], [])).toEqual(['path', '----']);
  });
});
