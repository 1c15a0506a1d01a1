import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../../src/base/assert.ts';
import { AxfsError } from '../../../src/base/errno.ts';
import { UsageError, makeCommand, runCommand } from '../../../src/cli/exit.ts';
import { FakeHost } from '../../support/fake-host.ts';

const end = async (error: Error): Promise<{ code: number; stderr: string }> => {
  const host = new FakeHost();
  const code = await runCommand('prog', host, () => Promise.reject(error));
  return { code, stderr: host.stderr };
};

describe('runCommand', () => {
  it('passes the body’s code on', async () => {
    expect(await runCommand('prog', new FakeHost(), () => Promise.resolve(3))).toBe(3);
  });

  it.each([
    [new AxfsError('EIO', 'bad page 7'), 8, 'prog: bad page 7\n'],
    [new AxfsError('EIO', 'two\n  lines\n'), 8, 'prog: two lines\n'],
    [new UsageError('option -e needs -i'), 16, 'prog: option -e needs -i\n'],
  ])('says %s in one line', async (error, code, stderr) => {
    expect(await end(error)).toEqual({ code, stderr });
  });

  it.each([new InvariantError('pages are whole: 3'), new TypeError('x is undefined')])(
    'calls %s a bug, with its stack',
    async (error) => {
      const { code, stderr } = await end(error);
      expect(code).toBe(70);
      expect(stderr).toContain(`prog: internal error, please report it: ${error.name}`);
      expect(stderr).toContain(error.message);
      expect(stderr).toContain('exit.test.ts');
    },
  );
});

describe('makeCommand', () => {
  const run = async (...argv: string[]): Promise<{ code: number; host: FakeHost }> => {
    const host = new FakeHost();
    const code = await runCommand('prog', host, () => {
      makeCommand('prog', host)
        .argument('<file>')
        .option('--jobs <n>')
        .parse(argv, { from: 'user' });
      return Promise.resolve(0);
    });
    return { code, host };
  };

  it.each([
    [['--job', '1', 'f'], "prog: unknown option '--job' (Did you mean --jobs?)\n"],
    [[], "prog: missing required argument 'file'\n"],
    [['a', 'b'], 'prog: too many arguments. Expected 1 argument but got 2.\n'],
    [['a', '--jobs'], "prog: option '--jobs <n>' argument missing\n"],
  ])('refuses %j in one line', async (argv, stderr) => {
    const { code, host } = await run(...argv);
    expect([code, host.stderr, host.stdout]).toEqual([16, stderr, '']);
  });

  it('prints help and version on standard output', async () => {
    const help = await run('-h');
    expect([help.code, help.host.stderr]).toEqual([0, '']);
    expect(help.host.stdout).toContain('Usage: prog [options] <file>');
    const version = await run('--version');
    expect([version.code, version.host.stdout]).toEqual([0, '1.2.3-test\n']);
  });
});
