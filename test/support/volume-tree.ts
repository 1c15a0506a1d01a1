/**
 * An image read back into a tree through the project's own reader.
 *
 * @module
 */
import { createPakoInflater } from '../../src/codec/pako.ts';
import type { Inode } from '../../src/fs/inode.ts';
import { AxfsVolume } from '../../src/fs/volume.ts';
import type { TreeDirectory, TreeEntry } from '../../src/mkfs/tree.ts';
import { memoryContents } from '../../src/mtd/contents.ts';
import { createRamDevice } from '../../src/mtd/ram.ts';

/** The tree in an image. */
export function treeOfImage(image: Uint8Array): TreeDirectory {
  const volume = new AxfsVolume(createRamDevice('image', memoryContents(image)), {
    name: 'image',
    inflater: createPakoInflater(),
  });
  const entryOf = (inode: Inode): TreeEntry => {
    const metadata = { mode: inode.mode % 0o10000, uid: inode.uid, gid: inode.gid };
    switch (inode.type) {
      case 'dir': {
        const children = volume.readdir(inode);
        return {
          ...metadata,
          type: 'dir',
          entries: new Map(
            children.map(({ name, number }) => [name, entryOf(volume.inodes.get(number))]),
          ),
        };
      }
      case 'file': {
        const content = new Uint8Array(inode.size);
        volume.read(inode, 0, content);
        return { ...metadata, type: 'file', content };
      }
      case 'symlink':
        return { ...metadata, type: 'symlink', target: volume.readlink(inode) };
      case 'char':
      case 'block':
        return { ...metadata, type: inode.type, rdev: inode.rdev! };
      case 'fifo':
      case 'socket':
        return { ...metadata, type: inode.type };
    }
  };
  return entryOf(volume.root) as TreeDirectory;
}
