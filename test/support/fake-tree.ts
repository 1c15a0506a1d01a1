/**
 * How the host made of maps makes trees: as the real one does, where nothing is replaced and no symlink at
 * the end of a path is followed.
 *
 * @module
 */
import { toBytes, toPrintable } from '../../src/base/bytestring.ts';
import type { ByteString } from '../../src/base/bytestring.ts';
import { AxfsError } from '../../src/base/errno.ts';
import type { Errno } from '../../src/base/errno.ts';
import type { NewMetadata, NewTreeFile, TreeFiles } from '../../src/host/host.ts';
import { encodeRdev, formatOf, formatOfType } from '../../src/ondisk/mode.ts';
import type { InodeType } from '../../src/ondisk/mode.ts';
import type { FakeFile, FakeMetadata, FaultyCall } from './fake-host.ts';

/** What a fake host lends to its tree. */
export interface FakeDisk {
  readonly host: {
    readonly user: { readonly uid: number; readonly gid: number };
    readonly times: Map<string, number>;
    diskBytes: number;
    held: number;
  };
  readonly nodes: Map<ByteString, FakeFile>;
  find(
    call: FaultyCall,
    path: ByteString,
    follow: boolean,
  ): { readonly full: ByteString; readonly node: FakeFile };
  /** Throws when `call` on the path is set to fail. */
  refuse(call: FaultyCall, path: ByteString, full: ByteString): void;
  add(path: ByteString, type: InodeType, metadata: FakeMetadata, more: Partial<FakeFile>): void;
  failure(call: FaultyCall, path: ByteString, code: Errno): AxfsError;
}

/** The tree calls of a host. */
export function createFakeTree(disk: FakeDisk): TreeFiles {
  const make = (path: ByteString, type: InodeType, more: Partial<FakeFile> = {}): void => {
    const full = placeOf(disk, path);
    if (disk.nodes.has(full)) throw disk.failure('create', path, 'EEXIST');
    add(disk, full, type, more);
  };
  return {
    get user() {
      return disk.host.user;
    },
    hold(path) {
      const look = (): FakeFile => disk.find('stat', path, false).node;
      if (formatOf(look().mode) !== formatOfType('dir'))
        throw disk.failure('open', path, 'ENOTDIR');
      disk.host.held += 1;
      return {
        path,
        reach: path,
        stat() {
          const { mode, inode } = look();
          const time = disk.host.times.get(toPrintable(disk.find('stat', path, false).full)) ?? 0;
          return { mode, device: 0, inode, modified: BigInt(time) * 10n ** 9n };
        },
        setMetadata(metadata) {
          setMetadata(disk, path, metadata);
        },
        close() {
          disk.host.held -= 1;
        },
      };
    },
    makeDirectory(path) {
      make(path, 'dir');
    },
    makeSymlink(path, target) {
      make(path, 'symlink', { content: toBytes(target) });
    },
    makeSpecial(path, special) {
      const isDevice = special.type !== 'fifo';
      if (isDevice && disk.host.user.uid !== 0) throw disk.failure('create', path, 'EPERM');
      make(path, special.type, { rdev: isDevice ? encodeRdev(special) : 0 });
    },
    createFile: (path) => createFile(disk, path),
    setMetadata(path, metadata) {
      setMetadata(disk, path, metadata);
    },
  };
}

/** The whole path of something that is about to be made; its directory must be there. */
function placeOf(disk: FakeDisk, path: ByteString): ByteString {
  const slash = path.lastIndexOf('/') + 1;
  const parent = directoryAt(disk, path, `${path.slice(0, slash)}.` as ByteString);
  const full = `${parent === '/' ? '' : parent}/${path.slice(slash)}` as ByteString;
  disk.refuse('create', path, full);
  return full;
}

/** A directory on the way to `path`; what stands before the end of a path is followed. */
function directoryAt(disk: FakeDisk, path: ByteString, directory: ByteString): ByteString {
  try {
    return disk.find('stat', directory, true).full;
  } catch (error) {
    if (error instanceof AxfsError) throw disk.failure('create', path, error.code);
    throw error;
  }
}

function add(disk: FakeDisk, full: ByteString, type: InodeType, more: Partial<FakeFile>): void {
  disk.add(full, type, { mode: type === 'dir' ? 0o700 : 0o600, ...disk.host.user }, more);
}

function setMetadata(disk: FakeDisk, path: ByteString, metadata: NewMetadata): void {
  const { full, node } = disk.find('own', path, false);
  const { uid, gid } = metadata.owner ?? node;
  if (disk.host.user.uid !== 0 && (uid !== node.uid || gid !== node.gid))
    throw disk.failure('own', path, 'EPERM');
  const format = formatOf(node.mode);
  const permissions = format === formatOfType('symlink') ? 0o777 : metadata.mode;
  disk.nodes.set(full, { ...node, uid, gid, mode: format + permissions });
  disk.host.times.set(toPrintable(full), metadata.mtime);
}

function createFile(disk: FakeDisk, path: ByteString): NewTreeFile {
  const full = placeOf(disk, path);
  const temporary = `${full}.tmp` as ByteString;
  const parts: Uint8Array[] = [];
  add(disk, temporary, 'file', {});
  const discard = (): void => {
    disk.nodes.delete(temporary);
  };
  return {
    write(bytes) {
      disk.refuse('write', path, full);
      if (bytes.length > disk.host.diskBytes) {
        discard();
        throw disk.failure('write', path, 'ENOSPC');
      }
      disk.host.diskBytes -= bytes.length;
      parts.push(bytes.slice());
    },
    // A hole takes nothing of the disk.
    skip(bytes) {
      parts.push(new Uint8Array(bytes));
    },
    commit(metadata) {
      discard();
      if (disk.nodes.has(full)) throw disk.failure('create', path, 'EEXIST');
      add(disk, full, 'file', { content: new Uint8Array(Buffer.concat(parts)) });
      setMetadata(disk, full, metadata);
    },
    discard,
  };
}
