import { describe, expect, it } from 'vitest';
import type { FakeHost } from '../../support/fake-host.ts';
import { run, usual } from '../../support/mkfs-command.ts';

describe('mkfs.axfs refuses', () => {
  const cases: readonly (readonly [string, string, FakeHost, number, string])[] = [
    ['a missing tree', 'nowhere out.axfs', usual(), 16, 'cannot stat nowhere: ENOENT'],
    [
      'a tree that is a file',
      'list.csv out.axfs',
      usual(),
      8,
      'list.csv is neither a directory, a tar archive nor a cpio archive (newc)',
    ],
    [
      'an unreadable file',
      'tree out.axfs',
      usual().fail('open', '/tree/bin/prog', 'EACCES'),
      8,
      'cannot open tree/bin/prog: EACCES',
    ],
    [
      'a file that fails while it is read',
      'tree out.axfs',
      usual().fail('read', '/tree/lib/data', 'EIO'),
      8,
      'cannot read tree/lib/data: EIO',
    ],
    [
      'a file that changes its size',
      'tree out.axfs',
      usual().resize('/tree/only', 10),
      8,
      'tree/only changed while it was packed: 9 bytes at first, 10 now',
    ],
    [
      'a file of unknown type',
      'tree out.axfs',
      usual().file('/tree/odd', '', { format: 0o150000 }),
      8,
      'tree/odd: unknown file type, mode 0150644',
    ],
    [
      'a full disk',
      'tree out.axfs',
      Object.assign(usual(), { diskBytes: 3000 }),
      8,
      'cannot write out.axfs: ENOSPC',
    ],
    [
      'a disk that fails',
      'tree out.axfs',
      usual().fail('write', '/out.axfs', 'EIO'),
      8,
      'cannot write out.axfs: EIO',
    ],
    [
      'an image that cannot be created',
      'tree out.axfs',
      usual().fail('create', '/out.axfs', 'EACCES'),
      16,
      'cannot create out.axfs: EACCES',
    ],
    ['an image in no directory', 'tree no/out.axfs', usual(), 16, 'cannot stat no/: ENOENT'],
    [
      'a malformed list',
      '-i list.csv tree out.axfs',
      usual().file('/list.csv', 'bin/prog,0,1\nbin/prog,4k,1\n'),
      8,
      "list.csv:2: offset is '4k', expected a decimal number below 2^53",
    ],
    ['a missing list', '-i none.csv tree out.axfs', usual(), 8, 'cannot read none.csv: ENOENT'],
    [
      'unmatched lines under --strict',
      '--strict -i list.csv tree out.axfs',
      usual().file('/list.csv', 'bin/prog,0,1\nbin,0,1\n'),
      8,
      'list.csv: 1 of 2 lines selects no page of a regular file in the tree, first line 2: bin,0',
    ],
    [
      'an image inside the tree',
      'tree tree/bin/out.axfs',
      usual(),
      16,
      'image tree/bin/out.axfs is inside the tree tree: it would pack itself',
    ],
    [
      'an image inside the tree, by a symlink',
      'tree link/out.axfs',
      usual().symlink('/link', 'tree/lib'),
      16,
      'image link/out.axfs is inside the tree tree: it would pack itself',
    ],
    [
      'an image inside the root',
      '/ out.axfs',
      usual(),
      16,
      'image out.axfs is inside the tree /: it would pack itself',
    ],
    ['no arguments', '', usual(), 16, "missing required argument 'source'"],
    ['no image', 'tree', usual(), 16, "missing required argument 'image'"],
    ['an unknown option', '--fast tree out.axfs', usual(), 16, "unknown option '--fast'"],
    [
      'a word for a time',
      '--timestamp now tree out.axfs',
      usual(),
      16,
      "option '--timestamp <seconds>' argument 'now' is invalid. Expected whole seconds from 0 to 2^53-1.",
    ],
    [
      'a negative time',
      '--timestamp=-1 tree out.axfs',
      usual(),
      16,
      "option '--timestamp <seconds>' argument '-1' is invalid. Expected whole seconds from 0 to 2^53-1.",
    ],
    [
      'a bad SOURCE_DATE_EPOCH',
      'tree out.axfs',
      ((host) => {
        host.variables.set('SOURCE_DATE_EPOCH', 'yesterday');
        return host;
      })(usual()),
      16,
      "environment variable SOURCE_DATE_EPOCH is 'yesterday', expected whole seconds since 1970",
    ],
    ...['0', '1.5', '65', 'many'].map(
      (jobs) =>
        [
          `--jobs ${jobs}`,
          `-j ${jobs} tree out.axfs`,
          usual(),
          16,
          `option '-j, --jobs <n>' argument '${jobs}' is invalid. Expected a whole number from 1 to 64.`,
        ] as const,
    ),
    ['-e without a list', '-e tree out.axfs', usual(), 16, 'option -e needs -i, --profile FILE'],
    [
      '-a -e without a list',
      '-a -e tree out.axfs',
      usual(),
      16,
      'option -e needs -i, --profile FILE',
    ],
    [
      '--xip profile without a list',
      '--xip profile tree out.axfs',
      usual(),
      16,
      'option --xip profile needs -i, --profile FILE',
    ],
    [
      '--xip files without a list',
      '--xip files tree out.axfs',
      usual(),
      16,
      'option --xip files needs -i, --profile FILE',
    ],
    [
      '--xip with -e',
      '--xip files -e -i list.csv tree out.axfs',
      usual(),
      16,
      'option --xip says it all: leave out -e',
    ],
    [
      '--xip with -a',
      '--xip elf -a tree out.axfs',
      usual(),
      16,
      'option --xip says it all: leave out -a',
    ],
    [
      '--xip all with a list',
      '--xip all -i list.csv tree out.axfs',
      usual(),
      16,
      'option --xip all has no use for -i, --profile',
    ],
    [
      '--xip none with a list',
      '--xip none -i list.csv tree out.axfs',
      usual(),
      16,
      'option --xip none has no use for -i, --profile',
    ],
    [
      '--strict without a list',
      '--strict tree out.axfs',
      usual(),
      16,
      'option --strict needs -i, --profile FILE',
    ],
    [
      'an unknown mode',
      '--xip some tree out.axfs',
      usual(),
      16,
      "option '--xip <mode>' argument 'some' is invalid. Allowed choices are none, profile, files, elf, all.",
    ],
  ];
  it.each(cases)('%s', async (_name, line, host, expected, message) => {
    const before = host.paths;
    const { code } = await run(line, host);
    expect([code, host.stderr, host.stdout]).toEqual([expected, `mkfs.axfs: ${message}\n`, '']);
    expect(host.paths).toEqual(before);
    expect(host.compressors.closed).toBe(host.compressors.jobs.length);
  });

  it('nothing half: an old image stays when the new one fails', async () => {
    const host = usual().file('/out.axfs', 'old');
    host.diskBytes = 2000;
    const { code, image } = await run('tree out.axfs', host);
    expect(code).toBe(8);
    expect(Buffer.from(image!).toString()).toBe('old');
  });

  it('a file of 4 GiB in compat, by its name', async () => {
    const { code, host } = await run(
      '--compat tree out.axfs',
      usual().claim('/tree/lib/data', 2 ** 32),
    );
    expect(code).toBe(8);
    expect(host.stderr).toBe(
      'mkfs.axfs: lib/data: 4294967296 bytes, the original format holds at most 4294967295\n',
    );
  });
});
