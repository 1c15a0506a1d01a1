/**
 * The codecs by name: what a user may choose for the blocks of an image, what the image then says, who can
 * read it, and how each is made. Builder, reader, commands and worker threads share this table.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import { AxfsError } from '../base/errno.ts';
import { LIBDEFLATE_LEVELS, LIBDEFLATE_PACKAGE, createLibdeflate } from './libdeflate.ts';
import type { LibdeflateModule } from './libdeflate.ts';
import { createLz4Inflater } from './lz4-decode.ts';
import { createLz4Deflater } from './lz4-encode.ts';
import { createPakoDeflater, createPakoInflater } from './pako.ts';
import { createWasmZlib } from './wasm-zlib.ts';
import type { WasmModule } from './wasm.ts';
import type { Deflater, Inflater } from './zlib.ts';

/** compression_type of zlib, the only one that the format defines. */
const COMPRESSION_ZLIB = 0;
/**
 * compression_type of LZ4 blocks, an extension of this project: the letter L. Drivers know types from 0
 * upwards and refuse this one.
 */
export const COMPRESSION_LZ4 = 0x4c;

/** Compiled codecs that a machine may have; they can be posted to worker threads. */
export interface CodecModules {
  /** zlib-streams; without it pako takes its place, with the same bytes, five times slower. */
  readonly zlib?: WasmModule | undefined;
  /** libdeflate; without it `zlib-fast` and `zlib-small` cannot be made. */
  readonly libdeflate?: LibdeflateModule | undefined;
}

/** A row of the table. */
export interface Codec {
  /** What users call it. */
  readonly name: string;
  /** What it is, in a few words. */
  readonly title: string;
  /** compression_type of an image's superblock. */
  readonly compressionType: number;
  /** The Linux driver expands it. */
  readonly kernelReadable: boolean;
  /** Its blocks carry a checksum. */
  readonly checksum: boolean;
  /** On what the bytes depend, besides the input: never on the machine or the number of workers. */
  readonly reproducible: string;
  /** Module that its deflater uses, and its inflater. */
  readonly modules: {
    readonly deflate: keyof CodecModules | undefined;
    readonly inflate: keyof CodecModules | undefined;
  };
  /** @throws AxfsError EOPNOTSUPP when libdeflate is needed and missing. */
  readonly makeDeflater: (modules: CodecModules) => Deflater;
  readonly makeInflater: (modules: CodecModules) => Inflater;
}

const makeZlibDeflater = ({ zlib }: CodecModules): Deflater =>
  zlib === undefined ? createPakoDeflater() : createWasmZlib(zlib);
const makeZlibInflater = ({ zlib }: CodecModules): Inflater =>
  zlib === undefined ? createPakoInflater() : createWasmZlib(zlib);

const missingLibdeflate = (name: string): AxfsError =>
  new AxfsError(
    'EOPNOTSUPP',
    `codec ${name} needs WebAssembly, which is turned off here: choose codec ${DEFAULT_CODEC}`,
  );

const libdeflateFor =
  (name: keyof typeof LIBDEFLATE_LEVELS) =>
  ({ libdeflate }: CodecModules): Deflater => {
    if (libdeflate === undefined) throw missingLibdeflate(name);
    return createLibdeflate(libdeflate, LIBDEFLATE_LEVELS[name]);
  };

/** The codecs; the first is the default. */
export const CODECS = [
  {
    name: 'zlib',
    title: 'zlib level 9',
    compressionType: COMPRESSION_ZLIB,
    kernelReadable: true,
    checksum: true,
    reproducible: 'the bytes of stock zlib, as the original builder writes them',
    modules: { deflate: 'zlib', inflate: 'zlib' },
    makeDeflater: makeZlibDeflater,
    makeInflater: makeZlibInflater,
  },
  {
    name: 'zlib-fast',
    title: 'zlib streams by libdeflate level 6',
    compressionType: COMPRESSION_ZLIB,
    kernelReadable: true,
    checksum: true,
    reproducible: `the bytes of the package ${LIBDEFLATE_PACKAGE.name} ${LIBDEFLATE_PACKAGE.version}`,
    modules: { deflate: 'libdeflate', inflate: 'zlib' },
    makeDeflater: libdeflateFor('zlib-fast'),
    makeInflater: makeZlibInflater,
  },
  {
    name: 'zlib-small',
    title: 'zlib streams by libdeflate level 12',
    compressionType: COMPRESSION_ZLIB,
    kernelReadable: true,
    checksum: true,
    reproducible: `the bytes of the package ${LIBDEFLATE_PACKAGE.name} ${LIBDEFLATE_PACKAGE.version}`,
    modules: { deflate: 'libdeflate', inflate: 'zlib' },
    makeDeflater: libdeflateFor('zlib-small'),
    makeInflater: makeZlibInflater,
  },
  {
    name: 'lz4',
    title: 'LZ4 blocks, an extension of this project',
    compressionType: COMPRESSION_LZ4,
    kernelReadable: false,
    checksum: false,
    reproducible: 'the bytes of this version of the project',
    modules: { deflate: undefined, inflate: undefined },
    makeDeflater: createLz4Deflater,
    makeInflater: createLz4Inflater,
  },
] as const satisfies readonly Codec[];

/** Name of a codec. */
export type CodecName = (typeof CODECS)[number]['name'];

/** The codec used where none is named: the one that needs nothing. `mkfs.axfs` has another default. */
export const DEFAULT_CODEC: CodecName = 'zlib';

const BY_NAME: ReadonlyMap<string, Codec> = new Map(CODECS.map((codec) => [codec.name, codec]));

/** True for the name of a codec. */
export const isCodecName = (name: string): name is CodecName => BY_NAME.has(name);

/** The row of a name. */
export function codecOf(name: CodecName): Codec {
  const codec = BY_NAME.get(name);
  assert(codec !== undefined, () => `a codec has a row: ${name}`);
  return codec;
}

/**
 * Checks, before threads start, that they can make deflaters of this codec.
 *
 * @throws AxfsError EOPNOTSUPP when libdeflate is needed and missing.
 */
export function checkModules(name: CodecName, modules: CodecModules): void {
  if (codecOf(name).modules.deflate === 'libdeflate' && modules.libdeflate === undefined)
    throw missingLibdeflate(name);
}

/** A codec whose inflater expands the blocks of an image of this compression_type, if there is one. */
export const codecOfType = (compressionType: number): CodecName | undefined =>
  CODECS.find((codec) => codec.compressionType === compressionType)?.name;
