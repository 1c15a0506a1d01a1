/**
 * What programs do: system calls and accesses.
 *
 * @module
 */
import { PAGE_SIZE, pgoff, virtAddr } from '../base/units.ts';
import { forkMm } from '../mm/fork.ts';
import { ADVICE } from '../mm/kernel.ts';
import { madvise } from '../mm/madvise.ts';
import { mincore } from '../mm/mincore.ts';
import { mlock, munlock } from '../mm/mlock.ts';
import type { MmStruct } from '../mm/mm.ts';
import { mprotect } from '../mm/mprotect.ts';
import { mremap } from '../mm/mremap.ts';
import { accessProcessVm } from '../mm/remote-access.ts';
import type { Access } from '../mm/vma.ts';
import { MAP_ANONYMOUS, MAP_FIXED, MAP_POPULATE, MAP_PRIVATE, MAP_SHARED } from '../mm/vmflags.ts';
import type { Arguments } from './arguments.ts';
import type { Command } from './command.ts';
import { ColumnError } from './syntax.ts';
import { readChoice, readName, readNumber, readProt } from './values.ts';
import type { LabWorld } from './world.ts';

/** `PLACE pages=N` of most system calls. */
function range(
  args: Arguments,
  world: LabWorld,
): { at: ReturnType<typeof virtAddr>; bytes: number } {
  const at = world.address(args.next('a place'));
  return { at, bytes: args.number('pages', 1, 0) * PAGE_SIZE };
}

const access =
  (kind: Access): Command['prepare'] =>
  (args, world, mm) => {
    const place = args.next('a place');
    const address = world.address(place);
    const pages = args.number('pages', 1, 1);
    const value = args.setting('value');
    const byte = value === undefined ? undefined : readNumber(value);
    return () => {
      for (let i = 0; i < pages; i += 1) {
        const at = virtAddr(address + i * PAGE_SIZE);
        mm.touch(at, kind);
        if (byte !== undefined) mm.writeMemory(at, Uint8Array.of(byte));
      }
      return 0;
    };
  };

/** Bytes of a word: `"BK"` or numbers joined by commas. */
function bytesOf(text: string): Uint8Array {
  const quoted = /^"(.*)"$/.exec(text)?.[1];
  if (quoted !== undefined) return new TextEncoder().encode(quoted);
  return Uint8Array.from(text.split(','), Number);
}

const remote =
  (write: boolean): Command['prepare'] =>
  (args, world, mm) => {
    const target = world.task(args.next('a task'));
    const address = world.address(args.next('a place'));
    const bytes = write
      ? bytesOf(args.next('bytes').text)
      : new Uint8Array(args.number('bytes', 1, 1));
    return () => {
      const done = accessProcessVm(target, { address, bytes, write, debugger: mm });
      if (done === 0) return 'EIO';
      return write ? String(done) : hexOf(bytes.subarray(0, done));
    };
  };

const hexOf = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

const lock =
  (call: typeof mlock): Command['prepare'] =>
  (args, world, mm) => {
    const { at, bytes } = range(args, world);
    return () => call(mm, at, bytes);
  };

function prepareMmap(args: Arguments, world: LabWorld, mm: MmStruct): () => string | number {
  const name = readName(args.next('a name for the mapping'));
  const what = args.next('a file, or anon');
  const file = what.text === 'anon' ? undefined : world.file(what).file;
  const pages = args.number('pages', 1, 0);
  const offset = args.number('offset', 0);
  const protWord = args.setting('prot');
  const prot = protWord === undefined ? 1 : readProt(protWord);
  const isShared = args.flag('shared');
  args.flag('private');
  const isPopulated = args.flag('populate');
  const atWord = args.setting('at');
  const address =
    atWord === undefined ? world.freshPlace(pages * PAGE_SIZE) : world.address(atWord);
  return () => {
    world.places.set(name, address);
    mm.mmap({
      length: pages * PAGE_SIZE,
      prot,
      flags:
        (isShared ? MAP_SHARED : MAP_PRIVATE) +
        MAP_FIXED +
        (isPopulated ? MAP_POPULATE : 0) +
        (file === undefined ? MAP_ANONYMOUS : 0),
      ...(file === undefined ? {} : { file, pgoff: pgoff(offset) }),
      address,
    });
    return 0;
  };
}

