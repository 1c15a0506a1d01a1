/**
 * Makes trees on the real machine. Everything goes through node:fs but fifos and devices, which Node cannot
 * make: those come from mkfifo(1) and mknod(1), called by way of xargs(1), as only that passes on a path
 * whose bytes are no UTF-8.
 *
 * @module
 */
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { byteStringOf, fromText, toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import type { Errno } from '../base/errno.ts';
import { AwaitedSignals, holdDirectory } from './held-directory.ts';
import type { HeldDirectory, NewSpecial, NewTreeFile, TreeFiles } from './host.ts';
import { setByDescriptor, setByPath } from './tree-metadata.ts';
import { UnfinishedFiles } from './unfinished.ts';
import type { RandomText } from './unfinished.ts';
import { attempt } from './world-error.ts';

const PRIVATE_DIRECTORY = 0o700;
const PRIVATE_FILE = 0o600;
/** Most bytes of one write: the kernel takes at most 2^31 - 4096. */
const TRANSFER_MAX = 2 ** 30;

const native = (path: ByteString): Buffer => Buffer.from(path, 'latin1');

function createFile(
  path: ByteString,
  target: ByteString,
  unfinished: UnfinishedFiles,
): NewTreeFile {
  const place = { path, target, mode: PRIVATE_FILE };
  const { path: temporary, descriptor, settle } = unfinished.open(place);
  let isOpen = true;
  let length = 0;
  const close = (): void => {
    if (isOpen) fs.closeSync(descriptor);
    isOpen = false;
  };
  const discard = (): void => {
    close();
    settle('remove');
  };
  const orDiscard = (call: () => void): void => {
    try {
      attempt('write', path, call);
    } catch (error) {
      discard();
      throw error;
    }
  };
  return {
    write(data) {
      orDiscard(() => {
        for (let done = 0; done < data.length;) {
          const room = Math.min(data.length - done, TRANSFER_MAX);
          const written = fs.writeSync(descriptor, data, done, room, length);
          done += written;
          length += written;
        }
      });
    },
    skip(bytes) {
      length += bytes;
    },
    commit(metadata) {
      orDiscard(() => {
        // A hole at the end is there only once the file is made as long.
        if (fs.fstatSync(descriptor).size < length) fs.ftruncateSync(descriptor, length);
        setByDescriptor(descriptor, metadata);
        close();
        if (fs.lstatSync(native(target), { throwIfNoEntry: false }) !== undefined)
          throw new AxfsError(
            'EEXIST',
            `cannot create ${toPrintable(path)}: it exists already (EEXIST)`,
          );
        fs.renameSync(temporary, native(target));
      });
      settle('keep');
    },
    discard,
  };
}

/** What mkfifo(1) and mknod(1) say in the C locale, by the errno behind it. */
const TEXTS: Readonly<Record<string, Errno>> = {
  'File exists': 'EEXIST',
  'File name too long': 'ENAMETOOLONG',
  'Invalid argument': 'EINVAL',
  'No space left on device': 'ENOSPC',
  'No such file or directory': 'ENOENT',
  'Operation not permitted': 'EPERM',
  'Permission denied': 'EACCES',
  'Read-only file system': 'EROFS',
};
/** Exit codes of xargs(1): the program cannot be run, or is not there. */
const NOT_RUNNABLE = [126, 127];

/** Runs a program with arguments that are bytes; `place` is where `path` is reached. */
function runWith(
  program: 'mkfifo' | 'mknod',
  { path, place }: { readonly path: ByteString; readonly place: ByteString },
  words: readonly string[],
): void {
  // A path that begins with a dash would be an option.
  const argument = place.startsWith('/') ? place : `./${place}`;
  const input = native(byteStringOf([argument, ...words].map((word) => `${word}\0`).join('')));
  const env = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C' };
  try {
    execFileSync('xargs', ['-0', program], { input, env, stdio: ['pipe', 'ignore', 'pipe'] });
  } catch (error) {
    const { status, stderr } = error as { status?: number | null; stderr?: Buffer };
    const fail = (why: string, code: Errno): never => {
      throw new AxfsError(code, `cannot create ${toPrintable(path)}: ${why}`);
    };
    if (typeof status !== 'number') fail(`xargs cannot be run, expected it in PATH`, 'EIO');
    else if (NOT_RUNNABLE.includes(status))
      fail(`${program} cannot be run, expected it in PATH`, 'EIO');
    const [line = ''] = (stderr?.toString('latin1') ?? '').trim().split('\n').slice(-1);
    const text = line.slice(line.lastIndexOf(': ') + 1).trim();
    fail(`${program}: ${toPrintable(fromText(text))}`, TEXTS[text] ?? 'EIO');
  }
}

function makeSpecial(
  at: { readonly path: ByteString; readonly place: ByteString },
  special: NewSpecial,
): void {
  if (special.type === 'fifo') {
    runWith('mkfifo', at, []);
    return;
  }
  const letter = special.type === 'char' ? 'c' : 'b';
  runWith('mknod', at, [letter, String(special.major), String(special.minor)]);
}

/** Where a path is reached: through the directory that is held, whatever its path leads to. */
function placeOf(path: ByteString, within?: HeldDirectory, name?: ByteString): ByteString {
  // Where nothing can be held, paths are all there is.
  if (within === undefined || within.reach === within.path) return path;
  return byteStringOf(`${within.reach}/${name ?? path.slice(path.lastIndexOf('/') + 1)}`);
}

/** Trees on the file system of this process. */
export function createNodeTree(random?: RandomText): TreeFiles {
  const unfinished = new UnfinishedFiles(random);
  const signals = new AwaitedSignals();
  return {
    user: { uid: process.geteuid?.() ?? -1, gid: process.getegid?.() ?? -1 },
    hold: (path, within, name) => holdDirectory(path, placeOf(path, within, name), signals),
    makeDirectory(path, within) {
      attempt('create', path, () => {
        fs.mkdirSync(native(placeOf(path, within)), PRIVATE_DIRECTORY);
      });
    },
    makeSymlink(path, target, within) {
      attempt('create', path, () => {
        fs.symlinkSync(native(target), native(placeOf(path, within)));
      });
    },
    makeSpecial(path, special, within) {
      makeSpecial({ path, place: placeOf(path, within) }, special);
    },
    createFile: (path, within) => createFile(path, placeOf(path, within), unfinished),
    setMetadata(path, metadata, within) {
      attempt('set owner, mode or time of', path, () => {
        setByPath(native(placeOf(path, within)), metadata);
      });
    },
  };
}
