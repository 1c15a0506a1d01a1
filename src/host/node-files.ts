/**
 * Files of the real machine, through node:fs. Paths are bytes all the way down; failures come out as
 * AxfsError with one line naming the path.
 *
 * @module
 */
import * as fs from 'node:fs';
import { byteStringOf, toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import type { FileStat, Files, NewFile, OpenFile } from './host.ts';
import { landingOf } from './landing.ts';
import type { Links } from './landing.ts';
import { UnfinishedFiles } from './unfinished.ts';
import type { RandomText } from './unfinished.ts';
import { attempt } from './world-error.ts';

/** Most bytes of one read or write: the kernel takes at most 2^31 - 4096. */
const TRANSFER_MAX = 2 ** 30;
/** Modes below this are permission bits. */
const FORMAT_UNIT = 0o010000;

const native = (path: ByteString): Buffer => Buffer.from(path, 'latin1');
const bytes = (name: Buffer): ByteString => name.toString('latin1') as ByteString;

/** Inode numbers of some file systems need more than 53 bits; nothing else does. */
const statOf = (stat: fs.BigIntStats): FileStat => ({
  mode: Number(stat.mode),
  uid: Number(stat.uid),
  gid: Number(stat.gid),
  size: Number(stat.size),
  rdev: Number(stat.rdev),
  device: Number(stat.dev),
  inode: stat.ino,
  links: Number(stat.nlink),
  modified: stat.mtimeNs,
  changed: stat.ctimeNs,
});
const EXACT = { bigint: true } as const;

function openForReading(path: ByteString): OpenFile {
  // Without O_NONBLOCK, opening a fifo would wait for a writer.
  const flags = fs.constants.O_RDONLY + fs.constants.O_NONBLOCK;
  const descriptor = attempt('open', path, () => fs.openSync(native(path), flags));
  return {
    stat: () => attempt('stat', path, () => statOf(fs.fstatSync(descriptor, EXACT))),
    readAt(into, position) {
      let done = 0;
      while (done < into.length) {
        const length = Math.min(into.length - done, TRANSFER_MAX);
        const got = attempt('read', path, () =>
          fs.readSync(descriptor, into, done, length, position + done),
        );
        if (got === 0) break;
        done += got;
      }
      return done;
    },
    close() {
      fs.closeSync(descriptor);
    },
  };
}

const realpath = (path: ByteString): ByteString =>
  bytes(fs.realpathSync.native(native(path), { encoding: 'buffer' }));
const readlink = (path: ByteString): ByteString =>
  bytes(fs.readlinkSync(native(path), { encoding: 'buffer' }));

const LINKS: Links = {
  realpath,
  target: (path) =>
    fs.lstatSync(native(path), { throwIfNoEntry: false })?.isSymbolicLink() === true
      ? readlink(path)
      : undefined,
};

/** Where `path` leads, and the permissions of what is there. */
function targetOf(path: ByteString): { target: ByteString; permissions: number | undefined } {
  const target = landingOf(LINKS, path);
  const there = fs.lstatSync(native(target), { throwIfNoEntry: false });
  if (there === undefined) return { target, permissions: undefined };
  if (there.isDirectory())
    throw new AxfsError('EISDIR', `cannot create ${toPrintable(path)}: it is a directory (EISDIR)`);
  if (!there.isFile())
    throw new AxfsError(
      'EEXIST',
      `cannot create ${toPrintable(path)}: it exists and is not a regular file (EEXIST)`,
    );
  return { target, permissions: there.mode % FORMAT_UNIT };
}

/** What a file system says that does not flush directories, or keeps this one from being read. */
const NO_FLUSH: ReadonlySet<string | undefined> = new Set([
  'EACCES',
  'EINVAL',
  'ENOTSUP',
  'EPERM',
  'EROFS',
]);

/** Makes a new name last: without this a crash may still bring back the old file. */
function flushFolderOf(file: ByteString): void {
  const folder = byteStringOf(file.slice(0, file.lastIndexOf('/') + 1));
  try {
    const descriptor = fs.openSync(native(folder), fs.constants.O_RDONLY);
    try {
      fs.fsyncSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
  } catch (error) {
    if (!NO_FLUSH.has((error as NodeJS.ErrnoException).code)) throw error;
  }
}

function createFile(path: ByteString, unfinished: UnfinishedFiles): NewFile {
  const { target, permissions } = attempt('create', path, () => targetOf(path));
  const { path: temporary, descriptor, settle } = unfinished.open({ path, target });
  let open = true;
  const close = (): void => {
    if (open) fs.closeSync(descriptor);
    open = false;
  };
  const discard = (): void => {
    close();
    settle('remove');
  };
  const orDiscard = (verb: string, call: () => void): void => {
    try {
      attempt(verb, path, call);
    } catch (error) {
      discard();
      throw error;
    }
  };
  const finish = (): void => {
    if (!open) return;
    orDiscard('write', () => {
      fs.fsyncSync(descriptor);
      close();
    });
  };
  if (permissions !== undefined)
    orDiscard('create', () => {
      fs.fchmodSync(descriptor, permissions);
    });
  return {
    write(data) {
      orDiscard('write', () => {
        for (let done = 0; done < data.length;)
          done += fs.writeSync(descriptor, data, done, Math.min(data.length - done, TRANSFER_MAX));
      });
    },
    finish,
    commit() {
      finish();
      orDiscard('write', () => {
        fs.renameSync(temporary, native(target));
      });
      settle('keep');
      attempt('write', path, () => {
        flushFolderOf(target);
      });
    },
    discard,
  };
}

/** The file system of this process. */
export function createNodeFiles(random?: RandomText): Files {
  const unfinished = new UnfinishedFiles(random);
  return {
    lstat: (path) => attempt('stat', path, () => statOf(fs.lstatSync(native(path), EXACT))),
    stat: (path) => attempt('stat', path, () => statOf(fs.statSync(native(path), EXACT))),
    readdir: (path) =>
      attempt('list', path, () => fs.readdirSync(native(path), { encoding: 'buffer' }).map(bytes)),
    readlink: (path) => attempt('read', path, () => readlink(path)),
    realpath: (path) => attempt('resolve', path, () => realpath(path)),
    landing: (path) => attempt('resolve', path, () => landingOf(LINKS, path)),
    readFile: (path) => attempt('read', path, () => fs.readFileSync(native(path))),
    open: openForReading,
    create: (path) => createFile(path, unfinished),
  };
}
