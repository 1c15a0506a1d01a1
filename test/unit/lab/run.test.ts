import { describe, expect, it } from 'vitest';
import { failureLines, runJson, runText, sideBySideText } from '../../../src/lab/report.ts';
import { kernelsOf, labKernel, runScript } from '../../../src/lab/run.ts';
import type { LabRun, RunOptions } from '../../../src/lab/run.ts';
import { parseScript } from '../../../src/lab/syntax.ts';
import type { KernelName } from '../../../src/mm/kernel.ts';

const nothing: RunOptions = {
  readFile: () => {
    throw new Error('no file is read');
  },
};

async function run(
  text: string,
  preset: KernelName = '4.9-arm',
  options: Partial<RunOptions> = {},
): Promise<LabRun> {
  const script = parseScript(text, 'x.lab');
  return runScript(script, labKernel(preset, kernelsOf(script)), { ...nothing, ...options });
}

const TWO_PAGES = 'file f xc\nmmap v f pages=2 prot=rw\nread v[0] pages=2\n';

describe('running a script', () => {
  it('counts expectations that hold and that do not, and says what is not so', async () => {
    const done = await run(`${TWO_PAGES}expect pte v[0] raw pfn=0x34001\nexpect rss file=2 anon=0`);
    expect([done.passed, done.failed]).toEqual([1, 1]);
    expect(failureLines(done)).toEqual(['x.lab:5: on 4.9-arm: file is 1, expected 2']);
    expect(runText(done)).toContain('NOT SO: file is 1, expected 2');
    expect(runText(done)).toContain('0, 2 faults, 1 major');
  });

  it('keeps a dead task dead, with its locks, and goes on with the others', async () => {
    const done = await run(
      [
        'device d test flags=none pages=4',
        'mmap v d pages=4 shared',
        'fork child',
        'remap v[0] 0x35000 pages=1',
        'remap v[0] 0x35000 pages=1',
        'expect result=BUG bug=remap_pte_range',
        'expect task main dead mmap_lock=1',
        'read v[0]',
        'expect result=dead',
        'child: read v[0]',
        'expect task child alive',
        'expect reports bug=1',
      ].join('\n'),
    );
    expect(failureLines(done)).toEqual([]);
  });

  it('runs a statement on the kernels that its selectors choose', async () => {
    const text = `${TWO_PAGES}[>=6] expect rss file=7\n[arm] expect rss file=1`;
    expect(failureLines(await run(text))).toEqual([]);
    expect((await run(text, '6.1-x86')).failed).toBe(1);
  });

  it('gives the state after every step when asked', async () => {
    const done = await run(TWO_PAGES, '4.9-arm', { states: true });
    const json = JSON.parse(JSON.stringify(runJson(done))) as {
      steps: { state: { tasks: { vmas: { ptes: unknown[] }[] }[] } }[];
    };
    expect(json.steps.map(({ state }) => state.tasks[0]?.vmas[0]?.ptes.length)).toEqual([0, 2]);
  });

  it('shows kernels side by side, and marks where they differ', async () => {
    const text = 'mmap v anon pages=1 prot=rw\nread v[0]\nwrite v[0]\n';
    const runs = [await run(text, '2.6.28-x86'), await run(text, '6.1-x86')];
    const lines = sideBySideText(runs).split('\n');
    expect(lines.find((line) => line.includes('write v[0]'))).toMatch(/^\* .* 0 +0, 1 fault$/);
    expect(lines.find((line) => line.includes('read v[0]'))).toMatch(/^ {3}/);
  });

  it('gives the same steps twice', async () => {
    const text = `${TWO_PAGES}write v[0]\nfork a\na: write v[1]\nshow ptes\nshow pages`;
    expect(runText(await run(text))).toBe(runText(await run(text)));
  });
});

describe('mistakes', () => {
  it.each([
    ['jump v[0]', "x.lab:1:1: 'jump' is no command, expected mmap"],
    ['read w[0]', "x.lab:1:6: 'w' is no mapping, expected an mmap before"],
    ['mmap v f0 pages=1', "x.lab:1:8: 'f0' is no file"],
    ['mmap v anon pages=x', "x.lab:1:19: 'x' is no number"],
    ['mmap v anon pages=1 color=red', "x.lab:1:21: 'color=' is not known here"],
    ['mmap v anon pages=1 soon', "x.lab:1:21: 'soon' is one word too many"],
    ['mmap v anon prot=rq', "x.lab:1:18: 'rq' are no rights"],
    ['b: read v[0]', "x.lab:1:1: 'b' is no task, expected main"],
    ['file f xyz', "x.lab:1:8: 'xyz' are no pages"],
    ['device d nothing', "x.lab:1:10: 'nothing' is not known here"],
    ['device d test pages=0', "option 'pages' is '0'"],
    ['mmap v anon\nfile f x', "x.lab:2:1: 'file' belongs before the first operation"],
    ['mmap v anon\nexpect weather', "x.lab:2:8: 'weather' is nothing to expect"],
    ['mmap v anon\nexpect rss fil=1', "x.lab:2:16: 'fil=' is not known here"],
    ['mmap v anon\nshow everything', "x.lab:2:6: 'everything' cannot be shown"],
    ['[mips] drain', "x.lab:1:2: 'mips' chooses no kernel"],
    ['presets 9.9', "x.lab:1:9: '9.9' is no kernel"],
    ['proposal none', "x.lab:1:10: 'none' is not known here"],
    ['ram pages=1\ndrain', 'x.lab:1:1:'],
  ])('%s', async (text, message) => {
    await expect(async () => run(text)).rejects.toThrow(message);
  });
});
