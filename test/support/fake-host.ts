/**
 * A host made of maps, for tests of commands: files with owners, devices and faults, a clock that ticks by
 * itself, and a terminal that remembers. The working directory is `/`.
 *
 * Faults are data on the side of the files: `fail` makes a call on a path fail with an errno, `resize` makes
 * a file another size once it is opened, `claim` makes lstat tell another one, `diskBytes` is the room for files that commands write.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { fromBytes, fromText, toBytes, toPrintable } from '../../src/base/bytestring.ts';
import type { ByteString } from '../../src/base/bytestring.ts';
import { AxfsError } from '../../src/base/errno.ts';
import type { Errno } from '../../src/base/errno.ts';
import { codecOf } from '../../src/codec/codecs.ts';
import type { CodecName } from '../../src/codec/codecs.ts';
import { createInlineCompressor } from '../../src/codec/compressor.ts';
import type { PageCompressor } from '../../src/codec/compressor.ts';
import type { Inflater } from '../../src/codec/zlib.ts';
import { landingOf } from '../../src/host/landing.ts';
import { loadLibdeflate } from '../../src/host/node-host.ts';
import type {
  FileStat,
  Files,
  Hash,
  HashAlgorithm,
  Host,
  NewFile,
  OpenFile,
  Spool,
  Terminal,
  TreeFiles,
} from '../../src/host/host.ts';
import { encodeRdev, formatOf, formatOfType } from '../../src/ondisk/mode.ts';
import type { DeviceNumber, InodeType } from '../../src/ondisk/mode.ts';
import { createFakeSpool } from './fake-spool.ts';
import { createFakeTree } from './fake-tree.ts';

/** A call that can be made to fail. */
export type FaultyCall =
  'open' | 'read' | 'list' | 'stat' | 'create' | 'write' | 'finish' | 'rename' | 'own';

/** A file as the host keeps it. */
export interface FakeFile {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly rdev: number;
  readonly inode: bigint;
  /** Names that it has. */
  links: number;
  /** Content of a file, target of a symlink. */
  content: Uint8Array;
  /** Nanoseconds of its last change. */
  changed: bigint;
}

/** Owner and permissions; defaults 0644 or 0755, root. `format` sets raw type bits, for types unknown. */
export interface FakeMetadata {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly format?: number;
}

const LINKS_MAX = 40;
const NOTHING = new Uint8Array(0);

const LIBDEFLATE = { libdeflate: loadLibdeflate() };

/** A host for one test. Paths in its own methods are ordinary text. */
export class FakeHost implements Host {
  readonly cpus = 2;
  readonly version = '1.2.3-test';
  /** Milliseconds that pass between two looks at the clock. */
  tick = 1;
  /** Bytes that may still be written to files. */
  diskBytes = Infinity;
  outIsTty = false;
  errIsTty = false;
  columns = 80;
  readonly variables = new Map<string, string>();
  /** What standard input still holds. */
  input: Uint8Array = NOTHING;
  /** Who runs the commands; files that they make in a tree belong to it. */
  user = { uid: 0, gid: 0 };
  /** Times that commands gave to files of a tree, by path. */
  readonly times = new Map<string, number>();
  /** Temporary files made, and how many were closed. */
  readonly spools = { made: 0, closed: 0 };
  /** Directories of a tree that are held open. */
  held = 0;
  /** How often long work paused. */
  breaths = 0;
  /** Jobs of every compressor made, and how many were closed. */
  readonly compressors = { jobs: [] as number[], closed: 0 };
  /** This machine runs WebAssembly, and so has libdeflate. */
  webAssembly = true;
  readonly #nodes = new Map<ByteString, FakeFile>();
  readonly #faults = new Map<string, Errno>();
  readonly #sizes = new Map<ByteString, number>();
  readonly #claims = new Map<ByteString, number>();
  readonly #out: Uint8Array[] = [];
  #err = '';
  #time = 0;
  #temporaries = 0;
  #inodes = 0n;

  constructor(tree: Readonly<Record<string, string | Uint8Array>> = {}) {
    this.directory('/');
    for (const [path, content] of Object.entries(tree)) this.file(path, content);
  }