/** Commands of programs. */
export const USER_COMMANDS = {
  mmap: {
    usage:
      'mmap NAME FILE|anon pages=N [offset=PAGE] [prot=rwx] [shared|private] [populate] [at=PLACE]',
    summary:
      'maps pages of a file, or anonymous memory, and names the place; rights are r, the mapping private, when nothing is said',
    prepare: prepareMmap,
  },
  munmap: {
    usage: 'munmap PLACE pages=N',
    summary: 'unmaps pages',
    prepare: (args, world, mm) => {
      const { at, bytes } = range(args, world);
      return () => {
        mm.munmap(at, bytes);
        return 0;
      };
    },
  },
  read: {
    usage: 'read PLACE [pages=N]',
    summary: 'reads the first byte of pages',
    prepare: access('read'),
  },
  write: {
    usage: 'write PLACE [pages=N] [value=BYTE]',
    summary: 'stores to the first byte of pages; with a value, that byte',
    prepare: access('write'),
  },
  exec: {
    usage: 'exec PLACE [pages=N]',
    summary: 'executes from pages',
    prepare: access('exec'),
  },
  fork: {
    usage: 'fork NAME',
    summary: 'forks; NAME is the child',
    prepare: (args, world, mm) => {
      const word = args.next('a name for the child');
      const name = readName(word);
      if (world.tasks.has(name))
        throw new ColumnError(word.column, `there is a task ${name} already`);
      return () => {
        world.tasks.set(name, forkMm(mm));
        return 0;
      };
    },
  },
  exit: {
    usage: 'exit',
    summary: 'ends the task',
    prepare: (_args, _world, mm) => () => {
      mm.exit();
      return 0;
    },
  },
  mprotect: {
    usage: 'mprotect PLACE pages=N prot=rwx',
    summary: 'changes rights',
    prepare: (args, world, mm) => {
      const { at, bytes } = range(args, world);
      const word = args.setting('prot');
      if (word === undefined)
        throw new ColumnError(1, 'prot= is missing, expected mprotect PLACE pages=N prot=rwx');
      const prot = readProt(word);
      return () => mprotect(mm, at, bytes, prot);
    },
  },
  mremap: {
    usage: 'mremap PLACE pages=N to-pages=N [to=PLACE] [maymove]',
    summary: 'resizes a mapping, or moves it; its name goes with it when it names the place',
    prepare: (args, world, mm) => {
      const word = args.next('a place');
      const address = world.address(word);
      const oldLength = args.number('pages', 1, 0) * PAGE_SIZE;
      const newLength = args.number('to-pages', 0, 0) * PAGE_SIZE;
      const toWord = args.setting('to');
      const to = toWord === undefined ? undefined : world.address(toWord);
      const mayMove = args.flag('maymove');
      return () => {
        const result = mremap(mm, {
          ...{ address, oldLength, newLength, mayMove },
          ...(to === undefined ? {} : { to }),
        });
        if (typeof result === 'string') return result;
        for (const [name, place] of world.places)
          if (place === address && name === word.text) world.places.set(name, result);
        return 0;
      };
    },
  },
  madvise: {
    usage: `madvise PLACE pages=N ${ADVICE.join('|')}`,
    summary: 'gives advice',
    prepare: (args, world, mm) => {
      const { at, bytes } = range(args, world);
      const advice = readChoice(args.next('advice'), ADVICE);
      return () => madvise(mm, at, bytes, advice);
    },
  },
  mlock: { usage: 'mlock PLACE pages=N', summary: 'locks pages in memory', prepare: lock(mlock) },
  munlock: { usage: 'munlock PLACE pages=N', summary: 'unlocks them', prepare: lock(munlock) },
  mincore: {
    usage: 'mincore PLACE pages=N',
    summary: 'asks which pages are in memory: the result is a digit a page',
    prepare: (args, world, mm) => {
      const { at, bytes } = range(args, world);
      return () => {
        const pages = mincore(mm, at, bytes);
        return typeof pages === 'string'
          ? pages
          : pages.map((there) => (there ? '1' : '0')).join('');
      };
    },
  },
  pread: {
    usage: 'pread FILE page=N',
    summary: 'reads a page of a file with read(2): the result is its first byte, in hex',
    prepare: (args, world) => {
      const word = args.next('a file');
      const { axfs } = world.file(word);
      const page = args.number('page', 0);
      if (axfs === undefined)
        throw new ColumnError(
          word.column,
          `'${word.text}' cannot be read, expected a file of an image`,
        );
      return () => {
        const into = new Uint8Array(PAGE_SIZE);
        return axfs.read(page * PAGE_SIZE, into) === 0 ? 'EOF' : hexOf(into.subarray(0, 1));
      };
    },
  },
  send: {
    usage: 'send PLACE bytes=N',
    summary: 'writes bytes of memory to a pipe (copy_from_user): the result is how many',
    prepare: (args, world, mm) => {
      const address = world.address(args.next('a place'));
      const bytes = args.number('bytes', 1, 1);
      return () => String(mm.readMemory(address, bytes).length);
    },
  },
  peek: {
    usage: 'peek TASK PLACE bytes=N',
    summary: "reads another task's memory as a debugger: the result is the bytes in hex, or EIO",
    prepare: remote(false),
  },
  poke: {
    usage: 'poke TASK PLACE "TEXT"|BYTE,BYTE…',
    summary: "writes another task's memory as a debugger: the result is how many bytes, or EIO",
    prepare: remote(true),
  },
} as const satisfies Readonly<Record<string, Command>>;
