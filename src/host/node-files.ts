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
import { UnfinishedFiles } from './unfinished.ts';
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

/** Where `path` leads, and the permissions of what is there; a new name leads to itself. */
function targetOf(path: ByteString): { target: ByteString; permissions: number | undefined } {
  const there = fs.statSync(native(path), { throwIfNoEntry: false });
  if (there === undefined) return { target: path, permissions: undefined };
  if (there.isDirectory())
    throw new AxfsError('EISDIR', `cannot create ${toPrintable(path)}: it is a directory (EISDIR)`);
  if (!there.isFile())
    throw new AxfsError(
      'EEXIST',
      `cannot create ${toPrintable(path)}: it exists and is not a regular file (EEXIST)`,
    );
  return {
    target: bytes(fs.realpathSync.native(native(path), { encoding: 'buffer' })),
    permissions: there.mode % FORMAT_UNIT,
  };
}

function createFile(path: ByteString, unfinished: UnfinishedFiles): NewFile {
  const { target, permissions } = attempt('create', path, () => targetOf(path));
  const slash = target.lastIndexOf('/') + 1;
  const temporary = byteStringOf(target.slice(0, slash) + unfinished.freshName());
  const descriptor = attempt('create', path, () => {
    const opened = fs.openSync(native(temporary), 'wx');
    if (permissions !== undefined) fs.fchmodSync(opened, permissions);
    return opened;
  });
  const forget = unfinished.remember(native(temporary));
  let open = true;
  const close = (): void => {
    if (open) fs.closeSync(descriptor);
    open = false;
  };
  const discard = (): void => {
    close();
    forget('remove');
  };
  const orDiscard = (verb: string, call: () => void): void => {
    try {
      attempt(verb, path, call);
    } catch (error) {
      discard();
      throw error;
    }
  };
  return {
    write(data) {
      orDiscard('write', () => {
        for (let done = 0; done < data.length;)
          done += fs.writeSync(descriptor, data, done, Math.min(data.length - done, TRANSFER_MAX));
      });
    },
    commit() {
      orDiscard('write', () => {
        fs.fsyncSync(descriptor);
        close();
        fs.renameSync(native(temporary), native(target));
      });
      forget('keep');
    },
    discard,
  };
}

/** The file system of this process. */
export function createNodeFiles(): Files {
  const unfinished = new UnfinishedFiles();
  return {
    lstat: (path) => attempt('stat', path, () => statOf(fs.lstatSync(native(path), EXACT))),
    stat: (path) => attempt('stat', path, () => statOf(fs.statSync(native(path), EXACT))),
    readdir: (path) =>
      attempt('list', path, () => fs.readdirSync(native(path), { encoding: 'buffer' }).map(bytes)),
    readlink: (path) =>
      attempt('read', path, () => bytes(fs.readlinkSync(native(path), { encoding: 'buffer' }))),
    realpath: (path) =>
      attempt('resolve', path, () =>
        bytes(fs.realpathSync.native(native(path), { encoding: 'buffer' })),
      ),
    readFile: (path) => attempt('read', path, () => fs.readFileSync(native(path))),
    open: openForReading,
    create: (path) => createFile(path, unfinished),
  };
}
