/**
 * Gives what was made in a tree its owner, its permissions and its time.
 *
 * @module
 */
import * as fs from 'node:fs';
import { AxfsError } from '../base/errno.ts';
import type { NewMetadata } from './host.ts';

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = fs.constants;

/** To chown(2), this user or group means that the owner stays as it is. */
const NO_ID = 2 ** 32 - 1;
/** setuid and setgid are the bits above these. */
const WITHOUT_SETUID = 0o2000;

/** Who a program acts for must be who was meant: no one stands for whoever made the file. */
function checkOwner({ owner }: NewMetadata): void {
  for (const id of owner === undefined ? [] : [owner.uid, owner.gid])
    if (!(id >= 0 && id < NO_ID))
      throw new AxfsError(
        'EINVAL',
        `owner ${String(id)} is no one, expected 0 to ${String(NO_ID - 1)}`,
      );
}

/** Owner first: giving a file away clears its setuid and setgid bits, which a wrong owner must not get. */
export function setByDescriptor(descriptor: number, metadata: NewMetadata): void {
  const { owner, mode, mtime } = metadata;
  checkOwner(metadata);
  if (owner !== undefined) {
    fs.fchownSync(descriptor, owner.uid, owner.gid);
    const { uid, gid } = fs.fstatSync(descriptor);
    // Some file systems take every owner and keep their own.
    if (mode >= WITHOUT_SETUID && (uid !== owner.uid || gid !== owner.gid))
      throw new AxfsError(
        'EPERM',
        `the file system gives it to ${String(uid)}:${String(gid)}, expected ${String(owner.uid)}:${String(owner.gid)}`,
      );
  }
  fs.fchmodSync(descriptor, mode);
  fs.futimesSync(descriptor, mtime, mtime);
}

/** A directory is opened, so that nothing can take its place meanwhile; opening a device would use it. */
export function setByPath(path: Buffer, metadata: NewMetadata): void {
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
  checkOwner(metadata);
  if (owner !== undefined) fs.lchownSync(path, owner.uid, owner.gid);
  if (!there.isSymbolicLink()) fs.chmodSync(path, mode);
  fs.lutimesSync(path, mtime, mtime);
}
