import { describe, expect, it } from 'vitest';
import { parseScript } from '../../../src/lab/syntax.ts';

const parse = (text: string): ReturnType<typeof parseScript> => parseScript(text, 'x.lab');

describe('parseScript', () => {
  it('takes the first comment as title, and leaves blank lines and comments out', () => {
    const { title, statements } = parse('\n# What it shows.\n# more\n\nread v[0] # why\n');
    expect([title, statements.length, statements[0]?.line, statements[0]?.text]).toEqual([
      'What it shows.',
      1,
      5,
      'read v[0]',
    ]);
  });

  it('has selectors, task, command, words and settings with their columns', () => {
    const [statement] = parse('  [>=4.9 nsp] a: mmap v f0 pages=8 prot=rw shared').statements;
    expect(statement).toMatchObject({
      selectors: [
        { text: '>=4.9', column: 4 },
        { text: 'nsp', column: 10 },
      ],
      task: { text: 'a', column: 15 },
      command: { text: 'mmap', column: 18 },
      words: [{ text: 'v' }, { text: 'f0' }, { text: 'shared' }],
      settings: [
        { name: 'pages', value: { text: '8', column: 34 }, column: 28 },
        { name: 'prot', value: { text: 'rw' } },
      ],
    });
  });

  it.each([
    ['[arm', "x.lab:1:1: '[' has no ']', expected a list of kernels in brackets"],
    ['[arm] a:', 'x.lab:1:9: the line ends here, expected a command'],
    ['a:', 'x.lab:1:3: the line ends here, expected a command'],
  ])('%s is a mistake with line and column', (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });
});
