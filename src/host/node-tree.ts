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
import type { NewMetadata, NewSpecial, NewTreeFile, TreeFiles } from './host.ts';
import { UnfinishedFiles } from './unfinished.ts';
import { attempt } from './world-error.ts';

const PRIVATE_DIRECTORY = 0o700;
const PRIVATE_FILE = 0o600;
/** Most bytes of one write: the kernel takes at most 2^31 - 4096. */
const TRANSFER_MAX = 2 ** 30;
const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } = fs.constants;

const native = (path: ByteString): Buffer => Buffer.from(path, 'latin1');

/** Owner first: giving a file away clears its setuid and setgid bits. */
function setByDescriptor(descriptor: number, { owner, mode, mtime }: NewMetadata): void {
  if (owner !== undefined) fs.fchownSync(descriptor, owner.uid, owner.gid);
  fs.fchmodSync(descriptor, mode);
  fs.futimesSync(descriptor, mtime, mtime);
}

/** A directory is opened, so that nothing can take its place meanwhile; opening a device would use it. */
function setByPath(path: Buffer, metadata: NewMetadata): void {
  const there = fs.lstatSync(path);
  if (there.isDirectory()) {
    const descriptor = fs.openSync(path, O_RDONLY + O_DIRECTORY + O_NOFOLLOW);
    try {
      setByDescriptor(descriptor, metadata);
    } finally {
      fs.closeSync(descriptor);
    }
    return;
  }
  const { owner, mode, mtime } = metadata;
  if (owner !== undefined) fs.lchownSync(path, owner.uid, owner.gid);
  if (!there.isSymbolicLink()) fs.chmodSync(path, mode);
  fs.lutimesSync(path, mtime, mtime);
}

function createFile(path: ByteString, unfinished: UnfinishedFiles): NewTreeFile {
  const slash = path.lastIndexOf('/') + 1;
  const temporary = native(byteStringOf(path.slice(0, slash) + unfinished.freshName()));
  const descriptor = attempt('create', path, () =>
    fs.openSync(temporary, O_WRONLY + O_CREAT + O_EXCL + O_NOFOLLOW, PRIVATE_FILE),
  );
  const forget = unfinished.remember(temporary);
  let isOpen = true;
  let length = 0;
  const close = (): void => {
    if (isOpen) fs.closeSync(descriptor);
    isOpen = false;
  };
  const discard = (): void => {
    close();
    forget('remove');
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
        if (fs.lstatSync(native(path), { throwIfNoEntry: false }) !== undefined)
          throw new AxfsError(
            'EEXIST',
            `cannot create ${toPrintable(path)}: it exists already (EEXIST)`,
          );
        fs.renameSync(temporary, native(path));
      });
      forget('keep');
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

/** Runs a program with arguments that are bytes. */
function runWith(program: 'mkfifo' | 'mknod', path: ByteString, words: readonly string[]): void {
  // A path that begins with a dash would be an option.
  const argument = path.startsWith('/') ? path : `./${path}`;
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

function makeSpecial(path: ByteString, special: NewSpecial): void {
  if (special.type === 'fifo') {
    runWith('mkfifo', path, []);
    return;
  }
  const letter = special.type === 'char' ? 'c' : 'b';
  runWith('mknod', path, [letter, String(special.major), String(special.minor)]);
}

/** Trees on the file system of this process. */
export function createNodeTree(): TreeFiles {
  const unfinished = new UnfinishedFiles();
  return {
    user: { uid: process.geteuid?.() ?? -1, gid: process.getegid?.() ?? -1 },
    makeDirectory(path) {
      attempt('create', path, () => {
        fs.mkdirSync(native(path), PRIVATE_DIRECTORY);
      });
    },
    makeSymlink(path, target) {
      attempt('create', path, () => {
        fs.symlinkSync(native(target), native(path));
      });
    },
    makeSpecial,
    createFile: (path) => createFile(path, unfinished),
    setMetadata(path, metadata) {
      attempt('set owner, mode or time of', path, () => {
        setByPath(native(path), metadata);
      });
    },
  };
}
