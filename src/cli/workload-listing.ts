/**
 * Files that a workload can be made over: of an image, a directory, or a listing.
 *
 * @module
 */
import { fromText, toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import type { Host } from '../host/host.ts';
import { typeOfMode } from '../ondisk/mode.ts';
import { badLine, textRows } from '../workload/text-rows.ts';
import type { WorkloadFile } from '../workload/generate.ts';
import { withImageFile } from './image-file.ts';

/** Permission bits of which any makes a file executable. */
const EXECUTABLE = [0o100, 0o010, 0o001] as const;

const isExecutable = (mode: number): boolean =>
  EXECUTABLE.some((bit) => Math.floor(mode / bit) % 2 === 1);

/** `SIZE PATH`, with the permissions in octal in front if known: find -printf '%m %s %p\n', or '%s %p\n'. */
const ROW = /^(?:([0-7]{1,4}) )?([0-9]+) (.+)$/s;

/**
 * Files of a listing, in its order. Without permissions, what lies in a directory called bin, sbin, lib or
 * libexec is executable.
 *
 * @throws AxfsError EINVAL naming file and line.
 */
export function parseListing(bytes: Uint8Array, name: string): WorkloadFile[] {
  const files: WorkloadFile[] = [];
  for (const { text, line } of textRows(bytes)) {
    if (text === '' || text.startsWith('#')) continue;
    const [, mode, size = '', path = ''] = ROW.exec(text) ?? [];
    if (path === '' || !Number.isSafeInteger(Number(size)))
      throw badLine(
        name,
        line,
        `'${toPrintable(text)}' is no file of a listing, expected SIZE PATH or MODE SIZE PATH as find -printf '%m %s %p\\n' writes it`,
      );
    const executable =
      mode === undefined
        ? /(?:^|\/)(?:s?bin|lib|libexec)\//.test(path)
        : isExecutable(Number.parseInt(mode, 8));
    files.push({ path: path as ByteString, size: Number(size), executable });
  }
  return files;
}

/** Files below a directory of the host, by name. */
function filesBelow(host: Host, top: ByteString): WorkloadFile[] {
  const found: WorkloadFile[] = [];
  const walk = (directory: ByteString, inTree: string): void => {
    for (const name of [...host.files.readdir(directory)].sort()) {
      const path = `${directory}/${name}` as ByteString;
      const { mode, size } = host.files.lstat(path);
      const type = typeOfMode(mode);
      if (type === 'dir') walk(path, `${inTree}/${name}`);
      else if (type === 'file')
        found.push({
          path: `${inTree}/${name}` as ByteString,
          size,
          executable: isExecutable(mode),
        });
    }
  };
  walk(top, '');
  return found;
}

/**
 * Files of what is at `path`.
 *
 * @throws AxfsError when it cannot be read, or is no image.
 */
export async function workloadFiles(host: Host, path: string): Promise<WorkloadFile[]> {
  const bytePath = fromText(path);
  if (typeOfMode(host.files.stat(bytePath).mode) === 'dir') return filesBelow(host, bytePath);
  return withImageFile(host, path, (volume) => {
    const files: WorkloadFile[] = [];
    for (const { path: inImage, inode } of volume.walk())
      if (inode.type === 'file')
        files.push({
          path: `/${inImage}` as ByteString,
          size: inode.size,
          executable: isExecutable(inode.mode),
        });
    if (files.length === 0)
      throw new AxfsError('EINVAL', `${volume.name}: no regular file to make a workload over`);
    return files;
  });
}