  // --- setting up -------------------------------------------------------------------------------------

  /** Makes a directory and those above it. */
  directory(path: string, metadata: FakeMetadata = {}): this {
    const full = absolute(fromText(path));
    const parent = parentOf(full);
    if (full !== '/' && !this.#nodes.has(parent)) this.directory(parent);
    return this.#add(full, 'dir', { mode: 0o755, ...metadata }, {});
  }

  file(path: string, content: string | Uint8Array = '', metadata: FakeMetadata = {}): this {
    const bytes = typeof content === 'string' ? toBytes(fromText(content)) : content;
    return this.#add(absolute(fromText(path)), 'file', metadata, { content: bytes });
  }

  symlink(path: string, target: string): this {
    const content = toBytes(fromText(target));
    return this.#add(absolute(fromText(path)), 'symlink', { mode: 0o777 }, { content });
  }

  /** A device, fifo or socket. */
  special(path: string, type: InodeType, rdev: DeviceNumber = { major: 0, minor: 0 }): this {
    return this.#add(absolute(fromText(path)), type, {}, { rdev: encodeRdev(rdev) });
  }

  /** Makes `path` one more name of what is at `target`. */
  link(path: string, target: string): this {
    const node = this.#nodes.get(absolute(fromText(target)));
    if (node === undefined) throw new TypeError(`no file ${target} to link`);
    const full = absolute(fromText(path));
    if (!this.#nodes.has(parentOf(full))) this.directory(parentOf(full));
    this.#nodes.set(full, node);
    node.links += 1;
    return this;
  }

  /** Makes `call` on `path` fail. */
  fail(call: FaultyCall, path: string, code: Errno): this {
    this.#faults.set(`${call} ${absolute(fromText(path))}`, code);
    return this;
  }

  /** Makes `path` this many bytes long for who opens it; lstat still says the old size. */
  resize(path: string, size: number): this {
    this.#sizes.set(absolute(fromText(path)), size);
    return this;
  }

  /** Replaces the content of a file in its place. */
  rewrite(path: string, content: string): this {
    const node = this.#nodes.get(absolute(fromText(path)));
    if (node === undefined) throw new TypeError(`no file ${path} to rewrite`);
    node.content = toBytes(fromText(content));
    node.changed += 1n;
    return this;
  }

  /** Makes lstat say that `path` is this many bytes long. */
  claim(path: string, size: number): this {
    this.#claims.set(absolute(fromText(path)), size);
    return this;
  }

  // --- looking at -------------------------------------------------------------------------------------

  get stdout(): string {
    return new TextDecoder().decode(this.stdoutBytes);
  }

  get stdoutBytes(): Uint8Array {
    return Buffer.concat(this.#out);
  }

  get stderr(): string {
    return this.#err;
  }

  /** Content of a file, or `undefined`. */
  contentOf(path: string): Uint8Array | undefined {
    return this.#nodes.get(absolute(fromText(path)))?.content;
  }

  /** All paths, sorted; a half-written file would be among them. */
  get paths(): readonly string[] {
    return [...this.#nodes.keys()].sort();
  }

  // --- Host -------------------------------------------------------------------------------------------

  now(): number {
    this.#time += this.tick;
    return this.#time;
  }

  breathe(): Promise<void> {
    this.breaths += 1;
    return Promise.resolve();
  }

  environment(name: string): string | undefined {
    return this.variables.get(name);
  }

  /** A compressor: zlib by pako, libdeflate unless {@link webAssembly} is turned off. */
  makeCompressor(jobs: number, codec: CodecName = 'zlib'): PageCompressor {
    const { compressors } = this;
    const compressor = createInlineCompressor(
      codecOf(codec).makeDeflater(this.webAssembly ? LIBDEFLATE : {}),
    );
    compressors.jobs.push(jobs);
    return {
      ...compressor,
      close() {
        compressors.closed += 1;
        return Promise.resolve();
      },
    };
  }

  makeInflater(codec: CodecName = 'zlib'): Inflater {
    return codecOf(codec).makeInflater({});
  }

  sha256(): Hash {
    return this.hash('sha256');
  }

  hash(algorithm: HashAlgorithm): Hash {
    const hash = createHash(algorithm);
    return {
      update(bytes) {
        hash.update(bytes);
      },
      hex: () => hash.digest('hex'),
    };
  }

  readInput(into: Uint8Array): Promise<number> {
    return Promise.resolve().then(() => {
      this.#refuse('read', fromText('standard input'), '/stdin' as ByteString);
      const part = this.input.subarray(0, into.length);
      into.set(part);
      this.input = this.input.subarray(part.length);
      return part.length;
    });
  }

  spool(): Spool {
    return createFakeSpool(this, () => failure('write', fromText('a temporary file'), 'ENOSPC'));
  }

  async gunzip(
    input: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    output: (bytes: Uint8Array) => void,
    name: string,
  ): Promise<void> {
    const stored: Uint8Array[] = [];
    for await (const piece of input) stored.push(piece);
    let expanded: Uint8Array;
    try {
      expanded = gunzipSync(Buffer.concat(stored));
    } catch (error) {
      throw new AxfsError('EIO', `${name}: cannot expand it: ${(error as Error).message}`);
    }
    output(expanded);
  }

  get terminal(): Terminal {
    return {
      out: (data) => {
        this.#out.push(typeof data === 'string' ? new TextEncoder().encode(data) : data.slice());
      },
      err: (text) => {
        this.#err += text;
      },
      outIsTty: this.outIsTty,
      errIsTty: this.errIsTty,
      columns: this.columns,
      color: this.outIsTty && !this.variables.has('NO_COLOR'),
    };
  }

  readonly files: Files = {
    lstat: (path) => {
      const { full, node } = this.#find('stat', path, false);
      const stat = statOf(node);
      return { ...stat, size: this.#claims.get(full) ?? stat.size };
    },
    stat: (path) => statOf(this.#find('stat', path, true).node),
    readdir: (path) => {
      const { full, node } = this.#find('list', path, true);
      if (formatOf(node.mode) !== formatOfType('dir')) throw failure('list', path, 'ENOTDIR');
      const below = full === '/' ? '/' : `${full}/`;
      return [...this.#nodes.keys()]
        .filter((key) => key !== '/' && parentOf(key) === full)
        .map((key) => key.slice(below.length) as ByteString)
        .reverse();
    },
    readlink: (path) => fromBytes(this.#find('read', path, false).node.content),
    realpath: (path) => this.#find('stat', path, true).full,
    landing: (path) => this.#landing(path),
    readFile: (path) => this.#readable('read', path).node.content.slice(),
    open: (path) => this.#open(path),
    create: (path) => this.#create(path),
  };

  readonly tree: TreeFiles = createFakeTree({
    host: this,
    nodes: this.#nodes,
    find: (call, path, follow) => this.#find(call, path, follow),
    refuse: (call, path, full) => {
      this.#refuse(call, path, full);
    },
    add: (path, type, metadata, more) => this.#add(path, type, metadata, more),
    failure,
  });

  #open(path: ByteString): OpenFile {
    const { full, node } = this.#readable('open', path);
    const size = this.#sizes.get(full) ?? node.content.length;
    const content = new Uint8Array(size);
    content.set(node.content.subarray(0, size));
    return {
      stat: () => ({ ...statOf(node), size }),
      readAt: (into, position) => {
        this.#refuse('read', path, full);
        const part = content.subarray(position, position + into.length);
        into.set(part);
        return part.length;
      },
      close: () => undefined,
    };
  }

  #landing(path: ByteString): ByteString {
    const target = (place: ByteString): ByteString | undefined => {
      const node = this.#nodes.get(place);
      const isLink = node !== undefined && formatOf(node.mode) === formatOfType('symlink');
      return isLink ? fromBytes(node.content) : undefined;
    };
    return landingOf({ realpath: (one) => this.#find('stat', one, true).full, target }, path);
  }

  #create(path: ByteString): NewFile {
    const full = this.#landing(path);
    this.#refuse('create', path, full);
    if (this.#nodes.get(full)?.mode === formatOfType('dir') + 0o755)
      throw failure('create', path, 'EISDIR');
    this.#temporaries += 1;
    const temporary = `${full}.${String(this.#temporaries)}.tmp` as ByteString;
    const parts: Uint8Array[] = [];
    this.#add(temporary, 'file', {}, {});
    return {
      write: (bytes) => {
        this.#refuse('write', path, full);
        if (bytes.length > this.diskBytes) {
          this.#nodes.delete(temporary);
          throw failure('write', path, 'ENOSPC');
        }
        this.diskBytes -= bytes.length;
        parts.push(bytes.slice());
      },
      finish: () => {
        this.#refuse('finish', path, full);
      },
      commit: () => {
        this.#nodes.delete(temporary);
        this.#refuse('rename', path, full);
        this.#add(full, 'file', {}, { content: new Uint8Array(Buffer.concat(parts)) });
      },
      discard: () => {
        this.#nodes.delete(temporary);
      },
    };
  }

  #readable(call: FaultyCall, path: ByteString): { full: ByteString; node: FakeFile } {
    const found = this.#find(call, path, true);
    if (formatOf(found.node.mode) === formatOfType('dir')) throw failure(call, path, 'EISDIR');
    return found;
  }

  #find(call: FaultyCall, path: ByteString, follow: boolean): { full: ByteString; node: FakeFile } {
    let full = '/' as ByteString;
    let links = 0;
    const parts = path.split('/');
    for (let i = 0; i < parts.length; i += 1) {
      const next = absolute(parts[i] as ByteString, full);
      const node = this.#nodes.get(next);
      if (node === undefined) throw failure(call, path, 'ENOENT');
      const isLast = parts.slice(i + 1).every((part) => part === '');
      if (formatOf(node.mode) === formatOfType('symlink') && (follow || !isLast)) {
        links += 1;
        if (links > LINKS_MAX) throw failure(call, path, 'ELOOP');
        const target = fromBytes(node.content);
        if (target.startsWith('/')) full = '/' as ByteString;
        parts.splice(i + 1, 0, ...target.split('/'));
        continue;
      }
      if (formatOf(node.mode) !== formatOfType('dir') && !isLast)
        throw failure(call, path, 'ENOTDIR');
      full = next;
    }
    this.#refuse(call, path, full);
    const node = this.#nodes.get(full);
    if (node === undefined) throw failure(call, path, 'ENOENT');
    return { full, node };
  }

  #refuse(call: FaultyCall, path: ByteString, full: ByteString): void {
    const code = this.#faults.get(`${call} ${full}`);
    if (code !== undefined) throw failure(call, path, code);
  }

  #add(path: ByteString, type: InodeType, metadata: FakeMetadata, more: Partial<FakeFile>): this {
    if (path !== '/' && !this.#nodes.has(parentOf(path))) this.directory(parentOf(path));
    const { mode = 0o644, uid = 0, gid = 0, format = formatOfType(type) } = metadata;
    this.#inodes += 1n;
    const inode = this.#inodes;
    const node = {
      mode: format + mode,
      uid,
      gid,
      rdev: 0,
      inode,
      links: 1,
      content: NOTHING,
      changed: 0n,
      ...more,
    };
    this.#nodes.set(path, node);
    return this;
  }
}

const statOf = ({ mode, uid, gid, rdev, inode, links, content, changed }: FakeFile): FileStat => ({
  mode,
  uid,
  gid,
  size: content.length,
  rdev,
  device: 1,
  inode,
  links,
  modified: changed,
  changed,
});

const failure = (call: FaultyCall, path: ByteString, code: Errno): AxfsError =>
  new AxfsError(code, `cannot ${call} ${toPrintable(path)}: ${code}`);

/** The path from `/` without empty parts, "." and "..". */
function absolute(path: ByteString, from = '/' as ByteString): ByteString {
  const parts: string[] = [];
  for (const part of (path.startsWith('/') ? path : `${from}/${path}`).split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}` as ByteString;
}

const parentOf = (path: ByteString): ByteString =>
  (path.slice(0, path.lastIndexOf('/')) || '/') as ByteString;
