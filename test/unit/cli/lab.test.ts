import { describe, expect, it } from 'vitest';
import { run, usualHost } from './axfs-host.ts';

const SCRIPT = `# A page of each sort.
presets 2.6.28-x86 6.1-x86
file f xc
mmap v f pages=2 prot=rw
read v[0] pages=2
expect faults=2 major=1
expect rss file=1
show tasks
`;

const lab = async (args: readonly string[], script = SCRIPT): ReturnType<typeof run> => {
  const host = await usualHost();
  host.file('/a.lab', new TextEncoder().encode(script));
  return run(['lab', ...args, '/a.lab'], host);
};

describe('axfs lab', () => {
  it('shows a script side by side on its kernels', async () => {
    const { code, out, err } = await lab([]);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('/a.lab: A page of each sort.');
    expect(out).toMatch(/2\.6\.28-x86 +6\.1-x86/);
    expect(out).toContain('6.1-x86: 2 expectations hold');
  });

  it('shows one kernel step by step', async () => {
    const { code, out } = await lab(['--preset', '6.1-x86']);
    expect(code).toBe(0);
    expect(out).toContain('   5  read v[0] pages=2');
    expect(out).toContain('0, 2 faults, 1 major');
    expect(out).toContain('      main  alive  file 1  anon 0');
  });

  it('leaves out a kernel that the script is not for', async () => {
    const { code, out } = await lab(['--preset', '4.9-arm,6.1-x86']);
    expect(code).toBe(0);
    expect(out).not.toContain('4.9-arm');
  });

  it('gives the state after every step as JSON', async () => {
    const { out } = await lab(['--preset', '6.1-x86', '--json']);
    const [only] = JSON.parse(out) as { kernel: string; steps: { state: object }[] }[];
    expect(only?.kernel).toBe('6.1-x86');
    expect(only?.steps.map(({ state }) => Object.keys(state))).toEqual(
      Array.from({ length: 5 }, () => ['tasks', 'frames', 'freeFrames', 'swapUsed']),
    );
  });

  it('ends with 1 and a line for each thing that is not so, and with -q says nothing else', async () => {
    const { code, out } = await lab(['-q'], SCRIPT.replace('file=1', 'file=2'));
    expect(code).toBe(1);
    expect(out).toBe(
      '/a.lab:7: on 2.6.28-x86: file is 1, expected 2\n/a.lab:7: on 6.1-x86: file is 1, expected 2\n',
    );
  });

  it.each([
    ['jump v', 8, "axfs: /a.lab:1:1: 'jump' is no command"],
    ['read v', 8, "axfs: /a.lab:1:6: 'v' is no mapping"],
  ])('%s is one line with line and column', async (script, expected, message) => {
    const { code, out, err } = await lab([], script);
    expect([code, out]).toEqual([expected, '']);
    expect(err.startsWith(message)).toBe(true);
    expect(err.split('\n')).toHaveLength(2);
  });

  it('names a script that is not there', async () => {
    const { code, err } = await run(['lab', '/none.lab']);
    expect([code, err]).toEqual([8, 'axfs: cannot read /none.lab: ENOENT\n']);
  });
});
