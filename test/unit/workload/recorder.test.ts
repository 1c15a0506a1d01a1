/**
 * The recorder script, run with programs made up for the test in the place of perf and id.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';

const SCRIPT = resolve(import.meta.dirname, '../../../tools/record-page-faults.sh');
/** What the script needs of the system. */
const TOOLS = ['cat', 'cp', 'find', 'head', 'mkdir', 'mktemp', 'mv', 'rm', 'rmdir', 'tr', 'wc'];

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'recorder-'));
  mkdirSync(join(folder, 'bin'));
  for (const name of TOOLS)
    for (const from of ['/usr/bin', '/bin'])
      try {
        readFileSync(join(from, name));
        symlinkSync(join(from, name), join(folder, 'bin', name));
        break;
      } catch {
        continue;
      }
  program('id', 'if [ "$1" = -u ]; then echo 1000; else echo user; fi');
  writeFileSync(join(folder, 'paranoid'), '2\n');
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function program(name: string, body: string): void {
  const path = join(folder, 'bin', name);
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
}

/** A perf that records what it was asked, runs the command, and prints one line. */
const goodPerf = (): void => {
  program(
    'perf',
    `echo "$@" >> ${folder}/asked
if [ "$1" = script ]; then echo 'a 1/1 1.0: faults: 1000 1000'; exit; fi
while [ "$1" != -- ]; do if [ "$1" = -o ]; then echo data > "$2"; fi; shift; done
shift
"$@"`,
  );
};

const record = (...args: string[]): { code: number | null; out: string; err: string } => {
  const done = spawnSync('/bin/sh', [SCRIPT, ...args], {
    encoding: 'utf8',
    cwd: folder,
    env: {
      PATH: join(folder, 'bin'),
      TMPDIR: folder,
      AXFS_PARANOID_FILE: join(folder, 'paranoid'),
      AXFS_TRACEFS: join(folder, 'tracing'),
    },
  });
  return { code: done.status, out: done.stdout, err: done.stderr };
};

describe('record-page-faults.sh', () => {
  it('--help says what it needs and how it ends', () => {
    const { code, out, err } = record('--help');
    expect([code, err]).toEqual([0, '']);
    for (const word of ['Usage:', 'Examples:', 'perf_event_paranoid', 'tracefs', 'Exit codes:'])
      expect(out).toContain(word);
    expect(record('-h').out).toBe(out);
  });

  test.each([
    [[], 'an output is needed: -o FILE'],
    [['-o'], '-o needs a value'],
    [['-o', 'x'], 'a command is needed behind --'],
    [['-o', 'x', '--'], 'a command is needed behind --'],
    [['-q'], "unknown option '-q'"],
    [['-o', 'x', '-m', 'z', '--', 'cat'], "method is 'z', expected perf, ftrace or auto"],
    [['-o', 'x', '--', 'nothing-such'], "no command 'nothing-such'"],
    [['-o', 'x', '-p', '/none', '--', 'cat'], "'/none' is no directory"],
  ])('%j is a mistake of the command line', (args, message) => {
    expect(record(...args)).toEqual({
      code: 16,
      out: '',
      err: `record-page-faults: ${message} (--help says more)\n`,
    });
  });

  it('says what each method misses', () => {
    expect(record('--check').out).toMatch(/^perf +perf is not installed .*\nftrace +no tracefs /);
    goodPerf();
    mkdirSync(join(folder, 'tracing', 'instances'), { recursive: true });
    expect(record('--check').out).toMatch(/^perf +works\nftrace +.*events\/filemap is not there/);
    writeFileSync(join(folder, 'paranoid'), '4\n');
    expect(record('--check').out).toMatch(
      /^perf +perf_event_paranoid is 4, 2 or less is needed; as root: sysctl kernel\.perf_event_paranoid=2\n/,
    );
    rmSync(join(folder, 'paranoid'));
    expect(record('--check').out).toContain('CONFIG_PERF_EVENTS');
  });

  it('ends with that where nothing works, and leaves no file', () => {
    const { code, err } = record('-o', 'x', '--', 'cat', '/dev/null');
    expect(code).toBe(8);
    expect(err).toContain('perf is not installed');
    expect(err).toContain('page faults cannot be recorded here; with user mode QEMU they can');
    expect(record('-m', 'perf', '-o', 'x', '--', 'cat').err).toMatch(
      /^record-page-faults: perf: perf is not installed/,
    );
    expect(readdirSync(folder).sort()).toEqual(['bin', 'paranoid']);
  });

  it('records by perf, tells the exit code of the command, and tidies up', () => {
    goodPerf();
    program('job', 'echo done; exit 3');
    const { code, out, err } = record('-o', 'faults.txt', '--', 'job', 'one two');
    expect([code, out]).toEqual([0, 'done\n']);
    expect(err).toBe(
      'record-page-faults: the command ended with exit code 3\nrecord-page-faults: 1 lines by perf in faults.txt\n',
    );
    expect(readFileSync(join(folder, 'faults.txt'), 'utf8')).toBe('a 1/1 1.0: faults: 1000 1000\n');
    expect(readFileSync(join(folder, 'asked'), 'utf8')).toMatch(
      /^record -q -e page-faults -c 1 -d -o \S+ -- job one two\nscript -i \S+ --show-mmap-events --show-task-events -F comm,pid,tid,time,event,addr,ip\n$/,
    );
    expect(readdirSync(folder).sort()).toEqual(['asked', 'bin', 'faults.txt', 'paranoid']);
  });

  it('a perf that records nothing leaves nothing', () => {
    program('perf', 'exit 129');
    const { code, err } = record('-o', 'faults.txt', '--', 'cat', '/dev/null');
    expect([code, err]).toEqual([
      8,
      'record-page-faults: perf recorded nothing: it ended with exit code 129\n',
    ]);
    expect(readdirSync(folder).sort()).toEqual(['bin', 'paranoid']);
  });
});
